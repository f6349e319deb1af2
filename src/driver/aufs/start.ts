/** Starts the driver over a home. @see moby daemon/graphdriver/aufs/aufs.go (Init, supportsAufs) */
import { directoryName } from '../../abi/name-bytes.ts';
import type { Task } from '../../kernel/task.ts';
import {
  backingFilesystemName,
  FS_MAGIC_AUFS,
  FS_MAGIC_BTRFS,
  FS_MAGIC_ECRYPTFS,
  fsMagicOf,
} from '../backing-filesystem.ts';
import type { Driver, DriverLog, DriverParts, DriverType } from '../driver.ts';
import { DriverError } from '../driver-error.ts';
import { daemonOwner, makeDirectories } from '../make-directory.ts';
import { runningInUserNamespace } from '../user-namespace.ts';
import { attempt, isErrno } from '../refusal.ts';
import { readText } from '../text-file.ts';
import { removeDirectory } from '../unmount.ts';
import { AufsDriver } from './driver.ts';
import { homePaths } from './layout.ts';
import { needs } from './needs.ts';
import { refuseOptions } from '../no-options.ts';
import { beingRemoved } from './remove-layer.ts';

/** What AUFS, or Docker with it, does not work over. */
const INCOMPATIBLE: ReadonlySet<number> = new Set([FS_MAGIC_AUFS, FS_MAGIC_BTRFS, FS_MAGIC_ECRYPTFS]);

/**
 * The driver as a value; it has no options. It brings what no machine has unless told so: AUFS itself and the program
 * `auplink`, without which a mount's pseudo-links are lost when it goes. They are on a machine that was made with
 * `createMachine({ drivers: [aufs()] })`.
 *
 * @see moby daemon/graphdriver/aufs/aufs.go, docs/storage/storagedriver/aufs-driver.md
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { aufs } from 'lowerdir/driver/aufs';
 * const { task, fs } = createMachine({ drivers: [aufs()] });
 * fs.mkdirSync('/var/lib/docker', { recursive: true });
 * const driver = aufs().init({ task, home: '/var/lib/docker/aufs' });
 * driver.create('base');
 * fs.writeFileSync(`${driver.get('base')}/a`, 'below');
 * driver.createReadWrite('container', 'base');
 * fs.unlinkSync(`${driver.get('container')}/a`);
 * fs.existsSync('/var/lib/docker/aufs/diff/container/.wh.a'); // => true
 * driver.put('container');
 * ```
 */
export function aufs(): DriverType {
  return { name: 'aufs', needs, init: startAufs };
}

/** The checks, then the home. @throws DriverError `ERR_DRIVER_OPTION`, `ERR_DRIVER_NOT_SUPPORTED`, `ERR_DRIVER_INCOMPATIBLE` */
function startAufs({ task, home, options = [], log }: DriverParts): Driver {
  refuseOptions('aufs', options);
  requireAufs(task, log);
  const magic = fsMagicOf(task, task.statIfPresent(home) === undefined ? directoryName(home) : home);
  const backingFilesystem = backingFilesystemName(magic);
  if (INCOMPATIBLE.has(magic)) {
    const message = 'backing file system is unsupported for this graph driver';
    throw refusal(
      'ERR_DRIVER_INCOMPATIBLE',
      message,
      new Error(`AUFS is not supported over ${backingFilesystem}`),
      log,
    );
  }
  for (const path of [home, ...Object.values(homePaths(home))]) makeDirectories(task, path, 0o710, daemonOwner(task));
  for (const path of beingRemoved(task, home)) attempt(() => removeDirectory(task, path));
  return new AufsDriver({ task, home, backingFilesystem, log });
}

/** @throws DriverError `ERR_DRIVER_NOT_SUPPORTED`, with what is missing as `cause` */
function requireAufs(task: Task, log: DriverLog | undefined): void {
  const missing = whatIsMissing(task);
  if (missing !== undefined) throw refusal('ERR_DRIVER_NOT_SUPPORTED', 'driver not supported', missing, log);
}

function whatIsMissing(task: Task): Error | undefined {
  if (runningInUserNamespace(task)) return new Error('AUFS cannot be used in non-init user namespace');
  try {
    const known = readText(task, '/proc/filesystems').includes('aufs');
    return known ? undefined : new Error('AUFS was not found in /proc/filesystems');
  } catch (error) {
    if (isErrno(error)) return error;
    throw error;
  }
}

function refusal(code: DriverError['code'], message: string, cause: Error, log: DriverLog | undefined): DriverError {
  log?.({ level: 'error', message: cause.message });
  return new DriverError(code, message, cause);
}
