/** Names lie as on ext4 without an index; the model was compared with the real one by random changes. */
import { expect, it } from 'vitest';
import { LinearDirectory } from './union/linear-directory.ts';

/** What a listing tells after each of these states. */
function listed(...states: string[][]): string[] {
  const directory = new LinearDirectory();
  for (const names of states) directory.follow(new Set(names));
  return directory.entries().map(([name]) => name);
}

it('names come in the order in which they were made', () => {
  expect(listed(['b'], ['b', 'a'], ['b', 'a', 'c'])).toEqual(['b', 'a', 'c']);
});

it('a name that fits takes the place of a removed one', () => {
  expect(listed(['b', 'a', 'c'], ['b', 'c'], ['b', 'c', 'new'])).toEqual(['b', 'new', 'c']);
});

it('a name that does not fit goes behind', () => {
  expect(listed(['b', 'a', 'c'], ['b', 'c'], ['b', 'c', 'longer'])).toEqual(['b', 'c', 'longer']);
});

it('a rename makes the new name before it removes the old one', () => {
  expect(listed(['a', 'b'], ['b', 'c'])).toEqual(['b', 'c']);
});

it('no name crosses the end of a block', () => {
  const long = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(200));
  expect(listed([...long.slice(0, 4), 's'.repeat(160)], [...long.slice(0, 4), 's'.repeat(160), 'a'])).toEqual([
    ...long.slice(0, 4),
    'a',
    's'.repeat(160),
  ]);
});
