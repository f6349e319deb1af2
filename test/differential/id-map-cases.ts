/** What is written to the maps of a user namespace by the root of the one around it: see id-maps.test.ts. */

/** A file of /proc/<pid>, and what is written to it; without text it is read. */
export type MapStep = readonly [file: 'uid_map' | 'gid_map' | 'setgroups', text?: string];

const many = (count: number): string => Array.from({ length: count }, (_, i) => `${i * 2} ${i * 2} 1\n`).join('');

const uid = (...texts: string[]): MapStep[] => [...texts.map((text): MapStep => ['uid_map', text]), ['uid_map']];

export const cases: Readonly<Record<string, readonly MapStep[]>> = {
  'one line': uid('0 1000 1\n', '0 1000 1\n'),
  'without a newline': uid('0 1000 1'),
  'several lines': uid('0 1000 1\n1 100000 65536\n70000 5 1'),
  nothing: uid('\n', '0 0 1'),
  'a blank line at the end': uid('0 1000 1\n\n'),
  'blanks of all kinds': uid('  \t0\t 1000 \v1  \n'),
  'octal and hexadecimal numbers': uid('010 0x10 0X2'),
  'numbers that end in letters': uid('0 0 1x', '0x 0 1', '0 0 1 1', '0 0', '0', 'a 0 1', '0,0,1', '-1 0 1'),
  'numbers that are too large': uid(
    '4294967295 0 1',
    '0 4294967295 1',
    '0 0 4294967296',
    '4294967294 0 2',
    '0 0 4294967295',
  ),
  'the last numbers': uid('4294967294 4294967294 1'),
  'more than the last number': uid('4294967290 0 6', '4294967290 0 5'),
  'no ids': uid('0 0 0'),
  'extents that overlap': uid('0 0 10\n9 20 1', '0 0 10\n10 9 1', '0 0 10\n10 10 1'),
  'many lines': uid(many(341), many(340)),
  'five lines': uid(many(5)),
  'six lines': uid(many(6)),
  'more than a page': uid(`0 0 1${' '.repeat(4090)}`, `0 0 1${' '.repeat(4089)}`),
  groups: [
    ['gid_map'],
    ['setgroups'],
    ['gid_map', '0 1000 1'],
    ['gid_map'],
    ['setgroups', 'deny'],
    ['setgroups', 'allow'],
    ['setgroups'],
  ],
  setgroups: [
    ['setgroups', 'maybe'],
    ['setgroups', 'denyx'],
    ['setgroups', 'deny x'],
    ['setgroups', 'deny    '],
    ['setgroups', 'allow\n'],
    ['setgroups', 'deny \n'],
    ['setgroups'],
    ['setgroups', 'allow'],
    ['gid_map', '0 1000 2'],
    ['setgroups'],
    ['gid_map'],
  ],
};
