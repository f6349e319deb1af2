/** What a driver over overlayfs finds out before it starts. */
import { describe, expect, it } from 'vitest';
import { Errno } from '../../../src/abi/errno.ts';
import { CLONE_NEWNS, CLONE_NEWUSER } from '../../../src/abi/flags.ts';
import {
  dTypeRefusal,
  isInitialized,
  nativeDiffRefusal,
  needsUserXattr,
  requireOverlay,
  supportsDType,
} from '../../../src/driver/overlay-check.ts';
import { runningInUserNamespace } from '../../../src/driver/user-namespace.ts';
import { linux_6_18 } from '../../../src/kernel/profile.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { dockerMachine } from './overlay2/machine.ts';

const HOME = '/var/lib/docker';

/** The task with some calls answered otherwise. */
function answering(task: Task, calls: Partial<Task>): Task {
  return new Proxy(task, {
    get(target, name) {
      const value = (calls[name as keyof Task] ?? target[name as keyof Task]) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const typeless = (task: Task): Task =>
  answering(task, { getdents: (fd) => task.getdents(fd).map((entry) => ({ ...entry, type: 0 })) });

/** A child that is root in a user namespace of its own. */
function namespaced(machine: ReturnType<typeof dockerMachine>): Task {
  const child = machine.task.clone(CLONE_NEWUSER | CLONE_NEWNS);
  machine.fs.writeFileSync(`/proc/${child.pid}/uid_map`, '0 0 1');
  machine.fs.writeFileSync(`/proc/${child.pid}/setgroups`, 'deny');
  machine.fs.writeFileSync(`/proc/${child.pid}/gid_map`, '0 0 1');
  return child;
}

describe('the types of files in listings', () => {
  it('are told by tmpfs, of an empty directory too, in which nothing stays', () => {
    const { task, fs } = dockerMachine();
    expect(supportsDType(task, HOME)).toBe(true);
    fs.mkdirSync(`${HOME}/a`);
    expect(supportsDType(task, HOME)).toBe(true);
    expect(fs.readdirSync(HOME)).toEqual(['a']);
  });

  it('are missed', () => {
    const { task, fs } = dockerMachine();
    expect(supportsDType(typeless(task), HOME)).toBe(false);
    expect(fs.readdirSync(HOME)).toEqual([]);
  });

  it('are asked for in the words of Docker', () => {
    const start = 'filesystem is formatted without d_type support, which leads to incorrect behavior.';
    const end = 'Backing filesystems without d_type support are not supported.';
    for (const [filesystem, cure] of [
      ['xfs', 'Reformat the filesystem with ftype=1 to enable d_type support. '],
      ['extfs', 'Reformat the filesystem (or use tune2fs) with -O filetype flag to enable d_type support. '],
      ['tmpfs', ''],
    ] as const) {
      const { code, message } = dTypeRefusal('overlay2', filesystem);
      expect(code).toBe('ERR_DRIVER_NOT_SUPPORTED');
      expect(message).toBe(`overlay2: the backing ${filesystem} ${start} ${cure}${end}`);
    }
  });
});

it('a home was used before when something is in it', () => {
  const { task, fs } = dockerMachine();
  expect(isInitialized(task, `${HOME}/overlay2`)).toBe(false);
  expect(isInitialized(task, HOME)).toBe(false);
  fs.mkdirSync(`${HOME}/overlay2`);
  expect(isInitialized(task, HOME)).toBe(true);
});

describe('a mount on trial', () => {
  it('succeeds and leaves nothing', () => {
    const { task, fs } = dockerMachine();
    requireOverlay(task, HOME, true);
    requireOverlay(task, HOME, false);
    expect(fs.readdirSync(HOME)).toEqual([]);
    expect(fs.readFileSync('/proc/mounts', 'utf8')).not.toContain('overlay');
  });

  it('fails on a kernel without overlayfs', () => {
    const { task, fs } = dockerMachine({ filesystems: ['tmpfs', 'proc'] });
    expect(() => requireOverlay(task, HOME, true)).toThrow(
      expect.objectContaining({
        code: 'ERR_DRIVER_NOT_SUPPORTED',
        message: 'driver not supported',
        cause: expect.objectContaining({ code: 'ENODEV' }),
      }),
    );
    expect(fs.readdirSync(HOME)).toEqual([]);
  });

  it('fails over another overlay', () => {
    const { task, fs } = dockerMachine();
    for (const name of ['/l', '/u', '/w', '/m']) fs.mkdirSync(name);
    task.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w');
    expect(() => requireOverlay(task, '/m', true)).toThrow('driver not supported');
    expect(fs.readdirSync('/m')).toEqual([]);
  });

  it('fails where there is no such directory', () => {
    expect(() => requireOverlay(dockerMachine().task, '/missing', true)).toThrow('driver not supported');
  });

  it('does not hide an error of the machine itself', () => {
    const { task } = dockerMachine();
    const broken = answering(task, {
      mount: () => {
        throw new TypeError('broken');
      },
    });
    expect(() => requireOverlay(broken, HOME, true)).toThrow(TypeError);
  });
});

describe('the user namespace', () => {
  it('is the machine’s, or another', () => {
    const machine = dockerMachine();
    expect(runningInUserNamespace(machine.task)).toBe(false);
    expect(needsUserXattr(machine.task)).toBe(false);
    const child = namespaced(machine);
    expect(runningInUserNamespace(child)).toBe(true);
    expect(needsUserXattr(child)).toBe(true);
    machine.task.umount('/proc');
    expect(runningInUserNamespace(machine.task)).toBe(false);
  });

  for (const [version, needed] of [
    ['4.19.0-26-amd64', false],
    ['5.10.0', false],
    ['5.11.0', true],
    ['6.1', true],
  ] as const) {
    it(`needs userxattr since Linux 5.11: ${version}`, () => {
      expect(needsUserXattr(namespaced(dockerMachine({ version })))).toBe(needed);
    });
  }
});

describe('a layer’s own directory', () => {
  it('may be packed', () => {
    const { task, fs } = dockerMachine();
    expect(nativeDiffRefusal(task, HOME)).toBeUndefined();
    expect(fs.readdirSync(HOME)).toEqual([]);
  });

  it('may not where the kernel makes redirects', () => {
    const overlay = { ...linux_6_18.overlay, redirectDir: true };
    expect(nativeDiffRefusal(dockerMachine({ overlay }).task, HOME)).toBe(
      'kernel has CONFIG_OVERLAY_FS_REDIRECT_DIR enabled',
    );
  });

  it('may not where opaque directories are copied up as such', () => {
    const { task, fs } = dockerMachine();
    const old = answering(task, {
      lgetxattr: (path, name) => (name.endsWith('opaque') ? Uint8Array.of(0x79) : task.lgetxattr(path, name)),
    });
    expect(nativeDiffRefusal(old, HOME)).toBe(
      'opaque flag erroneously copied up, consider update to kernel 4.8 or later to fix',
    );
    expect(fs.readdirSync(HOME)).toEqual([]);
  });

  it('may not in a user namespace', () => {
    expect(nativeDiffRefusal(namespaced(dockerMachine()), HOME)).toBe('running in a user namespace');
  });

  for (const [call, told] of [
    ['setxattr', 'failed to set opaque flag on middle layer: input/output error'],
    ['mount', 'failed to mount overlay: input/output error'],
    ['open', 'failed to write to merged directory: input/output error'],
    ['lgetxattr', 'failed to read opaque flag on upper layer: input/output error'],
    ['rename', 'failed to rename dir in merged directory: input/output error'],
  ] as const) {
    it(`may not when ${call} fails`, () => {
      const { task, fs, kernel } = dockerMachine();
      const stop = kernel.trace.subscribe((event) => {
        const failing =
          event.kind === 'syscall' && event.call === call && `${event.path} ${event.dest}`.includes('opaque-bug');
        if (failing && (call !== 'open' || event.path?.endsWith('/f'))) throw new Errno('EIO');
      });
      expect(nativeDiffRefusal(task, HOME)).toBe(told);
      stop();
      expect(fs.readdirSync(HOME)).toEqual([]);
    });
  }
});
