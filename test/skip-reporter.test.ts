/** The reporter's last line, on a run of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '..');
const directory = mkdtempSync(join(tmpdir(), 'lowerdir-reporter-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs vitest on one file of that text; answers the exit status and what was printed. */
function run(text: string, ci: string): { status: number | null; last: string; output: string } {
  writeFileSync(join(directory, 'one.test.js'), text);
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
  const reporter = join(repository, 'test/skip-reporter.ts');
  const { status, stdout } = spawnSync(
    process.execPath,
    [vitest, 'run', '--globals', `--root=${directory}`, `--reporter=${reporter}`],
    { encoding: 'utf8', env: { ...process.env, CI: ci } },
  );
  const lines = stdout.trimEnd().split('\n');
  return { status, last: lines.at(-1)!, output: stdout };
}

it('counts', () => {
  const { status, last } = run(`it('a', () => {}); it('b', () => {}); it('c', () => { throw new Error() });`, 'true');
  expect([status, last]).toEqual([1, '2 passed, 1 failed']);
});

it('takes a skip for a failure in CI and only there, and tells its reason', () => {
  const text = `it('a', () => {}); it('b', (test) => test.skip('needs root'));`;
  const strict = run(text, 'true');
  expect([strict.status, strict.last]).toEqual([1, '1 passed, 1 failed']);
  expect(strict.output).toContain('one.test.js > b: needs root');
  const lenient = run(text, '');
  expect([lenient.status, lenient.last]).toEqual([0, '1 passed, 0 failed']);
});

it('takes a file that does not load and a hook that fails for failures', () => {
  expect(run(`throw new Error();`, 'true').last).toBe('0 passed, 1 failed');
  const hook = run(`describe('s', () => { beforeAll(() => { throw new Error() }); it('a', () => {}); });`, '');
  expect([hook.status, hook.last]).toEqual([1, '0 passed, 1 failed']);
});
