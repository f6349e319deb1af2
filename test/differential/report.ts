/** What a fuzz run tells: a divergence in full, and counts of what was done. */
import type { Divergence } from '../../src/testing/compare.ts';
import type { Layer } from '../../src/testing/layers.ts';
import type { Operation } from '../../src/testing/operations.ts';
import type { Sequence } from '../../src/testing/sequence.ts';
import type { Result } from '../../src/testing/subject.ts';

const line = (value: unknown): string => JSON.stringify(value);

/** The sequence, one object a line. */
export function printSequence(sequence: Sequence): string {
  const layers: [string, Layer][] = sequence.layers.map((layer, at) => [`lower ${at}`, layer]);
  for (const [at, layer] of (sequence.data ?? []).entries()) layers.push([`data ${at}`, layer]);
  if (sequence.upper !== undefined) layers.push(['upper', sequence.upper]);
  return [
    `mount: layout=${sequence.layout ?? 'one'} atime=${sequence.atime.toString(16)} options=${line(sequence.options)}`,
    `caller: ${line(sequence.caller ?? 'root')}`,
    ...layers.flatMap(([name, layer]) => [`${name}:`, ...layer.map((entry) => `    ${line(entry)}`)]),
    'operations:',
    ...sequence.operations.map((operation, at) => `${String(at).padStart(4)} ${line(operation)}`),
  ].join('\n');
}

export function printDivergence(divergence: Divergence, names: readonly [string, string]): string {
  const where = divergence.operation === undefined ? divergence.at : `${divergence.at} ${line(divergence.operation)}`;
  return [
    `differs at ${where}`,
    ...divergence.differences.flatMap(([left, right]) => [`  ${names[0]}: ${left}`, `  ${names[1]}: ${right}`]),
  ].join('\n');
}

/** A program of its own that runs the sequence again: `npx tsx <file>` in the repository's root. */
export function printScript(sequence: Sequence, masks: readonly string[], dumpEach: boolean): string {
  return [
    `import { compareTasks } from './src/testing/compare.ts';`,
    `import { realSubject, simulatedSubjects } from './test/differential/subjects.ts';`,
    `import { printDivergence } from './test/differential/report.ts';`,
    `const sequence = ${JSON.stringify(sequence)};`,
    'const simulated = (await simulatedSubjects())();',
    `const options = { dumpEach: ${dumpEach}, masks: ${JSON.stringify(masks)} as never[] };`,
    'const divergence = compareTasks(realSubject(), simulated, sequence as never, options);',
    `console.log(divergence ? printDivergence(divergence, ['Linux', simulated.name]) : 'no difference');`,
  ].join('\n');
}

type Outcomes = Map<string, number>;

const sumOf = (rows: Iterable<Outcomes>): number => {
  let sum = 0;
  for (const row of rows) for (const count of row.values()) sum += count;
  return sum;
};
const successOf = (rows: readonly Outcomes[]): number =>
  rows.reduce((sum, row) => sum + (row.get('ok') ?? 0), 0) / Math.max(1, sumOf(rows));

function count(rows: Map<string, Outcomes>, name: string, outcome: string): void {
  const row = rows.get(name) ?? new Map<string, number>();
  rows.set(name, row.set(outcome, (row.get(outcome) ?? 0) + 1));
}

function printRow(row: Outcomes): string {
  const outcomes = [...row].sort(([, a], [, b]) => b - a).map(([outcome, times]) => `${outcome} ${times}`);
  return `${(successOf([row]) * 100).toFixed(0)} %`.padStart(5).concat('  ', outcomes.join('  '));
}

const sorted = <T>(rows: Map<string, T>): [string, T][] => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

/** Counts successes and errors of each call, and of each mount option. */
export class Counts {
  readonly #calls = new Map<string, Outcomes>();
  readonly #options = new Map<string, { sequences: number; outcomes: Outcomes }>();
  #current: readonly string[] = [];
  #sequences = 0;
  #begun = 0;
  #fresh = false;

  /** A sequence begins, whose union was refused when no operation follows. */
  begin(sequence: Sequence): void {
    const options = sequence.options.split(',').slice(1);
    this.#current = [
      `layout ${sequence.layout ?? 'one'}`,
      ...(options.length === 0 ? ['no option'] : options),
      ...(sequence.data?.length ? ['data layers'] : []),
    ];
    for (const name of this.#current) {
      const known = this.#options.get(name) ?? { sequences: 0, outcomes: new Map() };
      this.#options.set(name, { ...known, sequences: known.sequences + 1 });
    }
    this.#sequences++;
    this.#fresh = true;
  }

  add(operation: Operation, result: Result): void {
    if (this.#fresh) this.#begun++;
    this.#fresh = false;
    const outcome = 'ok' in result ? 'ok' : 'err' in result ? result.err : 'crash';
    count(this.#calls, operation.call, outcome);
    for (const name of this.#current) {
      const { outcomes } = this.#options.get(name)!;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  }

  get sequences(): number {
    return this.#sequences;
  }

  /** Sequences whose union could not be mounted. */
  get refused(): number {
    return this.#sequences - this.#begun;
  }

  /** The part of all operations that succeeded. */
  get success(): number {
    return successOf([...this.#calls.values()]);
  }

  print(): string {
    return sorted(this.#calls)
      .map(([call, row]) => `${call.padEnd(14)} ${printRow(row)}`)
      .join('\n');
  }

  /** For each option of the first mount, its sequences and what their operations led to. */
  printOptions(): string {
    const lines = sorted(this.#options).map(
      ([name, { sequences, outcomes }]) =>
        `${name.padEnd(20)} ${String(sequences).padStart(6)} sequences ${printRow(outcomes)}`,
    );
    return [...lines, `${this.refused} of ${this.#sequences} first mounts were refused`].join('\n');
  }
}
