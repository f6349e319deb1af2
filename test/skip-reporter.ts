/**
 * A reporter that holds the last word of a run: `N passed, N failed`. With `CI=true` a test that was skipped counts as
 * failed, because what was not looked at was not found right.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** What a run came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** Counts tests; a file that could not be loaded and a suite whose hook failed count as one test that failed each. */
export function tally(modules: readonly TestModule[], unhandled: number): Tally {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const broken = suites.filter((suite) => suite.state() === 'failed' && suite.errors().length > 0);
  const skipped = [...inState('skipped'), ...inState('pending')].map(nameOf);
  return { passed: inState('passed').length, failed: inState('failed').length + broken.length + unhandled, skipped };
}

function nameOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' && result.note !== undefined ? `: ${result.note}` : '';
  return `${test.module.relativeModuleId} > ${test.fullName}${note}`;
}

/** The tally as it is judged: in CI a skip is a failure. */
export function verdict({ passed, failed, skipped }: Tally, strict: boolean): { passed: number; failed: number } {
  return { passed, failed: failed + (strict ? skipped.length : 0) };
}

export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counted = tally(modules, unhandledErrors.length);
    const strict = process.env.CI === 'true';
    const { passed, failed } = verdict(counted, strict);
    for (const name of counted.skipped) console.log(`${strict ? 'SKIPPED, a failure in CI' : 'skipped'}: ${name}`);
    if (strict && counted.skipped.length > 0) process.exitCode = 1;
    console.log(`${passed} passed, ${failed} failed`);
  }
}
