/** Counts how faults went. */
export class Tally {
  points = 0;
  /** Actions that went on to their end although a call was refused. */
  passed = 0;
  /** Findings that are forgiven, by the reason. */
  readonly forgiven = new Map<string, number>();
  /** What is wrong, one sentence each. */
  readonly wrong: string[] = [];

  forgive(reason: string, times = 1): void {
    this.forgiven.set(reason, (this.forgiven.get(reason) ?? 0) + times);
  }

  add({ points, passed, forgiven, wrong }: Tally): void {
    this.points += points;
    this.passed += passed;
    for (const [reason, times] of forgiven) this.forgive(reason, times);
    this.wrong.push(...wrong);
  }

  toString(): string {
    const lenient = [...this.forgiven.values()].reduce((all, times) => all + times, 0);
    return `${this.passed} passed over, ${lenient} findings forgiven`;
  }
}
