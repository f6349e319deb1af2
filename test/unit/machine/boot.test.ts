import { describe, expect, test } from 'vitest';
import { O_RDONLY, O_WRONLY } from '../../../src/abi/flags.ts';
import { lookupDentry } from '../../../src/kernel/lookup.ts';
import { formatMounts } from '../../../src/kernel/mount-calls.ts';
import { linux_6_18 } from '../../../src/kernel/profile.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { bootfsOf } from '../../../src/machine/bootfs.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import { namesIn, putFile } from './union-machine.ts';

const MIB = 2 ** 20;
const bootfs = bootfsOf();
const bootBytes = bootfs.bootloader.size + bootfs.kernel.size + bootfs.initramfs.size;

const install = (task: Task): void => {
  task.mkdir('/etc');
  putFile(task, '/etc/hostname', 'host');
  putFile(task, '/vast', 'v'.repeat(100_000));
};

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const linesOf = ({ task }: Machine): string[] => formatMounts(task.namespace, task.fs.root).trimEnd().split('\n');

describe('a host', () => {
  const machine = createMachine({ bootfs, rootfs: { role: 'host', install } });
  const before = machine.memory();
  const events = machine.boot();

  test('goes through its steps in order', () => {
    expect(events.map(({ step }) => step)).toEqual([
      'load-bootfs',
      'start-kernel',
      'unmount-bootfs',
      'mount-rootfs-read-only',
      'check-rootfs',
      'remount-rootfs-read-write',
    ]);
    expect(machine.events).toBe(events);
    expect(machine.emergency).toBe(false);
  });

  test('tells the memory before and after each step, without gaps', () => {
    expect(events[0]!.memoryBefore).toBe(before);
    for (let i = 1; i < events.length; i++) expect(events[i]!.memoryBefore).toBe(events[i - 1]!.memoryAfter);
    expect(events.at(-1)!.memoryAfter).toBe(machine.memory());
  });

  test('loads bootfs into memory and frees all of it', () => {
    const [load, start, unmount] = events;
    expect(load!.memoryAfter - load!.memoryBefore).toBe(bootBytes);
    expect(start!.memoryAfter - start!.memoryBefore).toBe(bootfs.kernel.size);
    expect(unmount!.memoryBefore - unmount!.memoryAfter).toBe(bootBytes);
    expect([...machine.kernel.superblocks]).toHaveLength(2);
  });

  test('ends with a read-write root that holds the distribution', () => {
    expect(linesOf(machine)).toEqual(['rootfs / tmpfs rw,relatime,mode=755 0 0']);
    expect(namesIn(machine.task, '/')).toEqual(['etc', 'vast']);
    putFile(machine.task, '/etc/new', 'x');
    expect(machine.check()).toEqual([]);
    expect(machine.memory()).toBe(events.at(-1)!.memoryAfter + 4096);
  });

  test('shows nothing above its root', () => {
    machine.task.chdir('/..');
    expect(machine.task.getcwd()).toBe('/');
  });
});

describe('a root that is damaged', () => {
  const check = (task: Task): string[] => (task.stat('/vast').size === 100_000 ? ['/vast is too large'] : []);
  const machine = createMachine({ bootfs, rootfs: { role: 'host', install, check } });
  const events = machine.boot();

  test('leaves the machine in the emergency state', () => {
    expect(machine.emergency).toBe(true);
    expect(events.map(({ step }) => step).slice(-2)).toEqual(['check-rootfs', 'emergency']);
    expect(events.at(-2)!.errors).toEqual(['/vast is too large']);
    expect(events.at(-1)!.errors).toBeUndefined();
  });

  test('stays read-only', () => {
    const { task } = machine;
    expect(linesOf(machine)).toEqual(['rootfs / tmpfs ro,relatime,mode=755 0 0']);
    expect(codeOf(() => task.open('/etc/hostname', O_WRONLY))).toBe('EROFS');
    expect(codeOf(() => task.mkdir('/new'))).toBe('EROFS');
    expect(codeOf(() => task.unlink('/vast'))).toBe('EROFS');
    expect(codeOf(() => task.chmod('/etc', 0o700))).toBe('EROFS');
    expect(codeOf(() => task.rename('/vast', '/huge'))).toBe('EROFS');
    expect(task.open('/etc/hostname', O_RDONLY)).toBeGreaterThan(0);
  });

  test('a container with it stays so too', () => {
    const container = createMachine({ bootfs, rootfs: { role: 'container', install, check } });
    container.boot();
    expect(container.emergency).toBe(true);
    expect(codeOf(() => container.task.mkdir('/new'))).toBe('EROFS');
  });

  test('what the check does to the root is refused: it is mounted read-only by then', () => {
    const writes = (task: Task): string[] => [codeOf(() => task.mkdir('/repaired')) ?? 'written'];
    const other = createMachine({ bootfs, rootfs: { role: 'host', install, check: writes } });
    expect(other.boot().at(-2)!.errors).toEqual(['EROFS']);
  });
});

describe('a container', () => {
  const machine = createMachine({ bootfs, rootfs: { role: 'container', install } });
  const events = machine.boot();

  test('has a union as its root', () => {
    expect(events.at(-1)!.step).toBe('mount-writable-layer');
    expect(events.map(({ step }) => step)).not.toContain('remount-rootfs-read-write');
    expect(linesOf(machine)[0]).toMatch(/^overlay \/ overlay rw,relatime,lowerdir=/);
    expect(namesIn(machine.task, '/')).toEqual(['etc', 'vast']);
  });

  test('writes above a root that stays as it was, and read-only', () => {
    machine.task.unlink('/etc/hostname');
    putFile(machine.task, '/etc/new', 'x');
    expect(namesIn(machine.task, '/etc')).toEqual(['new']);
    const rootfs = [...machine.kernel.superblocks].find((each) => each.readOnly)!;
    const etc = lookupDentry(rootfs.root, 'etc');
    expect(lookupDentry(etc, 'hostname').inode?.size).toBe(4);
    expect(lookupDentry(etc, 'new').inode).toBeUndefined();
    expect(machine.check()).toEqual([]);
  });
});

describe('bootfs', () => {
  test('is shared by different distributions', () => {
    const roots = ['debian', 'alpine'].map((name) => (task: Task) => putFile(task, '/os', name));
    const machines = roots.map((install) => createMachine({ bootfs, rootfs: { role: 'host', install } }));
    for (const machine of machines) machine.boot();
    expect(machines.map((machine) => machine.kernel.profile)).toEqual([linux_6_18, linux_6_18]);
    expect(machines[0]!.kernel.profile).toBe(machines[1]!.kernel.profile);
    const [debian, alpine] = machines as [Machine, Machine];
    expect(debian.task.stat('/os').size).toBe(6);
    expect(alpine.task.stat('/os').size).toBe(6);
    debian.task.unlink('/os');
    expect(namesIn(alpine.task, '/')).toEqual(['os']);
  });

  test('says which filesystems the kernel knows', () => {
    const profile = { ...linux_6_18, version: '3.10.0', filesystems: ['tmpfs'] };
    const machine = createMachine({ bootfs: bootfsOf(profile) });
    const events = machine.boot();
    expect(events[0]!.what).toContain('vmlinuz-3.10.0');
    expect(events[1]!.what).toBe('Linux 3.10.0');
    expect(machine.kernel.filesystems.map(({ name }) => name)).toEqual(['tmpfs']);
    machine.task.mkdir('/a');
    expect(codeOf(() => machine.task.mount('overlay', '/a', 'overlay', 'lowerdir=/:/a'))).toBe('ENODEV');
    expect(codeOf(() => machine.task.mount('x', '/a', 'tmpfs'))).toBeUndefined();
  });

  test('a container on a kernel without overlay cannot be booted', () => {
    const profile = { ...linux_6_18, filesystems: ['tmpfs'] };
    const machine = createMachine({ bootfs: bootfsOf(profile), rootfs: { role: 'container', install } });
    expect(codeOf(() => machine.boot())).toBe('ENODEV');
  });
});

describe('createMachine()', () => {
  test('comes up booted', () => {
    const machine = createMachine();
    expect(machine.events.at(-1)!.step).toBe('remount-rootfs-read-write');
    expect(machine.memory()).toBe(bootfs.kernel.size);
    expect(namesIn(machine.task, '/')).toEqual([]);
    machine.task.mkdir('/a');
    expect(machine.check()).toEqual([]);
  });

  test('with a bootfs or rootfs waits for boot()', () => {
    const machine = createMachine({ rootfs: { role: 'host', install } });
    expect(machine.events).toEqual([]);
    expect(machine.memory()).toBeLessThan(MIB);
    machine.boot();
    expect(namesIn(machine.task, '/')).toEqual(['etc', 'vast']);
  });

  test('gives the same machine for the same seed', () => {
    const bytesOf = (seed: number): Uint8Array => {
      const into = new Uint8Array(16);
      createMachine({ seed }).task.getrandom(into);
      return into;
    };
    expect(bytesOf(1)).toEqual(bytesOf(1));
    expect(bytesOf(1)).not.toEqual(bytesOf(2));
  });
});

describe('init', () => {
  const init = (task: Task): void => {
    if (task.statIfPresent('/run') === undefined) task.mkdir('/run');
    task.mount('tmpfs', '/run', 'tmpfs');
  };

  test('runs when the machine is up, and when it is up again, but not in a fork', () => {
    const machine = createMachine({ init });
    putFile(machine.task, '/run/file', 'gone with the power');
    for (const [each, names] of [
      [machine, ['file']],
      [machine.fork(), ['file']],
      [machine.restart(), []],
    ] as const) {
      expect(linesOf(each).filter((line) => line.includes(' /run '))).toHaveLength(1);
      expect(namesIn(each.task, '/run')).toEqual(names);
    }
  });

  test('waits for boot(), and does not run on a root that stays read-only', () => {
    const machine = createMachine({ bootfs, init });
    expect(linesOf(machine).some((line) => line.includes('/run'))).toBe(false);
    machine.boot();
    expect(linesOf(machine).some((line) => line.includes('/run'))).toBe(true);
    const damaged = createMachine({ bootfs, rootfs: { role: 'host', check: () => ['damage'] }, init });
    damaged.boot();
    for (const each of [damaged, damaged.restart()]) expect(namesIn(each.task, '/')).not.toContain('run');
  });
});

describe('restart()', () => {
  test('keeps the root filesystem and nothing of what was running', () => {
    const machine = createMachine();
    const { task } = machine;
    task.mkdir('/a');
    task.mount('x', '/a', 'tmpfs');
    putFile(task, '/a/lost', 'x');
    putFile(task, '/kept', 'x');
    putFile(task, '/nameless', 'x'.repeat(5000));
    task.open('/nameless', O_WRONLY);
    task.unlink('/nameless');
    task.clone();
    const pages = machine.memory();
    const restarted = machine.restart();
    expect(namesIn(restarted.task, '/')).toEqual(['a', 'kept']);
    expect(namesIn(restarted.task, '/a')).toEqual([]);
    expect(restarted.kernel.tasks.size).toBe(1);
    expect(restarted.check()).toEqual([]);
    expect(pages - restarted.memory()).toBe(3 * 4096);
    expect(machine.check()).toEqual([]);
  });
});
