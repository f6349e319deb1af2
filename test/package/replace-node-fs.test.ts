/** Test runners put a union in the place of `node:fs`, so that code under test leaves the disk alone. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Consumer } from './consumer.ts';

/** The code under test: it knows nothing of the union. */
const application = `
import * as fs from 'node:fs';
import { readFile } from 'node:fs/promises';
export async function save(directory, text) {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(directory + '/saved', text + fs.readFileSync('/etc/suffix', 'utf8'));
  return readFile(directory + '/saved', 'utf8');
}
`;

const check = (directory: string): string => `
  const { save } = await import('./application.mjs');
  expect(await save('${directory}', 'text')).toBe('text!');
  expect(fs.readFileSync('${directory}/saved', 'utf8')).toBe('text!');`;

const underVitest = (directory: string): string => `
import * as fs from 'node:fs';
import { expect, it, vi } from 'vitest';
vi.mock('node:fs', async () => {
  const { tree, union } = await import('lowerdir');
  const { fs } = union([tree({ '/etc/suffix': '!' })]);
  return { ...fs, default: fs };
});
vi.mock('node:fs/promises', async () => {
  const { promises } = await import('node:fs');
  return { ...promises, default: promises };
});
it('saves into the union', async () => {${check(directory)}
});
`;

const underJest = (directory: string): string => `
import { jest } from '@jest/globals';
import { tree, union } from 'lowerdir';
const { fs } = union([tree({ '/etc/suffix': '!' })]);
jest.unstable_mockModule('node:fs', () => ({ ...fs, default: fs }));
jest.unstable_mockModule('node:fs/promises', () => ({ ...fs.promises, default: fs.promises }));
it('saves into the union', async () => {${check(directory)}
});
`;

let consumer: Consumer;
beforeAll(() => {
  consumer = new Consumer();
  for (const name of ['vitest', 'jest', '@jest/globals']) consumer.link(name);
}, 180_000);
afterAll(() => consumer?.remove());

const runners = [
  {
    name: 'vitest',
    test: 'vitest.test.mjs',
    text: underVitest,
    program: 'vitest/vitest.mjs',
    options: ['run', '--root=.', '--no-cache'],
    environment: {},
  },
  {
    name: 'jest',
    test: 'jest.test.mjs',
    text: underJest,
    program: 'jest/bin/jest.js',
    options: ['--rootDir=.', '--no-cache', '--config', '{"transform":{},"testMatch":["**/jest.test.mjs"]}'],
    environment: { NODE_OPTIONS: '--experimental-vm-modules' },
  },
];

it.each(runners)('under $name', { timeout: 60_000 }, ({ test, text, program, options, environment }) => {
  const directory = join(consumer.directory, 'files');
  consumer.write({ 'application.mjs': application, [test]: text(directory) });
  const { status, output } = consumer.tool(program, options, environment);
  expect(status, output).toBe(0);
  expect(output).toMatch(/1 passed/);
  expect(existsSync(directory)).toBe(false);
});
