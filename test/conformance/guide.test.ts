/** The guide shows the driver that runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
const driver = read('examples/copy-driver.ts');

it('as it stands in the examples', () => {
  expect(read('docs/guide/08-writing-a-driver.md')).toContain(`\`\`\`ts\n${driver}\`\`\``);
});

it('in a hundred lines, not counting what is empty or says what follows', () => {
  const lines = driver.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('/**'));
  expect(lines.length).toBeLessThanOrEqual(100);
});
