/** quotactl(2): finds the filesystem that lies on a device and asks it. @see fs/quota/quota.c */
import { CAP_SYS_ADMIN } from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import { AT_FDCWD, MS_NODEV } from '../abi/flags.ts';
import { isBlockDevice } from '../abi/mode.ts';
import * as quota from '../abi/quota.ts';
import type { DiskQuotaLimits } from '../abi/quota.ts';
import type { TaskContext } from './context.ts';
import { type Credentials, isCapable, isInGroup } from './credentials.ts';
import type { Inode } from './inode.ts';
import { LOOKUP_FOLLOW, resolvePath } from './namei.ts';
import type { Path } from './mount.ts';
import type { QuotaOperations, Superblock } from './superblock.ts';

const KINDS = 3;

type Command = (
  quotas: QuotaOperations,
  superblock: Superblock,
  kind: number,
  id: number,
  argument: unknown,
) => unknown;

const commands: ReadonlyMap<number, Command> = new Map<number, Command>([
  [quota.Q_XGETQSTAT, stateOf],
  [quota.Q_XGETQSTATV, stateOf],
  [quota.Q_XGETQUOTA, (quotas, _superblock, kind, id) => quotas.get(kind, id)],
  [quota.Q_XGETNEXTQUOTA, (quotas, _superblock, kind, id) => quotas.next(kind, id)],
  [quota.Q_XSETQLIM, setLimits],
  [quota.Q_XQUOTASYNC, (_quotas, superblock) => (superblock.readOnly ? raise('EROFS') : undefined)],
]);

/** What anybody may ask. */
const FREE: ReadonlySet<number> = new Set([quota.Q_XGETQSTAT, quota.Q_XGETQSTATV, quota.Q_XQUOTASYNC]);

/** @see do_quotactl() */
export function quotactlCall(
  task: TaskContext,
  command: number,
  special: string,
  id: number,
  argument: unknown,
): unknown {
  const [word, kind] = [Math.floor(command / 256), command % 256];
  if (kind >= KINDS) raise('EINVAL');
  const superblock = superblockOn(task, special);
  const quotas = superblock.quotas ?? raise('ENOSYS');
  if (!FREE.has(word) && !mayAsk(task.credentials, word, kind, id)) raise('EPERM');
  const serve = commands.get(word) ?? raise('EINVAL');
  return serve(quotas, superblock, kind, id, argument);
}

/** The filesystem whose device number the node has. @see quotactl_block(), user_get_super() */
function superblockOn(task: TaskContext, special: string): Superblock {
  const { rdev } = blockDeviceAt(resolvePath(task, AT_FDCWD, special, LOOKUP_FOLLOW));
  for (const superblock of task.kernel.superblocks) if (superblock.dev === rdev) return superblock;
  return raise('ENODEV');
}

/** The node of a disk. @throws Errno ENOTBLK, EACCES where devices do not count @see lookup_bdev() */
export function blockDeviceAt({ mount, dentry }: Path): Inode {
  const inode = dentry.inode!;
  if (!isBlockDevice(inode.mode)) raise('ENOTBLK');
  if ((mount.flags & MS_NODEV) !== 0 || mount.superblock.userNamespace !== undefined) raise('EACCES');
  return inode;
}

/** One's own quota may be asked for. @see check_quotactl_permission() */
function mayAsk(credentials: Credentials, word: number, kind: number, id: number): boolean {
  if (isCapable(credentials, CAP_SYS_ADMIN)) return true;
  if (word !== quota.Q_XGETQUOTA) return false;
  if (kind === quota.USRQUOTA) return credentials.euid === id;
  return kind === quota.GRPQUOTA && (credentials.egid === id || isInGroup(credentials, id));
}

/** A state in which nothing is switched on is none. @see quota_getstate() */
function stateOf(quotas: QuotaOperations): unknown {
  const state = quotas.state();
  return state.flags === 0 ? raise('ENOSYS') : state;
}

/** @throws Errno EFAULT for an argument of another form */
function setLimits(
  quotas: QuotaOperations,
  _superblock: Superblock,
  kind: number,
  id: number,
  argument: unknown,
): void {
  if (typeof argument !== 'object' || argument === null) raise('EFAULT');
  quotas.set(kind, id, argument as DiskQuotaLimits);
}
