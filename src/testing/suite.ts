/** What a suite is to any test runner: named cases that run, or tell why they do not apply. */

/** One case of a suite. */
export interface SuiteCase {
  /** What the case belongs to: `layers`. */
  readonly group: string;
  /** What must hold, unique in the suite. */
  readonly name: string;
  /** Why the case does not apply to what is tested; such a case must not be run. */
  readonly skip?: string;
  /** Runs the case on a machine of its own. @throws AssertionFailure where something is not as it must be */
  run(): void;
}

/** What a runner offers under these names: vitest, jest, mocha and node:test all do. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  readonly it: {
    (name: string, body: () => void): unknown;
    skip(name: string, body: () => void): unknown;
  };
}

/**
 * Hands the cases to a test runner, one `describe` for each group. A case that does not apply is skipped, with its
 * reason behind its name.
 *
 * @example
 * ```ts
 * import { runSuite } from 'lowerdir/testing';
 * const told: string[] = [];
 * const it = Object.assign((name: string, body: () => void) => { body(); told.push(name); }, {
 *   skip: (name: string) => told.push(name),
 * });
 * const describe = (_: string, body: () => void) => body();
 * runSuite([
 *   { group: 'a', name: 'one', run() {} },
 *   { group: 'a', name: 'two', skip: 'no quota', run() {} },
 * ], { describe, it });
 * told; // => ['one', 'two (no quota)']
 * ```
 */
export function runSuite(cases: readonly SuiteCase[], { describe, it }: Runner): void {
  for (const group of new Set(cases.map((each) => each.group))) {
    describe(group, () => {
      for (const { name, skip, run } of cases.filter((each) => each.group === group)) {
        if (skip === undefined) it(name, () => run());
        else it.skip(`${name} (${skip})`, () => {});
      }
    });
  }
}
