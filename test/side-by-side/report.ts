/** What a comparison of AUFS with overlayfs tells. */
import { printSequence } from '../differential/report.ts';
import type { Sequence } from '../../src/testing/sequence.ts';
import type { Difference, Outcome, Rule } from './compare.ts';

export function printDifference({ at, operation, of, aufs, overlay }: Difference): string {
  return [
    `differs at ${at} ${operation === undefined ? '' : JSON.stringify(operation)} (${of})`,
    ...aufs.map((line) => `  AUFS:      ${line}`),
    ...overlay.map((line) => `  overlayfs: ${line}`),
  ].join('\n');
}

export const printFailure = (sequence: Sequence, difference: Difference): string =>
  `${printSequence(sequence)}\n${printDifference(difference)}`;

/** Counts how sequences ended. */
export class Tally {
  sequences = 0;
  operations = 0;
  /** Sequences without any difference. */
  equal = 0;
  readonly #rules = new Map<Rule, number>();

  add({ operations, explained, unexplained }: Outcome): void {
    this.sequences++;
    this.operations += operations;
    if (explained.length === 0 && unexplained === undefined) this.equal++;
    for (const rule of explained) this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + 1);
  }

  of(rule: Rule): number {
    return this.#rules.get(rule) ?? 0;
  }

  print(): string {
    const rows = [...this.#rules].sort(([, a], [, b]) => b - a);
    return [
      ...rows.map(([rule, times]) => `${String(times).padStart(7)}  ${rule.name}${rule.goesOn ? '' : ' (ends)'}`),
      `${this.sequences} sequences, ${this.operations} operations, ${this.equal} without any difference`,
    ].join('\n');
  }
}
