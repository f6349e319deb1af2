/**
 * Our numbers of inodes in those of a recording. One inode of ours is always the same there; another one may get a
 * number again, because the numbers of removed files are given to new ones.
 */
export class InodeTranslation {
  readonly #recorded = new Map<number, number>();

  /** `got` with the numbers that stand at the same places of `want`, as far as they fit what was seen before. */
  translate(got: unknown, want: unknown): unknown {
    if (typeof got !== 'object' || got === null || typeof want !== 'object' || want === null) return got;
    if (Array.isArray(got)) return got;
    const made = { ...got } as Record<string, unknown>;
    for (const [key, value] of Object.entries(made)) {
      const other = (want as Record<string, unknown>)[key];
      made[key] = key === 'i' && typeof value === 'number' ? this.#of(value, other) : this.translate(value, other);
    }
    return made;
  }

  #of(ours: number, recorded: unknown): number | undefined {
    if (!this.#recorded.has(ours) && typeof recorded === 'number') this.#recorded.set(ours, recorded);
    return this.#recorded.get(ours);
  }
}
