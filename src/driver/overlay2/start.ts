/** Starts the driver over a home. @see moby daemon/graphdriver/overlay2/overlay.go (Init) */
import { errnoText } from '../../abi/errno-text.ts';
import type { Task } from '../../kernel/task.ts';
import type { DriverParts, DriverType } from '../driver.ts';
import { DriverError } from '../driver-error.ts';
import { daemonOwner, makeDirectories } from '../make-directory.ts';
import { checkOverlayHome, needsUserXattr } from '../overlay-check.ts';
import { type QuotaControl, startQuota } from '../quota.ts';
import { isErrno } from '../refusal.ts';
import { Overlay2Driver } from './driver.ts';
import { LINK_DIRECTORY } from './layout.ts';
import { type Overlay2Options, parseOptions } from './options.ts';

/** What tells that the kernel knows the mount option `index`. */
const INDEX_PARAMETER = '/sys/module/overlay/parameters/index';

/**
 * The driver as a value. Options that a daemon starts it with: `overlay2.size=10G`, the limit of a container's layer
 * unless it has one of its own, on xfs with project quotas; `overlay2.override_kernel_check=BOOL`, which has no effect.
 *
 * @see moby daemon/graphdriver/overlay2/overlay.go, docs/storage/storagedriver/overlayfs-driver.md
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { overlay2 } from 'lowerdir/driver/overlay2';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/var/lib/docker', { recursive: true });
 * const driver = overlay2().init({ task, home: '/var/lib/docker/overlay2' });
 * driver.create('base');
 * fs.writeFileSync(`${driver.get('base')}/a`, 'below');
 * driver.createReadWrite('container', 'base');
 * fs.writeFileSync(`${driver.get('container')}/b`, 'above');
 * fs.readdirSync('/var/lib/docker/overlay2/container/merged'); // => ['a', 'b']
 * fs.readdirSync('/var/lib/docker/overlay2/container/diff'); // => ['b']
 * driver.put('container');
 * ```
 */
export function overlay2(): DriverType {
  return { name: 'overlay2', init: startOverlay2 };
}

/** The checks, then the home. @throws DriverError */
function startOverlay2({ task, home, options = [] }: DriverParts): Overlay2Driver {
  const parsed = parseOptions(options);
  const checked = checkOverlayHome(task, 'overlay2', home, true);
  makeHome(task, home);
  return new Overlay2Driver({
    task,
    home,
    options: parsed,
    ...checked,
    quota: quotaOf(task, home, checked.backingFilesystem, parsed),
    indexOff: task.statIfPresent(INDEX_PARAMETER) === undefined ? '' : 'index=off,',
    userxattr: needsUserXattr(task) ? 'userxattr,' : '',
  });
}

function makeHome(task: Task, home: string): void {
  const owner = daemonOwner(task);
  makeDirectories(task, home, 0o710, owner);
  makeDirectories(task, `${home}/${LINK_DIRECTORY}`, 0o700, { ...owner, gid: task.getresgid()[1]! });
}

/**
 * What limits a layer's directory: project quotas, which Docker looks for on xfs alone.
 *
 * @throws DriverError `ERR_DRIVER_QUOTA` where a default size is asked for and cannot be held
 */
function quotaOf(task: Task, home: string, filesystem: string, { size }: Overlay2Options): QuotaControl | undefined {
  if (filesystem !== 'xfs') {
    if (size === 0) return undefined;
    const message = `Storage Option overlay2.size only supported for backingFS XFS. Found ${filesystem}`;
    throw new DriverError('ERR_DRIVER_QUOTA', message);
  }
  try {
    return startQuota(task, home);
  } catch (error) {
    if (!(error instanceof DriverError) && !isErrno(error)) throw error;
    if (size === 0) return undefined;
    const reason = error instanceof DriverError ? error.message : errnoText(error.code);
    const message = `Storage option overlay2.size not supported. Filesystem does not support Project Quota: ${reason}`;
    throw new DriverError('ERR_DRIVER_QUOTA', message, error);
  }
}
