/** What a comparison of AUFS with overlayfs tells. */
import { printSequence } from '../differential/report.ts';
import type { Sequence } from '../../src/testing/sequence.ts';
import type { Difference, Outcome, Rule } from './compare.ts';

function printPlace({ at, operation }: Difference): string {
  return `differs at ${at} ${operation === undefined ? '' : JSON.stringify(operation)}`;
}

const printLines = ({ path, aufs, overlay }: Difference): string[] => [
  ...(path === undefined ? [] : [`  ${path === '' ? '.' : path}`]),
  ...aufs.map((line) => `    AUFS:      ${line}`),
  ...overlay.map((line) => `    overlayfs: ${line}`),
];

/** A sequence, and what is different at one place in its course. */
export const printFailure = (sequence: Sequence, differences: readonly Difference[]): string =>
  [printSequence(sequence), printPlace(differences[0]!), ...differences.flatMap(printLines)].join('\n');

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

  print(): string {
    const rows = [...this.#rules].sort(([, a], [, b]) => b - a);
    return [
      ...rows.map(([rule, times]) => `${String(times).padStart(7)}  ${rule.name}${rule.goesOn ? '' : ' (ends)'}`),
      `${this.sequences} sequences, ${this.operations} operations, ${this.equal} without any difference`,
    ].join('\n');
  }
}
