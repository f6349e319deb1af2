/**
 * Faults at every traced door of commit, apply, and of unpacking a layer. The union above stays as it is, nothing stays
 * open, and a later try succeeds with the same digest.
 */
import * as realFs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { raise } from '../../../src/abi/errno.ts';
import { applyLayer } from '../../../src/archive/apply.ts';
import { createMachine, tree, union } from '../../../src/index.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { MachineStopped, type TraceEvent } from '../../../src/kernel/trace.ts';
import { treeOf } from './tree-of.ts';

const faults = ['ENOSPC', 'EIO', 'stop'] as const;
type Fault = (typeof faults)[number];

function changed() {
  const u = union([tree({ '/d/f': 'f', '/d/g': 'g', '/h': 'h' })], { seed: 1 });
  u.fs.writeFileSync('/d/f', 'changed');
  u.fs.unlinkSync('/h');
  u.fs.rmSync('/d/g');
  u.fs.mkdirSync('/new');
  u.fs.writeFileSync('/new/file', 'n'.repeat(5000));
  u.fs.linkSync('/new/file', '/new/name');
  u.fs.symlinkSync('file', '/new/soft');
  return u;
}

/** Lets the fault strike at the event of that number, until the answer is called. */
function strikeAt(kernel: Kernel, at: number, fault: Fault): { end(): void; readonly struck: TraceEvent | undefined } {
  let number = 0;
  let struck: TraceEvent | undefined;
  const end = kernel.trace.subscribe((event) => {
    if (number++ !== at) return;
    struck = event;
    if (fault === 'stop') throw new MachineStopped(event);
    raise(fault);
  });
  return {
    end,
    get struck() {
      return struck;
    },
  };
}

function eventsOf(kernel: Kernel, action: () => void): TraceEvent[] {
  const events: TraceEvent[] = [];
  const end = kernel.trace.subscribe((event) => events.push(event));
  action();
  end();
  return events;
}

const isFault = (error: unknown): boolean => {
  for (let at = error as { code?: string; cause?: unknown } | undefined; at !== undefined; at = at.cause as never) {
    if (at instanceof MachineStopped || at.code === 'ENOSPC' || at.code === 'EIO') return true;
  }
  return false;
};

let points = 0;
afterAll(() => console.log(`${points} faults in commit, apply and unpacking`));

describe('commit()', () => {
  const u = changed();
  const { kernel, task } = u.machine;
  const view = treeOf(u.fs);
  const { diffID } = u.commit();
  const events = eventsOf(kernel, () => u.commit());
  const openNow = () => [...kernel.tasks].flatMap(({ files }) => [...files.entries()]).length;

  test.each(faults)('%s', (fault) => {
    expect(events.length).toBeGreaterThan(50);
    for (const [at, event] of events.entries()) {
      if (event.kind === 'return') continue;
      points++;
      const before = openNow();
      const strike = strikeAt(kernel, at, fault);
      expect(() => u.commit()).toSatisfy((commit: () => void) => {
        try {
          commit();
          return false;
        } catch (error) {
          return isFault(error);
        } finally {
          strike.end();
        }
      });
      expect(strike.struck?.kind).toBe(event.kind);
      const isClose = event.kind === 'syscall' && event.call === 'close';
      if (fault !== 'stop' && !isClose) expect(openNow()).toBe(before);
    }
    expect(treeOf(u.fs)).toEqual(view);
    expect(u.commit().diffID).toBe(diffID);
    expect(u.machine.check()).toEqual([]);
    expect(task.getcwd()).toBe('/');
  });
});

describe('apply()', () => {
  let target: string;
  beforeAll(() => {
    target = realFs.mkdtempSync(join(tmpdir(), 'lowerdir-'));
    return () => realFs.rmSync(target, { recursive: true });
  });
  const fresh = (): void => {
    realFs.rmSync(target, { recursive: true, force: true });
    realFs.mkdirSync(join(target, 'd'), { recursive: true });
    for (const [name, content] of Object.entries({ 'd/f': 'f', 'd/g': 'g', h: 'h' })) {
      realFs.writeFileSync(join(target, name), content);
    }
  };

  test.each(faults)('%s', { timeout: 30_000 }, async (fault) => {
    const u = changed();
    const { kernel } = u.machine;
    const view = treeOf(u.fs);
    fresh();
    const events: TraceEvent[] = [];
    const end = kernel.trace.subscribe((event) => events.push(event));
    await u.apply(target);
    end();
    const contentsOf = () =>
      new Map(Object.entries(treeOf(realFs, target)).map(([path, line]) => [path, content(line)]));
    const after = contentsOf();
    fresh();
    const before = contentsOf();
    for (const [at, event] of events.entries()) {
      if (event.kind === 'return' || event.kind === 'lookup') continue;
      points++;
      fresh();
      const strike = strikeAt(kernel, at, fault);
      await expect(u.apply(target)).rejects.toSatisfy(isFault);
      strike.end();
      for (const [path, line] of contentsOf()) {
        expect([before.get(path), after.get(path)], `${path} at ${JSON.stringify(event)}`).toContain(line);
      }
    }
    expect(treeOf(u.fs)).toEqual(view);
    expect(u.machine.check()).toEqual([]);
    await u.apply(target);
    expect(contentsOf()).toEqual(after);
  });
});

/** What a file holds: each comes whole. */
const content = (line: string): string =>
  line
    .split(' ')
    .slice(3)
    .join(' ')
    .replace(/^\d+ ?/, '');

describe('unpacking a layer', () => {
  const tar = changed().commit().tar();
  const prepared = createMachine();
  prepared.task.mkdir('/layer');
  prepared.task.utimensat(-100, '/layer', { sec: 1, nsec: 1 }, { sec: 2, nsec: 2 });
  const unpack = (machine: typeof prepared): void => {
    applyLayer(machine.task, '/layer', tar, { form: 'overlay', breakout: 'contain' });
  };
  const counted = prepared.fork();
  const events = eventsOf(counted.kernel, () => unpack(counted));

  test.each(faults)('%s leaves an empty directory, or the whole layer', (fault) => {
    for (const [at, event] of events.entries()) {
      if (event.kind === 'return') continue;
      points++;
      const machine = prepared.fork();
      const strike = strikeAt(machine.kernel, at, fault);
      let failed = false;
      try {
        unpack(machine);
      } catch (error) {
        expect(error).toSatisfy(isFault);
        failed = true;
      } finally {
        strike.end();
      }
      if (fault === 'stop') {
        expect(machine.restart().check()).toEqual([]);
        continue;
      }
      expect(machine.check()).toEqual([]);
      const layer = treeOf(machine.fs, '/layer');
      if (!failed) expect(layer).toEqual(treeOf(counted.fs, '/layer'));
      else expect(Object.entries(layer), JSON.stringify(event)).toEqual([['/', expect.stringContaining(' 2000')]]);
    }
  });
});
