/** Whether each fault can still be planted; `npm run faults` looks whether it is found. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { plantedFaults } from './planted-faults.ts';

const root = resolve(import.meta.dirname, '../..');

test.each(plantedFaults)('$name', ({ file, find, replace }) => {
  const source = readFileSync(resolve(root, file), 'utf8');
  expect(source.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});
