/** Random histories of images and containers, as plain data that prints, replays and shrinks. */
import fc, { type Arbitrary } from 'fast-check';
import type { Timespec } from '../../src/abi/stat.ts';
import { operation } from '../../src/testing/draw.ts';
import { type Layer, overlayLayer, plainLayer } from '../../src/testing/layers.ts';
import { type OddArchive, oddArchive } from './odd-archive.ts';
import type { Operation } from '../../src/testing/operations.ts';
import { steer } from '../../src/testing/steer.ts';
import type { Change, Kind, Step } from './container-change.ts';
import type { Mounting } from './store.ts';

/** Where a base image comes from: a recorded archive, one of a drawn tree, or an odd one. */
export type Base = 'base-pax' | 'base-gnu' | Layer | OddArchive;

/**
 * A step of a history. Numbers pick among the images or containers that there are at that time, counted round; where there
 * is none, nothing happens.
 */
export type HistoryStep =
  | { step: 'import'; base: Base }
  | { step: 'load'; layers: readonly (Layer | OddArchive)[] }
  | { step: 'create'; image: number }
  | { step: 'work'; container: number; mounting: Mounting; time: number; changes: readonly Step[] }
  | { step: 'commit'; container: number }
  | { step: 'remove container'; container: number }
  | { step: 'remove image'; image: number }
  | { step: 'restart' };

export type History = readonly HistoryStep[];

/** The first container is worked in, mounted, at a time long past. */
export const work = (...changes: Step[]): HistoryStep => ({
  step: 'work',
  container: 0,
  mounting: 'mounted',
  time: 1_530_000_000,
  changes,
});

const nat = fc.nat(0xffff);
const letter = fc.constantFrom('x', 'y', 'z');
const length = fc.constantFrom(0, 1, 7, 100, 4096, 5000, 70_000);
const keepTime = fc.boolean();

/** Names whose order, length or bytes an archive may stumble over. */
const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'a-b', 'a.c', 'a0', 'A', '_', '~', '.hidden') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('é', '漢字', 'new\nline', ' lead trail ', 'dot.wh.mid', 'q"uo\\te', 'e\u0301'),
  },
  { weight: 2, arbitrary: fc.constantFrom('L'.repeat(99), 'L'.repeat(100), 'L'.repeat(101), 'N'.repeat(155)) },
  { weight: 1, arbitrary: fc.constantFrom('M'.repeat(255), '\udcff\udc80', 'é'.repeat(60)) },
);
const kind: Arbitrary<Kind> = fc.constantFrom(
  'file',
  'directory',
  'full directory',
  'symlink',
  'fifo',
  'socket',
  'character',
  'block',
  'sparse',
);
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o700, 0, 0o4755, 0o2755, 0o1777, 0o6711);
const owner = fc.constantFrom(0, 0, 1, 1000, 1001, 65_534, 2_097_151, 2_097_152, 3_000_000);
const time: Arbitrary<Timespec> = fc.constantFrom(
  { sec: 1_500_000_000, nsec: 0 },
  { sec: 1_500_000_000, nsec: 500_000_000 },
  { sec: 1_000_000_000, nsec: 123_456_789 },
  { sec: -5, nsec: 0 },
  { sec: 0, nsec: 0 },
);
const attribute = fc.constantFrom('user.a', 'user.b', 'trusted.x', 'security.capability', 'security.other');

type Of<D, C = Change> = C extends { do: infer K } ? (D extends K ? C : never) : never;

function of<D extends Change['do']>(
  verb: D,
  fields: { [F in keyof Omit<Of<D>, 'do'>]: Arbitrary<Of<D>[F]> },
): Arbitrary<Change> {
  return fc.record({ do: fc.constant(verb), ...fields }) as unknown as Arbitrary<Change>;
}

const change: Arbitrary<Change> = fc.oneof(
  { weight: 10, arbitrary: of('create', { in: nat, name, letter, length }) },
  { weight: 8, arbitrary: of('rewrite', { at: nat, letter, length, keepTime }) },
  { weight: 4, arbitrary: of('rewrite same', { at: nat, keepTime }) },
  { weight: 5, arbitrary: of('append', { at: nat, letter, length }) },
  { weight: 3, arbitrary: of('truncate', { at: nat, size: fc.constantFrom(0, 1, 5000) }) },
  { weight: 12, arbitrary: of('remove', { at: nat }) },
  { weight: 8, arbitrary: of('recreate', { at: nat, keepTime }) },
  { weight: 8, arbitrary: of('replace', { at: nat, by: kind }) },
  { weight: 10, arbitrary: of('make', { in: nat, name, kind }) },
  { weight: 2, arbitrary: of('deepen', { in: nat, name, depth: fc.constantFrom(1, 2, 4) }) },
  { weight: 7, arbitrary: of('link', { at: nat, in: nat, name }) },
  { weight: 9, arbitrary: of('rename', { at: nat, in: nat, name }) },
  { weight: 2, arbitrary: of('exchange', { at: nat, with: nat }) },
  { weight: 6, arbitrary: of('chmod', { at: nat, mode }) },
  { weight: 5, arbitrary: of('chown', { at: nat, uid: owner, gid: owner }) },
  { weight: 5, arbitrary: of('touch', { at: nat, time }) },
  {
    weight: 5,
    arbitrary: of('setxattr', { at: nat, name: attribute, value: fc.constantFrom('', 'v', 'v'.repeat(200)) }),
  },
  { weight: 2, arbitrary: of('removexattr', { at: nat, name: attribute }) },
);

/** System calls that change something, or hold a descriptor while something changes, and do the same on any disk. */
const only = [
  'open',
  'close',
  'write',
  'pwrite',
  'read',
  'chmod',
  'fchmod',
  'chown',
  'lchown',
  'fchown',
  'utimensat',
  'futimens',
  'mkdir',
  'rmdir',
  'unlink',
  'link',
  'linkSlot',
  'rename',
  'renameat2',
  'symlink',
  'setxattr',
  'fsetxattr',
  'removexattr',
];
/** A layer has all the zeros of a hole, so files do not grow beyond this. */
const FARTHEST = 70_000;
const near = (op: Operation): Operation =>
  'offset' in op && (op.offset ?? 0) > FARTHEST ? { ...op, offset: FARTHEST } : op;
const bareCall = fc.tuple(operation({ union: false, only, callers: 'root' }).map(near), fc.nat(0xfffff));

/** A batch of changes to a container whose image began as `layer`. */
const changes = (layer: Layer): Arbitrary<readonly Step[]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.array(change, { minLength: 1, maxLength: 14 }) },
    {
      weight: 1,
      arbitrary: fc
        .array(bareCall, { minLength: 5, maxLength: 30, size: 'max' })
        .map((drawn) => steer([layer], drawn, (call) => only.includes(call))),
    },
  );

/** Times that containers give to what they changed; that of the drawn trees among them. */
const settleTime = fc.constantFrom(1_510_000_000, 1_520_000_000, 1_000_000_000, 1_530_000_000);

const base: Arbitrary<Base> = fc.oneof(
  { weight: 5, arbitrary: plainLayer },
  { weight: 1, arbitrary: fc.constantFrom('base-pax' as const, 'base-gnu' as const) },
  { weight: 1, arbitrary: oddArchive },
);
const layerOf = (base: Base | undefined): Layer => (Array.isArray(base) ? (base as Layer) : []);
const layerAbove = fc.oneof({ weight: 3, arbitrary: overlayLayer }, { weight: 1, arbitrary: oddArchive });
const seldomStarted: Arbitrary<Mounting> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('mounted' as const) },
  { weight: 1, arbitrary: fc.constant('started' as const) },
);

const laterStep = (layer: Layer): Arbitrary<HistoryStep> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ step: fc.constant('create' as const), image: nat }) },
    {
      weight: 10,
      arbitrary: fc.record({
        step: fc.constant('work' as const),
        container: nat,
        mounting: seldomStarted,
        time: settleTime,
        changes: changes(layer),
      }),
    },
    { weight: 6, arbitrary: fc.record({ step: fc.constant('commit' as const), container: nat }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('remove container' as const), container: nat }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('remove image' as const), image: nat }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('import' as const), base }) },
    { weight: 1, arbitrary: fc.constant({ step: 'restart' as const }) },
  );

const beginning: Arbitrary<HistoryStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ step: fc.constant('import' as const), base }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(plainLayer, fc.array(layerAbove, { minLength: 1, maxLength: 3 }))
      .map(([lowest, above]) => ({ step: 'load' as const, layers: [lowest, ...above] })),
  },
);

const firstLayer = (step: HistoryStep): Layer =>
  step.step === 'load' ? layerOf(step.layers[0]) : layerOf(step.step === 'import' ? step.base : undefined);

const plain: HistoryStep = { step: 'import', base: [] };
const mayBeRefused = (step: HistoryStep): boolean => JSON.stringify(step).includes('"odd":');

/** A history that begins with an image and a container, and goes on for as many as `length` steps. */
export const history = (length: number): Arbitrary<History> =>
  beginning.chain((first) => {
    const layer = firstLayer(first);
    const work = fc.record({
      step: fc.constant('work' as const),
      container: nat,
      mounting: seldomStarted,
      time: settleTime,
      changes: changes(layer),
    });
    const rest = fc.array(laterStep(layer), { minLength: 3, maxLength: length, size: 'max' });
    return fc
      .tuple(work, rest)
      .map(([begun, more]) => [
        first,
        ...(mayBeRefused(first) ? [plain] : []),
        { step: 'create', image: 0 },
        begun,
        { step: 'commit', container: 0 },
        ...more,
      ]);
  });

/** History number `path` of a seed. */
export const historyAt = (seed: number, path: number, length: number): History =>
  fc.sample(history(length), { seed: seed + path, numRuns: 1 })[0]!;
