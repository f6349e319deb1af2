import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultPermission,
  isSamePermission,
  parsePermission,
  permissionBits,
  permissionOfBits,
  showPermission,
} from '../../../../src/filesystem/aufs/branch-permission.ts';

const shown = (text: string): string => showPermission(parsePermission(text));

describe('a branch permission', () => {
  test.each(['rw', 'ro', 'rr', 'ro+wh', 'rr+wh', 'rw+nolwh', 'rw+moo', 'rw+coo_all+nolwh', 'ro+icex+wh'])(
    '%s is shown as it was given',
    (text) => expect(shown(text)).toBe(text),
  );

  test.each([
    ['', 'ro'],
    ['wr', 'ro'],
    ['RW', 'ro'],
    ['xx+wh', 'ro'],
    ['ro+', 'ro'],
    ['ro+foo+wh', 'ro'],
    ['ro+wh+foo', 'ro+wh'],
    ['rw+wh', 'rw'],
    ['ro+moo+nolwh', 'ro'],
    ['rw+unpin', 'rw'],
    ['ro+wh+unpin', 'ro+wh'],
    ['rw+nolwh+moo', 'rw+moo+nolwh'],
    ['rw+moo+coo_reg', 'rw+coo_reg'],
    ['rw+coo_reg+coo_all', 'rw+coo_all'],
    ['rw+coo_all+moo', 'rw+moo'],
    ['ro+moo+coo_reg', 'ro+coo_reg'],
    ['ro+wh+icextr+icexsec', 'ro+icexsec+icextr+wh'],
    ['ro+icexsec+icexsys+icextr+icexusr+icexoth', 'ro+icex'],
    ['ro+icex+icexusr', 'ro+icex'],
  ])('%s is taken for %s', (text, taken) => expect(shown(text)).toBe(taken));

  test('tells who may hold whiteouts, and whether they are hard links', () => {
    const facts = ['rw', 'rw+nolwh', 'ro', 'ro+wh', 'rr', 'rr+wh'].map((text) => {
      const { access, whiteouts, linkWhiteouts } = parsePermission(text);
      return [text, access, whiteouts, linkWhiteouts];
    });
    expect(facts).toEqual([
      ['rw', 'rw', true, true],
      ['rw+nolwh', 'rw', true, false],
      ['ro', 'ro', false, false],
      ['ro+wh', 'ro', true, false],
      ['rr', 'rr', false, false],
      ['rr+wh', 'rr', true, false],
    ]);
  });

  test('is rw for the first branch of a writable union, ro for all others', () => {
    const defaults = [defaultPermission(0, false), defaultPermission(0, true), defaultPermission(1, false)];
    expect(defaults.map(showPermission)).toEqual(['rw', 'ro', 'ro']);
  });

  test('has the bits of the ioctls', () => {
    expect(['rw', 'ro', 'rr', 'ro+wh', 'rw+moo+nolwh'].map(parsePermission).map(permissionBits)).toEqual([
      1, 2, 4, 0x1002, 0x6001,
    ]);
  });

  test('survives being shown and being told by its bits, whatever was given', () => {
    const word = fc.constantFrom('coo_reg', 'coo_all', 'moo', 'nolwh', 'wh', 'fhsm', 'icex', 'icexsec', 'unpin', 'x');
    const text = fc
      .tuple(fc.constantFrom('rw', 'ro', 'rr', 'zz'), fc.array(word, { maxLength: 6 }))
      .map(([access, words]) => [access, ...words].join('+'));
    fc.assert(
      fc.property(text, (given) => {
        const taken = parsePermission(given);
        expect(parsePermission(showPermission(taken))).toEqual(taken);
        expect(permissionOfBits(permissionBits(taken))).toEqual(taken);
        expect(isSamePermission(taken, parsePermission(given))).toBe(true);
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});
