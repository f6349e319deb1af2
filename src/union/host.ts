/** What a machine needs on which graph drivers run: as a distribution installs it, and as its init mounts it. */
import { MS_NODEV, MS_NOSUID, O_CREAT, O_WRONLY } from '../abi/flags.ts';
import type { DriverNeeds, DriverType } from '../driver/driver.ts';
import type { FilesystemType } from '../kernel/superblock.ts';
import type { Task } from '../kernel/task.ts';
import type { Machine } from '../machine/machine.ts';

/** Needs of some drivers, put together. */
export class Host {
  readonly #needs: readonly DriverNeeds[];

  constructor(drivers: readonly DriverType[]) {
    this.#needs = drivers.flatMap(({ needs }) => needs ?? []);
  }

  /** The modules to load. */
  get filesystems(): FilesystemType[] {
    return this.#needs.flatMap(({ filesystems }) => filesystems);
  }

  /** Makes the programs known to the machine. */
  register(machine: Machine): void {
    for (const { programs } of this.#needs) {
      for (const [path, program] of Object.entries(programs)) machine.register(path, program);
    }
  }

  /**
   * What init does: files of the programs, `/tmp`, `/proc`, and `/dev/shm`, which is memory. Nothing where no driver
   * needs anything.
   */
  readonly init = (task: Task): void => {
    if (this.#needs.length === 0) return;
    for (const { programs } of this.#needs) for (const path of Object.keys(programs)) installProgram(task, path);
    if (task.statIfPresent('/tmp') === undefined) {
      task.mkdir('/tmp');
      task.chmod('/tmp', 0o1777);
    }
    mountProc(task);
    makeDirectories(task, '/dev/shm');
    task.mount('tmpfs', '/dev/shm', 'tmpfs', '', MS_NOSUID | MS_NODEV);
  };
}

function installProgram(task: Task, path: string): void {
  if (task.statIfPresent(path) !== undefined) return;
  makeDirectories(task, path.slice(0, path.lastIndexOf('/')));
  task.close(task.open(path, O_WRONLY | O_CREAT, 0o755));
}

/** Mounts `/proc` where nobody did. */
export function mountProc(task: Task): void {
  if (task.statIfPresent('/proc/self') !== undefined) return;
  makeDirectories(task, '/proc');
  task.mount('proc', '/proc', 'proc');
}

/** The directory and those above it, where they are missing. */
function makeDirectories(task: Task, path: string): void {
  if (path === '' || task.statIfPresent(path) !== undefined) return;
  makeDirectories(task, path.slice(0, path.lastIndexOf('/')));
  task.mkdir(path, 0o755);
}
