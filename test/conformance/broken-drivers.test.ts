/** The suite finds what is wrong with drivers that are wrong in one thing. */
import { describe, expect, it } from 'vitest';
import { driverSuite } from '../../src/testing/driver/driver-suite.ts';
import type { SuiteCase } from '../../src/testing/suite.ts';
import { brokenDrivers } from './broken-drivers.ts';

/** Whether the case fails. */
function fails({ run }: SuiteCase): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

it('there are at least twenty of them, each of another kind', () => {
  expect(new Set(brokenDrivers.map(({ breaks }) => breaks)).size).toBe(brokenDrivers.length);
  expect(brokenDrivers.length).toBeGreaterThanOrEqual(20);
});

describe('the suite finds', () => {
  it.each(brokenDrivers)('$breaks', ({ driver, foundBy }) => {
    const cases = driverSuite({ driver });
    const found = cases.find(({ name }) => name === foundBy);
    expect(found?.skip, 'the case is there and applies').toBeUndefined();
    expect(found && fails(found), foundBy).toBe(true);
  });
});
