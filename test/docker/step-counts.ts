/** Counts of what histories consisted of, and of what became of it. */
import type { Observation } from './course.ts';
import type { HistoryStep } from './history.ts';

export class StepCounts {
  readonly #counts = new Map<string, number>();
  readonly #aloud: boolean;
  #changes = 0;
  #refused = 0;
  #told = 0;

  constructor(aloud = false) {
    this.#aloud = aloud;
  }

  readonly add = (step: HistoryStep, observations: readonly Observation[]): void => {
    const failed = observations.some(({ what }) => what === 'failure');
    const outcome =
      observations.length === 0 ? `${step.step} (nothing there)` : failed ? `${step.step} (failed)` : step.step;
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    const results = observations.find(({ what }) => what === 'results')?.lines ?? [];
    this.#changes += results.length;
    this.#refused += results.filter((result) => result.startsWith('!')).length;
    this.#told += observations.find(({ what }) => what === 'changes')?.lines.length ?? 0;
    if (this.#aloud) console.log(`  ${outcome} ${results.join(' | ').slice(0, 300)}`);
  };

  print(): string {
    const steps = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([step, times]) => `${step} ${times}`);
    const refused = ((this.#refused / Math.max(1, this.#changes)) * 100).toFixed(0);
    return `${steps.join(', ')}; ${this.#changes} changes made, ${refused} % refused, ${this.#told} told by docker diff`;
  }
}
