/** Medians, geometric means, and how sure they are. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Two samples of one row, taken in the same rounds. */
export interface Paired {
  readonly base: readonly number[];
  readonly other: readonly number[];
}

export interface Bounded {
  readonly mean: number;
  /** 95 of 100 resamplings of the rounds stay below. */
  readonly bound: number;
}

const RESAMPLINGS = 2000;

/** How many times the base the other takes: the geometric mean over the rows of the ratio of medians. */
export function ratioOf(rows: readonly Paired[]): Bounded {
  const ratio = ({ base, other }: Paired): number => median(other) / median(base);
  const random = generator(1);
  const resampled = Array.from({ length: RESAMPLINGS }, () =>
    geometricMean(rows.map((row) => ratio(drawn(row, random)))),
  );
  resampled.sort((a, b) => a - b);
  return { mean: geometricMean(rows.map(ratio)), bound: resampled[Math.floor(RESAMPLINGS * 0.95)]! };
}

/** Rounds drawn with replacement, both sides of a round together. */
function drawn({ base, other }: Paired, random: () => number): Paired {
  const rounds = Array.from(base, () => Math.floor(random() * base.length));
  return { base: rounds.map((round) => base[round]!), other: rounds.map((round) => other[round]!) };
}

/** Always the same numbers, so that a report can be computed again. @see mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
