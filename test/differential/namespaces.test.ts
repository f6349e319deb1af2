/** User namespaces: each case is put to the real kernel and to ours, and all answers must be the same. */
import { expect } from 'vitest';
import { cases as idCases } from './namespace-cases.ts';
import { answersOfLinux, answersOfMachine } from './namespace-jail.ts';
import { cases as overlayCases } from './namespace-overlay-cases.ts';
import { oracleTest } from './slice.ts';

const cases = { ...idCases, ...overlayCases };
let linux: Promise<string[][]> | undefined;

for (const [i, [name, each]] of Object.entries(cases).entries()) {
  oracleTest(name, async () => {
    linux ??= answersOfLinux(Object.values(cases));
    expect(answersOfMachine(each)).toEqual((await linux)[i]);
  });
}
