/**
 * Which driver a daemon starts with: the one it is told, else the one that has left layers behind, else the first that
 * the kernel and the disk allow. Each driver finds out for itself whether it can run, by what the system calls answer.
 *
 * @see moby daemon/graphdriver/driver.go
 */
import type { Task } from '../kernel/task.ts';
import type { Driver, DriverLog, DriverLogLine, DriverType } from './driver.ts';
import { DriverError, type DriverErrorCode } from './driver-error.ts';
import { isEmptyDirectory } from './empty-directory.ts';
import { unlessRefused } from './refusal.ts';

/** The order in which Docker 20.10 tries drivers. */
export const driverPriority: readonly string[] = [
  'btrfs',
  'zfs',
  'overlay2',
  'fuse-overlayfs',
  'aufs',
  'overlay',
  'devicemapper',
  'vfs',
];

/** What Docker 20.10 warns of. */
const DEPRECATED: ReadonlySet<string> = new Set(['aufs', 'devicemapper', 'overlay']);
/** What a driver says that cannot run here; another one may. */
const UNSUPPORTED: ReadonlySet<DriverErrorCode> = new Set([
  'ERR_DRIVER_NOT_SUPPORTED',
  'ERR_DRIVER_PREREQUISITES',
  'ERR_DRIVER_INCOMPATIBLE',
]);

/** What a daemon knows when it looks for a driver. */
export interface DriverChoice {
  /** The daemon: root. */
  readonly task: Task;
  /** `/var/lib/docker`: each driver has its home below, under its own name. */
  readonly root: string;
  /** The drivers there are; a folder with another name says nothing. */
  readonly drivers: readonly DriverType[];
  /** `dockerd --storage-driver`. */
  readonly name?: string;
  /** `dockerd --storage-opt` */
  readonly options?: readonly string[];
  /** Is told each line of Docker's log, also of a start that fails. */
  readonly log?: DriverLog;
}

/** The driver that runs, and what Docker warns of. */
export interface ChosenDriver {
  readonly driver: Driver;
  readonly warnings: readonly string[];
}

/**
 * Starts the driver that a daemon with this root would start.
 *
 * A driver that has left layers behind is preferred, and what it says when it cannot run is thrown; layers of vfs do not
 * count. Where nothing was left behind, drivers are tried in the order of {@link driverPriority}, then the others; those
 * that cannot run here are passed over, any other error is thrown.
 *
 * @throws DriverError `ERR_DRIVER_CHOICE` for a name that nobody has, where several drivers have left layers behind, or
 * where none can run; and whatever the driver's `init` throws
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { chooseDriver } from 'lowerdir/driver';
 * import { overlay } from 'lowerdir/driver/overlay';
 * import { overlay2 } from 'lowerdir/driver/overlay2';
 * import { vfs } from 'lowerdir/driver/vfs';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/var/lib/docker', { recursive: true });
 * const drivers = [overlay2(), overlay(), vfs()];
 * chooseDriver({ task, root: '/var/lib/docker', drivers }).driver.name; // => 'overlay2'
 * ```
 */
export function chooseDriver(choice: DriverChoice): ChosenDriver {
  const start = new Start(choice);
  const driver = choice.name === undefined ? start.unnamed() : start.named(choice.name);
  return { driver, warnings: start.warnings };
}

/** A start under way. */
class Start {
  readonly warnings: string[] = [];
  readonly #choice: DriverChoice;
  readonly #types = new Map<string, DriverType>();

  constructor(choice: DriverChoice) {
    this.#choice = choice;
    for (const type of choice.drivers) {
      if (this.#types.has(type.name)) throw refusal(`Name already registered ${type.name}`);
      this.#types.set(type.name, type);
    }
  }

  named(name: string): Driver {
    this.#warnOfDeprecated(name);
    const type = this.#types.get(name);
    if (type !== undefined) return this.#init(type);
    this.#log('error', 'Failed to GetDriver graph');
    throw refusal('driver not supported');
  }

  unnamed(): Driver {
    const [prior, ...others] = this.#priors();
    return prior === undefined ? this.#first() : this.#prior(prior, others);
  }

  /** The drivers that have left something behind, the preferred one first. @see scanPriorDrivers() */
  #priors(): DriverType[] {
    const { task, root } = this.#choice;
    const left = this.#ordered().filter(({ name }) => name !== 'vfs' && holdsSomething(task, `${root}/${name}`));
    return driverPriority.includes(left[0]?.name ?? '') ? left : [];
  }

  /** Those with a place in Docker's order, then the others. */
  #ordered(): DriverType[] {
    const preferred = driverPriority.flatMap((name) => this.#types.get(name) ?? []);
    return [...preferred, ...[...this.#types.values()].filter((type) => !preferred.includes(type))];
  }

  #prior(type: DriverType, others: readonly DriverType[]): Driver {
    const { name } = type;
    const driver = this.#initPrior(type);
    if (others.length > 0) {
      driver.cleanup();
      const names = [name, ...others.map((other) => other.name)].join(', ');
      const advice = 'Please cleanup or explicitly choose storage driver (-s <DRIVER>)';
      throw refusal(`${this.#choice.root} contains several valid graphdrivers: ${names}; ${advice}`);
    }
    this.#log('info', `[graphdriver] using prior storage driver: ${name}`);
    this.#warnOfDeprecated(name);
    return driver;
  }

  #initPrior(type: DriverType): Driver {
    try {
      return this.#init(type);
    } catch (error) {
      const reason = error instanceof Error ? error.message : `${error}`;
      this.#log('error', `[graphdriver] prior storage driver ${type.name} failed: ${reason}`);
      throw error;
    }
  }

  #first(): Driver {
    for (const type of this.#ordered()) {
      const { name } = type;
      if (DEPRECATED.has(name) && !driverPriority.includes(name)) continue;
      const driver = this.#initIfSupported(type);
      if (driver === undefined) continue;
      this.#warnOfDeprecated(name);
      return driver;
    }
    throw refusal('No supported storage backend found');
  }

  #initIfSupported(type: DriverType): Driver | undefined {
    try {
      return this.#init(type);
    } catch (error) {
      if (error instanceof DriverError && UNSUPPORTED.has(error.code)) return undefined;
      throw error;
    }
  }

  #init(type: DriverType): Driver {
    const { task, root, options = [], log } = this.#choice;
    return type.init({ task, home: `${root}/${type.name}`, options, log });
  }

  #warnOfDeprecated(name: string): void {
    if (!DEPRECATED.has(name)) return;
    const what = `the ${name} storage-driver is deprecated, and will be removed in a future release`;
    this.warnings.push(`[graphdriver] WARNING: ${what}`);
    this.#log('warning', `[graphdriver] WARNING: ${what}`);
  }

  #log(level: DriverLogLine['level'], message: string): void {
    this.#choice.log?.({ level, message });
  }
}

const refusal = (message: string): DriverError => new DriverError('ERR_DRIVER_CHOICE', message);

/** Something lies there that is no empty directory. */
const holdsSomething = (task: Task, path: string): boolean =>
  unlessRefused(() => task.stat(path) !== undefined, false) && !isEmptyDirectory(task, path);
