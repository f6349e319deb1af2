/** Disks in memory under the names of real filesystems, until there are real ones. */
import { raise } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import { blockDeviceAt } from '../../kernel/quota-calls.ts';
import type { FilesystemType, MountRequest, Superblock } from '../../kernel/superblock.ts';
import { type DiskName, diskKinds, parseDiskOptions } from './disk-kind.ts';
import { type DiskShape, DiskSuperblock } from './disk-superblock.ts';
import { StandInDisk } from './stand-in-disk.ts';

/** What a disk was made with. */
export interface DiskLikeOptions {
  readonly type: DiskName;
  /** Bytes; 20 GiB unless told. */
  readonly size?: number;
  /** How many inodes there may be; as mkfs would have it unless told, 0 for no limit. */
  readonly inodes?: number;
  /** Directory entries tell the type of what they name: not on xfs with `-n ftype=0`, nor ext4 with `-O ^filetype`. */
  readonly ftype?: boolean;
  /** Quotas of projects can be switched on by a mount option, `pquota` for xfs, `prjquota` for both. */
  readonly projectQuota?: boolean;
}

const SIZE = 20 * 2 ** 30;

/**
 * A filesystem type for disks that present themselves as ext4, xfs or btrfs: to statfs(2), to /proc/mounts, in what
 * directory entries tell, and with quotas of projects. Everything else is as on tmpfs, and no byte of the disk can be
 * read: it stands in for the real thing.
 *
 * Any number of a block device is a disk; it is empty when it is mounted for the first time, and keeps its files when it
 * is unmounted and when the machine restarts.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { makedev, S_IFBLK } from 'lowerdir/abi';
 * import { diskLike } from 'lowerdir/filesystem/tmpfs';
 * const { task, fs } = createMachine({ filesystems: [diskLike({ type: 'xfs', projectQuota: true })] });
 * for (const name of ['/dev', '/data']) fs.mkdirSync(name);
 * task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
 * task.mount('/dev/vda1', '/data', 'xfs', 'pquota');
 * task.statfs('/data').type; // => 0x58465342
 * ```
 */
export function diskLike(options: DiskLikeOptions): FilesystemType {
  const { type: name, size = SIZE, ftype = true, projectQuota = false } = options;
  const kind = diskKinds[name];
  const inodes = options.inodes ?? (kind.bytesPerInode === 0 ? 0 : Math.floor(size / kind.bytesPerInode));
  const limits = { maxPages: Math.floor(size / PAGE_SIZE), maxInodes: inodes, mode: 0o755, uid: 0, gid: 0 };
  const type: FilesystemType = {
    name,
    nodev: false,
    userNamespaceMount: false,
    mount: (request) => mountDisk(shape, size, request),
  };
  const shape: DiskShape = { type, kind, limits, ftype, projectQuota };
  return type;
}

/** @throws Errno EINVAL, ENOENT, ENOTBLK, EACCES, EBUSY @see get_tree_bdev() */
function mountDisk(
  shape: DiskShape,
  size: number,
  { kernel, source, data, readOnly, resolve }: MountRequest,
): Superblock {
  const options = parseDiskOptions(shape.kind, data, shape.projectQuota);
  if (source === '') raise('EINVAL');
  const { rdev } = blockDeviceAt(resolve(source));
  const known = kernel.devices.block(rdev);
  if (known !== undefined && !(known instanceof StandInDisk)) raise('EINVAL');
  if (known !== undefined && known.superblock.active > 0) return mountedAlready(known.superblock, shape, readOnly);
  if (known !== undefined && known.superblock.type !== shape.type) raise('EINVAL');
  const superblock = known?.superblock ?? makeDisk(shape, size, rdev, kernel);
  superblock.open(options, readOnly);
  return superblock;
}

/** The disk is shown at one more place, with the options that it has. */
function mountedAlready(superblock: DiskSuperblock, { type }: DiskShape, readOnly: boolean): DiskSuperblock {
  return superblock.type === type && superblock.readOnly === readOnly ? superblock : raise('EBUSY');
}

function makeDisk(shape: DiskShape, size: number, rdev: number, kernel: MountRequest['kernel']): DiskSuperblock {
  const dev = shape.kind.anonymous ? kernel.anonymousDevice() : rdev;
  const superblock = new DiskSuperblock(kernel, dev, shape).format();
  kernel.devices.registerBlock(rdev, new StandInDisk(rdev, size, superblock));
  return superblock;
}
