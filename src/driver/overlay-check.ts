/**
 * What a driver over overlayfs finds out before it starts: whether the kernel mounts one over the home, and which of
 * its habits make a layer's own directory unfit to be packed. It is tried out, in a directory that is gone afterwards.
 *
 * @see moby daemon/graphdriver/overlayutils, daemon/graphdriver/overlay2/check.go, pkg/fsutils/fsutils_linux.go
 */
import { O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR } from '../abi/flags.ts';
import { errnoText } from '../abi/errno-text.ts';
import { DT_UNKNOWN } from '../abi/mode.ts';
import { directoryName } from '../abi/name-bytes.ts';
import { OVERLAY_XATTR_PREFIX } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';
import { backingFilesystem } from './backing-filesystem.ts';
import { DriverError } from './driver-error.ts';
import { isEmptyDirectory } from './empty-directory.ts';
import { inTemporary, makeTemporary } from './make-directory.ts';
import { attempt, isErrno } from './refusal.ts';
import { writeText } from './text-file.ts';
import { runningInUserNamespace } from './user-namespace.ts';

/** What a home lies on that a driver over overlayfs can use. */
export interface OverlayHome {
  /** `extfs` */
  readonly backingFilesystem: string;
  readonly supportsDType: boolean;
}

/**
 * Checks the home, or what it is to lie in, in Docker's order. A home that was used before is taken although its
 * filesystem does not tell types.
 *
 * @param multipleLowers as for {@link requireOverlay}
 * @throws DriverError `ERR_DRIVER_NOT_SUPPORTED`
 */
export function checkOverlayHome(task: Task, driver: string, home: string, multipleLowers: boolean): OverlayHome {
  const tested = task.statIfPresent(home) === undefined ? directoryName(home) : home;
  requireOverlay(task, tested, multipleLowers);
  const filesystem = backingFilesystem(task, tested);
  const dType = supportsDType(task, tested);
  if (!dType && !isInitialized(task, home)) throw dTypeRefusal(driver, filesystem);
  return { backingFilesystem: filesystem, supportsDType: dType };
}

/** Whether a driver's home was used before: it is there and not empty. @see graphdriver.IsInitialized */
export const isInitialized = (task: Task, home: string): boolean =>
  task.statIfPresent(home) !== undefined && !isEmptyDirectory(task, home);

function allEntries(task: Task, directory: string) {
  const fd = task.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  try {
    return task.getdents(fd);
  } finally {
    task.close(fd);
  }
}

/** Whether listings tell the types of files, without which overlayfs cannot tell whiteouts. An empty directory gets a file for it. */
export function supportsDType(task: Task, directory: string): boolean {
  const dummy = isEmptyDirectory(task, directory) ? makeDummy(task, directory) : undefined;
  try {
    return allEntries(task, directory).every(({ type }) => type !== DT_UNKNOWN);
  } finally {
    if (dummy !== undefined) attempt(() => task.unlink(dummy));
  }
}

const makeDummy = (task: Task, directory: string): string =>
  makeTemporary(task, directory, 'fsutils-dummy', (path) =>
    task.close(task.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)),
  );

/** The refusal of a home whose filesystem does not tell types. */
export function dTypeRefusal(driver: string, backingFilesystem: string): DriverError {
  const cure: Record<string, string> = {
    xfs: ' Reformat the filesystem with ftype=1 to enable d_type support.',
    extfs: ' Reformat the filesystem (or use tune2fs) with -O filetype flag to enable d_type support.',
  };
  const what = `${driver}: the backing ${backingFilesystem} filesystem is formatted without d_type support`;
  const message = `${what}, which leads to incorrect behavior.${cure[backingFilesystem] ?? ''} Backing filesystems without d_type support are not supported.`;
  return new DriverError('ERR_DRIVER_NOT_SUPPORTED', message);
}

/**
 * Mounts an overlay for a moment.
 *
 * @param multipleLowers with two lower layers, which overlay2 needs and Linux before 4.0 refuses
 * @throws DriverError `ERR_DRIVER_NOT_SUPPORTED`, with what was refused as `cause`
 */
export function requireOverlay(task: Task, directory: string, multipleLowers: boolean): void {
  try {
    inTemporary(task, directory, 'check-overlayfs-support', (top) => {
      for (const name of ['lower1', 'lower2', 'upper', 'work', 'merged']) task.mkdir(`${top}/${name}`, 0o755);
      const lower = multipleLowers ? `${top}/lower2:${top}/lower1` : `${top}/lower2`;
      withOverlay(task, top, `lowerdir=${lower},upperdir=${top}/upper,workdir=${top}/work`, () => undefined);
    });
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new DriverError('ERR_DRIVER_NOT_SUPPORTED', 'driver not supported', error);
  }
}

/** Works while an overlay is mounted at `merged` in the directory. */
export function withOverlay<T>(task: Task, directory: string, data: string, work: () => T): T {
  const merged = `${directory}/merged`;
  task.mount('overlay', merged, 'overlay', data);
  try {
    return work();
  } finally {
    attempt(() => task.umount(merged));
  }
}

/** Whether overlays need the option `userxattr`: in a user namespace since Linux 5.11. @see overlayutils.NeedsUserXAttr */
export function needsUserXattr(task: Task): boolean {
  if (!runningInUserNamespace(task)) return false;
  const [major = 0, minor = 0] = task
    .uname()
    .release.split('.')
    .map((part) => Number.parseInt(part, 10));
  return major > 5 || (major === 5 && minor >= 11);
}

/**
 * Why a layer's own directory must not be packed, and two trees be compared instead; `undefined` where it may be. Docker
 * logs the reason and goes on.
 *
 * @see doesSupportNativeDiff
 */
export function nativeDiffRefusal(task: Task, home: string): string | undefined {
  if (runningInUserNamespace(task)) return 'running in a user namespace';
  let doing = '';
  try {
    return inTemporary(task, home, 'opaque-bug-check', (top) => {
      makeCheckedLayers(task, top);
      doing = 'failed to set opaque flag on middle layer: ';
      task.setxattr(`${top}/l2/d`, `${OVERLAY_XATTR_PREFIX}opaque`, Uint8Array.of(0x79));
      doing = 'failed to mount overlay: ';
      return withOverlay(task, top, `lowerdir=${top}/l2:${top}/l1,upperdir=${top}/l3,workdir=${top}/work`, () => {
        doing = 'failed to write to merged directory: ';
        writeText(task, `${top}/merged/d/f`, '', 0o644);
        doing = 'failed to read opaque flag on upper layer: ';
        if (attribute(task, `${top}/l3/d`, 'opaque') === 'y') return COPIES_OPAQUE;
        doing = 'failed to rename dir in merged directory: ';
        return redirectRefusal(task, top);
      });
    });
  } catch (error) {
    if (!isErrno(error)) throw error;
    return doing + errnoText(error.code);
  }
}

const COPIES_OPAQUE = 'opaque flag erroneously copied up, consider update to kernel 4.8 or later to fix';
const MAKES_REDIRECTS = 'kernel has CONFIG_OVERLAY_FS_REDIRECT_DIR enabled';

function makeCheckedLayers(task: Task, top: string): void {
  for (const name of ['l1', 'l1/d', 'l1/d1', 'l2', 'l2/d', 'l3', 'work', 'merged']) {
    task.mkdir(`${top}/${name}`, 0o755);
  }
}

/** A lower directory that can be renamed leaves a redirect, which no layer tar holds. */
function redirectRefusal(task: Task, top: string): string | undefined {
  try {
    task.rename(`${top}/merged/d1`, `${top}/merged/d2`);
  } catch (error) {
    if (isErrno(error, 'EXDEV')) return undefined;
    throw error;
  }
  return attribute(task, `${top}/l3/d2`, 'redirect') === 'd1' ? MAKES_REDIRECTS : undefined;
}

/** What overlayfs notes of an upper object. */
function attribute(task: Task, path: string, name: string): string | undefined {
  try {
    return new TextDecoder().decode(task.lgetxattr(path, OVERLAY_XATTR_PREFIX + name));
  } catch (error) {
    if (isErrno(error, 'ENODATA')) return undefined;
    throw error;
  }
}
