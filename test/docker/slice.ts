/**
 * The part of the differential runs with dockerd that every `npm test` repeats: a few random histories, and those that
 * were different once. What is compared is told in course.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printDivergence, printHistory } from './compare.ts';
import { type DriverName, driverNames, whyNoDocker } from './dockerd.ts';
import { type History, historyAt } from './history.ts';
import { regressions } from './regressions.ts';
import { Rivals } from './rivals.ts';

const SEED = 4;
const STEPS = 10;
/** Fewer where trees are compared: each commit waits there for the next second. */
const PATHS: { readonly [driver in DriverName]: readonly number[] } = {
  overlay2: [0, 1, 2, 3],
  overlay: [0, 2],
  vfs: [0, 2],
};
const TIMEOUT = 120_000;

/** Fails with the history and the difference where there is one. */
async function expectSame(rivals: Rivals, history: History): Promise<void> {
  const found = await rivals.compare(history);
  if (found === undefined) return;
  expect.fail(`${printHistory(history)}\n${printDivergence(found, ['dockerd', 'lowerdir'])}`);
}

/** Tests with a dockerd of that driver: skipped where there is none, and failed in CI, where there must be one. */
export function describeHistories(driver: DriverName, more: (rivals: () => Rivals) => void = () => {}): void {
  const reason = whyNoDocker();
  if (reason !== undefined && process.env['CI'] !== 'true') {
    test.skip(`histories on a real dockerd (${reason})`, () => {});
    return;
  }
  describe(driver, () => {
    let rivals: Rivals;
    beforeAll(async () => {
      expect(reason).toBe(undefined);
      rivals = await Rivals.start(driver, 'tmpfs');
    }, TIMEOUT);
    afterAll(() => rivals?.stop(), TIMEOUT);

    test.each(PATHS[driver])(
      `random history --seed ${SEED} --path %i --steps ${STEPS}`,
      (path) => expectSame(rivals, historyAt(SEED, path, STEPS)),
      TIMEOUT,
    );
    for (const { name, drivers = driverNames, history } of regressions) {
      if (drivers.includes(driver)) test(name, () => expectSame(rivals, history), TIMEOUT);
    }
    more(() => rivals);
  });
}
