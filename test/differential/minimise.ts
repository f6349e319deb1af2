/** Makes a diverging sequence as small as it gets while it still diverges. */
import type { Divergence } from '../../src/testing/compare.ts';
import type { Sequence } from '../../src/testing/sequence.ts';

type Compare = (sequence: Sequence) => Divergence | undefined;

/** Leaves out parts of `list`, large ones first, as long as `fails` holds. */
function minimiseList<T>(list: readonly T[], fails: (shorter: readonly T[]) => boolean): readonly T[] {
  let kept = list;
  for (let size = Math.max(1, kept.length >> 1); ; size >>= 1) {
    for (let at = kept.length - size; at >= 0; at -= size) {
      const shorter = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (fails(shorter)) kept = shorter;
      at = Math.min(at, kept.length);
    }
    if (size <= 1) return kept;
  }
}

const plainMode = 0o755;

/** Simpler forms of one layer entry. */
function simplerEntries(sequence: Sequence): Sequence[] {
  return sequence.layers.flatMap((layer, at) =>
    layer.flatMap((entry, index) =>
      [
        { ...entry, xattrs: [] },
        { ...entry, mode: plainMode },
        { ...entry, uid: 0, gid: 0 },
        ...(entry.type === 'file' ? [{ ...entry, content: { letter: 'l', length: 1, hole: 0 } }] : []),
      ]
        .filter((simpler) => JSON.stringify(simpler) !== JSON.stringify(entry))
        .map((simpler) => ({ ...sequence, layers: sequence.layers.with(at, layer.with(index, simpler)) })),
    ),
  );
}

const withoutOption = (options: string, option: string): string =>
  options
    .split(',')
    .filter((one) => one !== option)
    .join(',');

/** The same on one tmpfs, as root, without layers of data, without each of the options. */
function simplerMounts(sequence: Sequence): Sequence[] {
  const { layout, caller, data, ...rest } = sequence;
  const options = sequence.options.split(',').filter((option) => option !== '');
  return [
    ...(layout && layout !== 'one' ? [{ ...sequence, layout: 'one' as const }] : []),
    ...(caller ? [{ ...rest, ...(layout && { layout }), ...(data && { data }) }] : []),
    ...(data && data.length > 0 ? [{ ...sequence, data: [] }] : []),
    ...options.map((option) => ({ ...sequence, options: withoutOption(sequence.options, option) })),
  ];
}

/** One round of every way to make the sequence smaller. */
function round(sequence: Sequence, fails: (candidate: Sequence) => boolean): Sequence {
  let best = sequence;
  const take = (candidate: Sequence): boolean => {
    const failed = fails(candidate);
    if (failed) best = candidate;
    return failed;
  };
  minimiseList(best.operations, (operations) => take({ ...best, operations }));
  if (best.upper !== undefined) {
    minimiseList(best.layers.slice(0, -1), (above) => take({ ...best, layers: [...above, best.layers.at(-1)!] }));
    minimiseList(best.upper, (upper) => take({ ...best, upper }));
    for (let again = true; again; ) again = simplerMounts(best).some(take);
  }
  for (const [at] of best.layers.entries()) {
    minimiseList(best.layers[at]!, (layer) => take({ ...best, layers: best.layers.with(at, layer) }));
  }
  for (const candidate of simplerEntries(best)) {
    // A candidate is made from the sequence before the last success, so it may only replace what it was made from.
    if (fails(candidate)) return candidate;
  }
  return best;
}

const ROUNDS = 60;

/** The smallest sequence that was found, and its divergence, beginning with `first`. Takes at most `seconds`. */
export function minimise(
  sequence: Sequence,
  first: Divergence,
  compare: Compare,
  seconds = 60,
): readonly [Sequence, Divergence] {
  let best = sequence;
  let divergence = first;
  const until = performance.now() + seconds * 1000;
  const fails = (candidate: Sequence): boolean => {
    const found = performance.now() > until ? undefined : compare(candidate);
    if (found === undefined) return false;
    [best, divergence] = [candidate, found];
    return true;
  };
  for (let count = 0; count < ROUNDS; count++) {
    const before = JSON.stringify(best);
    if (typeof divergence.at === 'number') fails({ ...best, operations: best.operations.slice(0, divergence.at + 1) });
    round(best, fails);
    if (JSON.stringify(best) === before) break;
  }
  return [best, divergence];
}
