/**
 * The kernel of one machine: what all of its tasks share. It knows filesystems only by the types that it was given.
 */
import type { Timespec } from '../abi/stat.ts';
import { raise } from '../abi/errno.ts';
import type { Clock } from './clock.ts';
import type { TaskContext } from './context.ts';
import { type Credentials, rootCredentials } from './credentials.ts';
import { DeviceTable } from './device.ts';
import type { Inode } from './inode.ts';
import type { Inotify } from './inotify.ts';
import type { KernelProfile } from './profile.ts';
import type { Random } from './random.ts';
import type { FilesystemType, Superblock } from './superblock.ts';
import { TimerQueue } from './timer.ts';
import { Trace } from './trace.ts';

/** What a kernel is made of. */
export interface KernelParts {
  readonly profile: KernelProfile;
  /** What the kernel could be built with; its profile says which of them it was. */
  readonly filesystems: readonly FilesystemType[];
  /** What is loaded besides, whatever the profile says. */
  readonly modules?: readonly FilesystemType[];
  readonly clock: Clock;
  readonly random: Random;
}

/** What all tasks of a machine share: clock, trace, devices, filesystems, credentials in force. */
export class Kernel {
  readonly profile: KernelProfile;
  readonly clock: Clock;
  readonly random: Random;
  readonly trace = new Trace();
  readonly devices = new DeviceTable();
  readonly timers = new TimerQueue();
  /** The credentials in force: the calling task's, unless a union acts for its mounter. */
  credentials: Credentials = rootCredentials;
  /** Who is told of changes, see `inotify.ts`. Counted, so that an unwatched machine pays one test. */
  watches = 0;
  readonly watchers = new Map<Inode, Set<Inotify>>();
  /** Every task that has not ended. */
  readonly tasks = new Set<TaskContext>();
  /** The task whose system call is being served. */
  current: TaskContext | undefined;
  readonly superblocks = new Set<Superblock>();
  /** How often a directory was moved or removed: unions that hold directories look again. */
  directoryMoves = 0;
  readonly #filesystems: ReadonlyMap<string, FilesystemType>;
  #nextAnonymousDevice = 1;
  #nextMountId = 1;
  #nextPid = 1;
  #nextCookie = 1;
  #lastUniqueIno = 0;

  constructor(parts: KernelParts) {
    this.profile = parts.profile;
    this.clock = parts.clock;
    this.random = parts.random;
    const known = parts.filesystems.filter((type) => parts.profile.filesystems.includes(type.name));
    this.#filesystems = new Map([...known, ...(parts.modules ?? [])].map((type) => [type.name, type]));
  }

  get filesystems(): readonly FilesystemType[] {
    return [...this.#filesystems.values()];
  }

  /** @throws Errno ENODEV for a type that this kernel does not know */
  filesystem(name: string): FilesystemType {
    return this.#filesystems.get(name) ?? raise('ENODEV');
  }

  /** The present moment of the machine. */
  now(): Timespec {
    return this.clock.now();
  }

  /** A device number of major 0 for a filesystem that lies on no device. @see get_anon_bdev() */
  anonymousDevice(): number {
    return this.#nextAnonymousDevice++;
  }

  /** A number for a mount that no other one has. */
  nextMountId(): number {
    return this.#nextMountId++;
  }

  /** A number beyond `reserved` for an inode of a filesystem that keeps none; they go on over all of them. @see iunique() */
  uniqueIno(reserved: number): number {
    this.#lastUniqueIno = Math.max(this.#lastUniqueIno, reserved) + 1;
    return this.#lastUniqueIno;
  }

  /** A number for a task that no other one has. */
  nextPid(): number {
    return this.#nextPid++;
  }

  /** Ties the two events of a rename together. @see inotify(7) */
  nextCookie(): number {
    return this.#nextCookie++;
  }

  /** A kernel that goes on from this moment: same clock, ids and randomness, without tasks and filesystems. */
  fork(): Kernel {
    const made = new Kernel({
      profile: this.profile,
      filesystems: [],
      modules: this.filesystems,
      clock: this.clock.fork(),
      random: this.random.fork(),
    });
    made.#nextAnonymousDevice = this.#nextAnonymousDevice;
    made.#nextMountId = this.#nextMountId;
    made.#nextPid = this.#nextPid;
    made.#nextCookie = this.#nextCookie;
    made.#lastUniqueIno = this.#lastUniqueIno;
    made.devices.copyFrom(this.devices, made);
    return made;
  }
}

/** Acts with other credentials. @see override_creds() */
export function withCredentials<T>(kernel: Kernel, credentials: Credentials, act: () => T): T {
  const before = kernel.credentials;
  kernel.credentials = credentials;
  try {
    return act();
  } finally {
    kernel.credentials = before;
  }
}
