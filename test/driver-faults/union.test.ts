/**
 * Faults at doors of commit and discard of a union on a graph driver: after a refusal the union goes on as it was, or as
 * it is after the discard, and a stop leaves a store that is sound once it was swept.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { tree, union } from '../../src/index.ts';
import type { DriverType } from '../../src/driver/driver.ts';
import type { IFs } from '../../src/fs/ifs.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { treeOf } from '../unit/union/tree-of.ts';
import { drivers, restarted, standing, startDaemon } from './daemon.ts';
import { openIn } from './disk.ts';
import { eventsOf, faults, isFault, shareOf, strike, targetsOf } from './strike.ts';

const MTIME = 1_600_000_000;

function changed(driver: DriverType) {
  const base = tree({ '/d/f': { content: 'f', mtime: MTIME }, '/d/g': 'g', '/h': { content: 'h', mtime: MTIME } });
  const u = union([base], { driver, seed: 1, clock: standing });
  u.fs.writeFileSync('/d/f', 'changed');
  u.fs.unlinkSync('/h');
  u.fs.mkdirSync('/new');
  u.fs.writeFileSync('/new/file', 'n'.repeat(5000));
  u.fs.linkSync('/new/file', '/new/name');
  return u;
}

/** Every door takes a minute; a prime lets each kind of event have its turn. */
const share = { every: Number(process.env['FAULT_STRIDE'] ?? 37), first: 0 };
let points = 0;

/** Linux mounts an overlay read-only, and tells no error, where it cannot make its work directory: ovl_make_workdir(). */
function writeUnlessReadOnly(fs: IFs): void {
  try {
    fs.writeFileSync('/again', 'again');
  } catch (error) {
    if ((error as { code?: string }).code !== 'EROFS') throw error;
  }
}

/** The work directory of an overlay that was mounted although it could not be made; see leniencies.ts. */
const isMissed = (error: unknown): boolean => /^ENOENT: .*chown '.*work.work'$/.test((error as Error).message);

afterAll(() => console.log(`${points} faults in unions on graph drivers`));

describe.each(drivers)('a union on $name', (type) => {
  test.each(['ENOSPC', 'EIO'] as const)('commits after %s', (fault) => {
    const u = changed(type);
    const view = treeOf(u.fs);
    const { diffID } = u.commit();
    const events = eventsOf(u.machine, () => void u.commit());
    const targets = targetsOf(events, fault);
    expect(targets.length).toBeGreaterThan(10);
    for (const [at, event] of shareOf(targets, share)) {
      points++;
      const open = openIn(u.machine);
      const { error } = strike(u.machine, () => u.commit(), at, fault);
      if (error !== undefined) expect(error, JSON.stringify(event)).toSatisfy((thrown) => isFault(thrown, fault));
      expect(openIn(u.machine), JSON.stringify(event)).toEqual(open);
      expect([JSON.stringify(event), u.commit().diffID]).toEqual([JSON.stringify(event), diffID]);
    }
    expect(treeOf(u.fs)).toEqual(view);
    expect(u.store!.check({ tars: true })).toEqual([]);
    expect(u.machine.check()).toEqual([]);
  });

  test.each(faults)('is whole after %s in the midst of a discard', (fault) => {
    const reference = changed(type);
    const before = treeOf(reference.fs);
    const events = eventsOf(reference.machine, () => reference.discard());
    const after = treeOf(reference.fs);
    expect(after).not.toEqual(before);
    for (const [at, event] of shareOf(targetsOf(events, fault), share)) {
      const where = JSON.stringify(event);
      points++;
      const u = changed(type);
      const { error } = strike(u.machine, () => u.discard(), at, fault);
      if (fault === 'stop') {
        const { machine, store } = startDaemon(restarted(u.machine as Machine<IFs>), type);
        store.sweep();
        expect([...machine.check(), ...store.check({ tars: true })], where).toEqual([]);
        continue;
      }
      if (error !== undefined) expect(error, where).toSatisfy((thrown) => isFault(thrown, fault) || isMissed(thrown));
      expect(treeOf(u.fs), where).toEqual(error === undefined ? after : before);
      writeUnlessReadOnly(u.fs);
      u.discard();
      expect(treeOf(u.fs), where).toEqual(after);
      u.store!.sweep();
      expect([...u.machine.check(), ...u.store!.check({ tars: true })], where).toEqual([]);
      expect(u.store!.mounts.length, where).toBe(1);
    }
  });
});
