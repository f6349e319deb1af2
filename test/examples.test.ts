/** The numbered examples print what lies beside them: `examples/01-name.ts` prints `examples/01-name.txt`. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const examples = readdirSync(join(root, 'examples')).filter((name) => /^\d\d-.+\.ts$/.test(name));

it('there are examples', () => expect(examples).not.toEqual([]));

it.each(examples)('%s', { timeout: 60_000 }, (name) => {
  const output = execFileSync(process.execPath, ['--import', 'tsx', join('examples', name)], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(output).toBe(readFileSync(join(root, 'examples', name.replace(/\.ts$/, '.txt')), 'utf8'));
});
