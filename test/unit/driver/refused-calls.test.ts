/** Each system call of each step of a driver is refused once: what is left is whole, and the step works afterwards. */
import { describe, expect, test } from 'vitest';
import { type ErrnoCode, ErrnoException, raise } from '../../../src/abi/errno.ts';
import { applyArchive, type Driver, type DriverType } from '../../../src/driver/driver.ts';
import { aufs } from '../../../src/driver/aufs/index.ts';
import { overlay } from '../../../src/driver/overlay/index.ts';
import { vfs } from '../../../src/driver/vfs/index.ts';
import { createMachine } from '../../../src/index.ts';
import { linesOf } from './tree-lines.ts';

type Fs = ReturnType<typeof createMachine>['fs'];

/** A driver with an image, an init layer, and a tar of changes to the image. */
function prepare(type: DriverType) {
  const { task, fs, kernel } = createMachine({ drivers: [type] });
  for (const path of ['/var/lib/docker', '/proc']) fs.mkdirSync(path, { recursive: true });
  if (!fs.existsSync('/proc/self')) task.mount('proc', '/proc', 'proc');
  const driver = type.init({ task, home: `/var/lib/docker/${type.name}` });
  driver.create('base');
  fs.mkdirSync(`${driver.get('base')}/d`);
  fs.writeFileSync(`${driver.get('base')}/d/f`, 'below');
  fs.symlinkSync('f', `${driver.get('base')}/d/s`);
  driver.put('base');
  driver.createReadWrite('init', 'base');
  fs.writeFileSync(`${driver.get('init')}/d/f`, 'init');
  driver.put('init');
  const tar = Buffer.concat([...driver.diff('init', 'base')]);
  return { task, fs, kernel, driver, tar };
}

type Prepared = ReturnType<typeof prepare>;

interface Step {
  readonly name: string;
  before?(prepared: Prepared): void;
  run(prepared: Prepared): void;
  /** What the step made is not there. */
  readonly absent?: string;
}

const steps: readonly Step[] = [
  { name: 'create of a base', run: ({ driver }) => driver.create('x'), absent: 'x' },
  { name: 'create over an image', run: ({ driver }) => driver.create('x', 'base'), absent: 'x' },
  { name: 'create over an init layer', run: ({ driver }) => driver.createReadWrite('x', 'init'), absent: 'x' },
  {
    name: 'applyDiff',
    before: ({ driver }) => driver.create('x', 'base'),
    run: ({ driver, tar }) => applyArchive(driver, 'x', 'base', tar),
  },
  { name: 'get', run: ({ driver }) => void driver.get('init') },
  { name: 'put', before: ({ driver }) => void driver.get('init'), run: ({ driver }) => driver.put('init') },
  { name: 'remove', run: ({ driver }) => driver.remove('init') },
  { name: 'diff', run: ({ driver }) => void [...driver.diff('init', 'base')] },
  { name: 'changes', run: ({ driver }) => void driver.changes('init', 'base') },
];

/** A descriptor is gone and a task has ended whatever these answer. */
const NEVER_REFUSED = new Set(['close', 'exit']);

/** Refuses the call of that number; answers which that was, if it came to it, and what was thrown. */
function runRefused(prepared: Prepared, step: Step, number: number, code: ErrnoCode) {
  let calls = 0;
  let refused: string | undefined;
  const stop = prepared.kernel.trace.subscribe((event) => {
    if (event.kind !== 'syscall' || NEVER_REFUSED.has(event.call)) return;
    if (++calls !== number) return;
    refused = event.call;
    raise(code);
  });
  let thrown: unknown;
  try {
    step.run(prepared);
  } catch (error) {
    thrown = error;
  } finally {
    stop();
  }
  return { refused, thrown };
}

const overlays = (fs: Fs): string[] =>
  (fs.readFileSync('/proc/mounts', 'utf8') as string).split('\n').filter((line) => /^(overlay|none) /.test(line));

/** Descriptors are given out lowest first. */
function lowestDescriptor({ task }: Prepared): number {
  const fd = task.open('/', 0);
  task.close(fd);
  return fd;
}

const shown = (driver: Driver, { task }: Prepared, id: string) => {
  const lines = linesOf(task, driver.get(id)).map(({ path, mode, content }) => `${mode} ${path} ${content}`);
  driver.put(id);
  return lines;
};

describe.each([vfs(), overlay(), aufs()])('$name', (type) => {
  test.each(steps)('$name', (step) => {
    let refusals = 0;
    for (let number = 1; ; number++) {
      const prepared = prepare(type);
      step.before?.(prepared);
      const base = shown(prepared.driver, prepared, 'base');
      const descriptor = lowestDescriptor(prepared);
      const { refused, thrown } = runRefused(prepared, step, number, number % 2 === 0 ? 'EIO' : 'ENOSPC');
      if (refused === undefined) break;
      if (thrown !== undefined) refusals++;
      check(prepared, step, { refused, thrown }, base);
      expect(lowestDescriptor(prepared)).toBe(descriptor);
    }
    expect(refusals).toBeGreaterThan(type.name === 'vfs' && ['get', 'put'].includes(step.name) ? -1 : 0);
  });
});

function check(
  prepared: Prepared,
  step: Step,
  { refused, thrown }: { refused: string; thrown: unknown },
  base: readonly string[],
): void {
  const { driver, fs } = prepared;
  if (thrown === undefined) return;
  expect(causes(thrown)).toContainEqual(expect.any(ErrnoException));
  if (step.absent !== undefined) expect(driver.exists(step.absent)).toBe(false);
  // what could not be unmounted stays for another try
  if (refused === 'umount') driver.put('init');
  if (step.name !== 'put') expect(overlays(fs)).toEqual([]);
  expect(shown(driver, prepared, 'base')).toEqual(base);
  step.run(prepared);
}

function causes(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}
