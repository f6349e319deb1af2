/** Every graph driver passes the suite. */
import { describe, expect, it } from 'vitest';
import { driverSuite } from '../../src/testing/driver/driver-suite.ts';
import { candidates } from './drivers.ts';

describe.each(candidates)('$name', ({ name: _, left, ...parts }) => {
  const cases = driverSuite(parts);

  it('leaves out what it has a reason for, and nothing else', () => {
    const skipped = cases.flatMap(({ name, skip }) => (skip === undefined ? [] : [[name, skip]]));
    expect(Object.fromEntries(skipped)).toEqual(left);
  });

  for (const { group, name, skip, run } of cases) if (skip === undefined) it(`${group}: ${name}`, run);
});
