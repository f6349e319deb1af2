/** What aufs looks at before it starts, and what it needs of a machine. */
import { describe, expect, test } from 'vitest';
import { raise } from '../../../../src/abi/errno.ts';
import { CLONE_NEWNS, CLONE_NEWUSER } from '../../../../src/abi/flags.ts';
import { aufs } from '../../../../src/driver/aufs/index.ts';
import { chooseDriver, type DriverLogLine, type DriverType } from '../../../../src/driver/index.ts';
import { overlay } from '../../../../src/driver/overlay/index.ts';
import { overlay2 } from '../../../../src/driver/overlay2/index.ts';
import { vfs } from '../../../../src/driver/vfs/index.ts';
import { createMachine } from '../../../../src/index.ts';
import { ubuntu_14_04 } from '../../../../src/kernel/index.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { bootfsOf } from '../../../../src/machine/index.ts';
import { errorOf } from '../driver-machine.ts';
import { aufsMachine, DOCKER, HOME, mountsBelow, startedAufs } from './aufs-machine.ts';

/** What a start over the home says, and its log. */
function refused(task: Task, home = HOME) {
  const log: DriverLogLine[] = [];
  const told = errorOf(() => aufs().init({ task, home, log: (line) => log.push(line) }));
  return { ...told, log: log.map(({ level, message }) => `${level}: ${message}`) };
}

const UNSUPPORTED = { code: 'ERR_DRIVER_NOT_SUPPORTED', message: 'driver not supported' };

describe('aufs does not start', () => {
  test('on a kernel without it', () => {
    const { task, fs } = createMachine();
    fs.mkdirSync(DOCKER, { recursive: true });
    expect(refused(task)).toMatchObject(UNSUPPORTED);
    task.mkdir('/proc');
    task.mount('proc', '/proc', 'proc');
    expect(refused(task)).toEqual({ ...UNSUPPORTED, log: ['error: AUFS was not found in /proc/filesystems'] });
    expect(task.statIfPresent(HOME)).toBeUndefined();
  });

  test('in a user namespace', () => {
    const { task, fs } = aufsMachine();
    const child = task.clone(CLONE_NEWUSER | CLONE_NEWNS);
    fs.writeFileSync(`/proc/${child.pid}/uid_map`, '0 0 1');
    const log = ['error: AUFS cannot be used in non-init user namespace'];
    expect(refused(child)).toEqual({ ...UNSUPPORTED, log });
  });

  test('over btrfs and over itself', () => {
    const incompatible = {
      code: 'ERR_DRIVER_INCOMPATIBLE',
      message: 'backing file system is unsupported for this graph driver',
    };
    const { task } = aufsMachine({ type: 'btrfs' });
    expect(refused(task)).toEqual({ ...incompatible, log: ['error: AUFS is not supported over btrfs'] });
    expect(task.statIfPresent(HOME)).toBeUndefined();
    const on = startedAufs();
    on.driver.create('base');
    on.driver.create('top', 'base');
    const home = `${on.driver.get('top')}/aufs`;
    expect(refused(on.task, home)).toEqual({ ...incompatible, log: ['error: AUFS is not supported over aufs'] });
  });

  test('with options, of which it has none', () => {
    const { task } = aufsMachine();
    const told = (option: string) => errorOf(() => aufs().init({ task, home: HOME, options: [option] }));
    expect(told('Foo=1')).toEqual({ code: 'ERR_DRIVER_OPTION', message: 'aufs: unknown option foo' });
    expect(told('bad').message).toBe('Unable to parse key/value option: bad');
  });
});

describe('dirperm1', () => {
  test('is used where AUFS knows it, which is tried once', () => {
    const { driver, fs, machine } = startedAufs();
    let mounts = 0;
    const stop = machine.kernel.trace.subscribe((event) => {
      if (event.kind === 'syscall' && event.call === 'mount') mounts++;
    });
    driver.status();
    driver.status();
    stop();
    expect([mounts, fs.readdirSync('/tmp')]).toEqual([1, []]);
  });

  test('is left out where AUFS does not know it', () => {
    const { driver, fs, machine } = startedAufs();
    const stop = machine.kernel.trace.subscribe((event) => {
      if (event.kind === 'syscall' && event.call === 'mount') raise('EINVAL');
    });
    expect(driver.status().at(-1)).toEqual(['Dirperm1 Supported', 'false']);
    stop();
    driver.create('base');
    driver.create('top', 'base');
    driver.get('top');
    expect(mountsBelow(fs)[0]![1]).not.toContain('dirperm1');
    expect(fs.readdirSync('/tmp')).toEqual([]);
  });

  test('is not tried on a machine without /tmp, and what a try leaves is told', () => {
    const { driver, fs } = startedAufs();
    fs.mkdirSync('/tmp/docker-aufs-union123');
    fs.mkdirSync('/tmp/docker-aufs-other');
    expect(driver.leftovers!()).toEqual(['/tmp/docker-aufs-union123']);
    fs.rmSync('/tmp', { recursive: true });
    expect(driver.leftovers!()).toEqual([]);
    expect(driver.status().at(-1)).toEqual(['Dirperm1 Supported', 'false']);
  });
});

describe('a machine that is made for it', () => {
  test('has the module, the program, /proc, /tmp and /dev/shm, also when it starts again', () => {
    const machine = createMachine({ drivers: [aufs(), vfs()] });
    for (const { task } of [machine, machine.fork(), machine.restart()]) {
      expect(task.stat('/sbin/auplink').mode & 0o777).toBe(0o755);
      expect(task.stat('/tmp').mode & 0o7777).toBe(0o1777);
      expect(task.statfs('/dev/shm').type).toBe(0x01021994);
      expect(task.stat('/dev/shm').dev).not.toBe(task.stat('/').dev);
      expect(task.exec('/sbin/auplink', ['auplink', '/nothing', 'flush'])).not.toBe(0);
      expect(errorOf(() => aufs().init({ task, home: '/aufs' })).code).toBeUndefined();
    }
  });

  test('is as it always was for drivers that need nothing', () => {
    const bare = (drivers: readonly DriverType[]): unknown => {
      const { task, fs } = createMachine({ drivers });
      return [fs.readdirSync('/'), task.stat('/').ino, task.clockGettime()];
    };
    expect(bare([overlay2(), overlay(), vfs()])).toEqual(bare([]));
  });

  test('of its time takes it first', () => {
    const drivers = [overlay2(), aufs(), overlay(), vfs()];
    const machine = createMachine({ bootfs: bootfsOf(ubuntu_14_04), drivers });
    machine.boot();
    machine.fs.mkdirSync(DOCKER, { recursive: true });
    const chosen = chooseDriver({ task: machine.task, root: DOCKER, drivers });
    expect(chosen.driver.name).toBe('aufs');
    expect(chosen.warnings).toEqual([
      '[graphdriver] WARNING: the aufs storage-driver is deprecated, and will be removed in a future release',
    ]);
  });
});
