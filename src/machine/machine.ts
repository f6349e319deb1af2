/** A computer in memory: a kernel, the filesystems it was given, its first task and the programs it knows. */
import { PAGE_SIZE } from '../abi/flags.ts';
import { type Clock, SimulatedClock } from '../kernel/clock.ts';
import { Fork } from '../kernel/fork.ts';
import { Kernel } from '../kernel/kernel.ts';
import { type Program, ProgramTable } from '../kernel/program.ts';
import { Random } from '../kernel/random.ts';
import type { FilesystemType } from '../kernel/superblock.ts';
import type { SystemCalls } from '../kernel/system-calls.ts';
import type { Task } from '../kernel/task.ts';
import { tmpfs } from '../filesystem/tmpfs/super.ts';
import { type BootEvent, bootMachine } from './boot.ts';
import { type Bootfs, bootfsOf } from './bootfs.ts';
import type { Rootfs } from './rootfs.ts';
import { startInit } from './start.ts';

/** What a machine is made of. */
export interface MachineParts<Fs = undefined> {
  /** Every filesystem that the kernel may know; its profile says which of them it does. */
  readonly filesystems: readonly FilesystemType[];
  /** Filesystems that are loaded as modules, whatever the profile says. */
  readonly modules?: readonly FilesystemType[];
  readonly bootfs?: Bootfs;
  readonly rootfs?: Rootfs;
  /** Every id and random byte follows from it; 0 unless given. */
  readonly seed?: number;
  /** Simulated time unless given: it starts at a fixed moment and moves a microsecond with each system call. */
  readonly clock?: Clock;
  /** What the first process does each time that the machine is up: mounts, files that have to be there. */
  readonly init?: (task: Task) => void;
  /** Makes what {@link Machine.fs} is. */
  readonly facade?: (task: Task) => Fs;
}

/** When a simulated clock starts: 2023-11-14T22:13:20Z. */
const START = Object.freeze({ sec: 1_700_000_000, nsec: 0 });
const NANOSECONDS_PER_CALL = 1000;

/** `Fs` is the type of {@link Machine.fs}: nothing unless a façade was given. */
export class Machine<Fs = unknown> {
  readonly kernel: Kernel;
  readonly programs: ProgramTable;
  /** Process 1: root's. */
  readonly task: SystemCalls;
  /** What happened at boot, in order; empty before. */
  events: readonly BootEvent[] = [];
  /** Bytes that the kernel itself takes, once it runs. */
  residentKernel = 0;
  readonly #parts: MachineParts<Fs>;
  #fs: Fs | undefined;

  constructor(parts: MachineParts<Fs>, forked?: { kernel: Kernel; programs: ProgramTable; task: SystemCalls }) {
    this.#parts = parts;
    const bootfs = parts.bootfs ?? bootfsOf();
    this.kernel =
      forked?.kernel ??
      new Kernel({
        profile: bootfs.kernel.profile,
        filesystems: parts.filesystems,
        modules: parts.modules ?? [],
        clock: parts.clock ?? new SimulatedClock(START, NANOSECONDS_PER_CALL),
        random: new Random(parts.seed ?? 0),
      });
    this.programs = forked?.programs ?? new ProgramTable();
    this.task = forked?.task ?? startInit(this.kernel, firstRoot(this.kernel), 'rootfs', this.programs);
  }

  /** The façade over the first task, made when first asked for. */
  get fs(): Fs {
    this.#fs ??= this.#parts.facade?.(this.task);
    return this.#fs as Fs;
  }

  /** Goes from bootfs to rootfs; answers each step with the memory in use before and after. */
  boot(): readonly BootEvent[] {
    if (this.events.length > 0) throw new Error('this machine was booted before');
    const { bootfs = bootfsOf(), rootfs = { role: 'host' } } = this.#parts;
    this.events = bootMachine(this, bootfs, rootfs);
    if (!this.emergency) this.#parts.init?.(this.task);
    return this.events;
  }

  /** The root filesystem was found damaged and stays read-only. */
  get emergency(): boolean {
    return this.events.at(-1)?.step === 'emergency';
  }

  /** Bytes of memory in use: the kernel and every page of every tmpfs. */
  memory(): number {
    let bytes = this.residentKernel;
    for (const superblock of this.kernel.superblocks) {
      if (superblock.type !== tmpfs) continue;
      const { blocks, bfree } = superblock.statfs();
      bytes += (blocks - bfree) * PAGE_SIZE;
    }
    return bytes;
  }

  /** Makes `program` what exec(2) runs for the file at `path`. */
  register(path: string, program: Program): void {
    this.programs.register(path, program);
  }

  /**
   * A second machine that goes on from this moment, with all tasks, mounts and open files; neither sees what the other
   * does from now on. It takes no longer for a full machine than for an empty one. Listeners of the trace stay behind.
   *
   * @example
   * ```ts
   * import { createMachine } from 'lowerdir';
   * const parent = createMachine();
   * const child = parent.fork();
   * child.fs.writeFileSync('/a', '');
   * parent.fs.existsSync('/a'); // => false
   * ```
   */
  fork(): Machine<Fs> {
    const fork = new Fork(this.kernel.fork());
    const programs = this.programs.fork();
    const twins = [...this.kernel.tasks].map((task) => [task, (task as SystemCalls).fork(fork, programs)] as const);
    const task = twins.find(([old]) => old === this.task)![1];
    const made = new Machine<Fs>(this.#parts, { kernel: fork.kernel, programs, task });
    made.events = this.events;
    made.residentKernel = this.residentKernel;
    return made;
  }

  /**
   * The power goes and comes again: a machine with the root filesystem as it stood, and nothing of what was running or
   * mounted. Tmpfs stands in for a disk here: its pages survive, its nameless files do not.
   */
  restart(): Machine<Fs> {
    const fork = new Fork(this.kernel.fork());
    const root = fork.superblock(this.task.fs.root.mount.superblock);
    const programs = this.programs.fork();
    const task = startInit(fork.kernel, root, 'rootfs', programs);
    root.reclaim?.();
    const made = new Machine<Fs>(this.#parts, { kernel: fork.kernel, programs, task });
    made.residentKernel = this.residentKernel;
    if (!this.emergency) this.#parts.init?.(task);
    return made;
  }

  /** What is wrong in any filesystem, one sentence each; empty when all is well. */
  check(): string[] {
    return [...this.kernel.superblocks].flatMap((superblock) => superblock.check());
  }
}

/** The empty filesystem in memory that every kernel starts with. */
function firstRoot(kernel: Kernel) {
  const resolve = (): never => {
    throw new Error('there are no paths before the first mount');
  };
  return tmpfs.mount({ kernel, source: 'rootfs', data: 'mode=755', readOnly: false, resolve });
}
