/** Times one row on all subjects: in each round every subject has its turn, so that what disturbs disturbs all. */
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Row } from './rows/row.ts';
import { type Counts, label, type Mounted, type Subject } from './subjects/subject.ts';
import type { Layout } from './tree.ts';

export interface Settings {
  readonly rounds: number;
  /** How long one turn should take, in milliseconds. */
  readonly turn: number;
  /** How long a subject may take to get warm, in milliseconds. */
  readonly warming: number;
}

/** Nanoseconds per operation, one number for each round; or why there are none. */
export interface Sample {
  readonly subject: Subject;
  readonly nanoseconds: number[];
  failure?: string;
  /** Per operation, inside the machine. */
  counts?: Counts;
}

interface Turn extends Sample {
  readonly place: Mounted;
  count: number;
  repeats: number;
  /** One operation takes so long that few rounds must do. */
  slow: boolean;
}

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as (options?: { type: 'minor' }) => void;

/** Whether the subject can take part in the row. */
function takesPart(row: Row, { lowers, name, lacks }: Subject): boolean {
  if (row.layered && lowers === 0 && name !== 'zenfs cow') return false;
  return !row.calls.some((call) => lacks?.includes(call));
}

/** Each operation on names that were looked up before. */
export async function measureWarm(
  row: Row,
  layout: Layout,
  subjects: readonly Subject[],
  settings: Settings,
): Promise<Sample[]> {
  const batch = (turn: Turn): number => warmBatch(row, turn);
  return measure(row, layout, subjects, settings, batch, (turn) => calibrate(row, turn, settings, batch));
}

/** Each name once on a fresh mount. */
export async function measureCold(
  row: Row,
  layout: Layout,
  subjects: readonly Subject[],
  settings: Settings,
): Promise<Sample[]> {
  const batch = (turn: Turn): number => {
    turn.place.reset();
    return timed(row, turn);
  };
  return measure(row, layout, subjects, settings, batch, (turn) => {
    turn.count = row.name.startsWith('readdir') ? 1 : 64;
    turn.repeats = row.name.startsWith('readdir') ? 3 : 2;
    for (let i = 0; i < 3; i++) batch(turn);
  });
}

async function measure(
  row: Row,
  layout: Layout,
  subjects: readonly Subject[],
  settings: Settings,
  batch: (turn: Turn) => number,
  start: (turn: Turn) => void,
): Promise<Sample[]> {
  const turns: Turn[] = [];
  for (const subject of subjects.filter((each) => takesPart(row, each))) {
    const place = await subject.mount(row.stack({ lowers: Math.max(1, subject.lowers), layout }));
    turns.push({ subject, place, nanoseconds: [], count: 1, repeats: 1, slow: false });
  }
  for (const turn of turns) attempt(turn, () => start(turn));
  for (let round = 0; round < settings.rounds; round++) {
    for (const turn of rotated(turns, round)) {
      if (turn.slow && round >= SLOW_ROUNDS) continue;
      attempt(turn, () => turn.nanoseconds.push(average(turn, batch)));
    }
  }
  for (const turn of turns) attempt(turn, () => countOperations(row, turn));
  for (const { place } of turns) place.close();
  return turns;
}

/** Who takes longer than this for one operation, in nanoseconds, has only so many rounds. */
const SLOW = 50_000_000;
const SLOW_ROUNDS = 2;

function average(turn: Turn, batch: (turn: Turn) => number): number {
  let total = 0;
  for (let i = 0; i < turn.repeats; i++) total += batch(turn);
  return total / turn.repeats / turn.count;
}

/** A subject that does the wrong thing is not timed any further. */
function attempt(turn: Turn, work: () => void): void {
  if (turn.failure !== undefined) return;
  try {
    turn.place.enter?.();
    work();
  } catch (error) {
    turn.failure = `${label(turn.subject)}: ${(error as Error).message}`;
  }
}

const rotated = (turns: readonly Turn[], by: number): Turn[] =>
  turns.map((_, index) => turns[(index + by) % turns.length]!);

function warmBatch(row: Row, turn: Turn): number {
  if (row.fresh) turn.place.reset();
  row.prepare?.(turn.place, turn.count);
  const nanoseconds = timed(row, turn);
  row.check?.(turn.place, turn.count);
  return nanoseconds;
}

/** Garbage of the others is taken away first. */
function timed(row: Row, { place, count }: Turn): number {
  collect({ type: 'minor' });
  const start = process.hrtime.bigint();
  const sum = row.run(place, count);
  const end = process.hrtime.bigint();
  if (sum !== row.expected(count)) throw new Error(`${row.name} gave ${sum} instead of ${row.expected(count)}`);
  return Number(end - start);
}

/** A subject runs before it is timed until it gets no faster: the engine compiles meanwhile. In nanoseconds. */
const WARM_LEAST = 20_000_000;
/** As many batches in a row without a new best mean that it is warm. */
const STEADY = 6;

/** Finds how many operations fill a turn, which also warms up. */
function calibrate(row: Row, turn: Turn, { turn: wanted, warming }: Settings, batch: (turn: Turn) => number): void {
  const limit = row.limit ?? 65536;
  let [best, steady, spent] = [Number.POSITIVE_INFINITY, 0, 0];
  const started = process.hrtime.bigint();
  while (spent < warming * 1e6 && (spent < WARM_LEAST || steady < STEADY)) {
    const perOperation = batch(turn) / turn.count;
    steady = perOperation < best * 0.95 ? 0 : steady + 1;
    best = Math.min(best, perOperation);
    const fitting = Math.max(1, Math.round((wanted * 1e6) / best));
    turn.count = Math.min(limit, fitting, turn.count * 16);
    turn.repeats = row.fresh ? Math.min(4, Math.max(1, Math.round(fitting / turn.count))) : 1;
    spent = Number(process.hrtime.bigint() - started);
  }
  turn.slow = best > SLOW;
}

function countOperations(row: Row, turn: Turn): void {
  const { place } = turn;
  if (place.count === undefined) return;
  const count = Math.min(turn.count, 16);
  if (row.fresh) place.reset();
  row.prepare?.(place, count);
  const stop = place.count();
  row.run(place, count);
  const counts = stop();
  for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] /= count;
  turn.counts = counts;
}
