/** File attributes, what chattr(1) and lsattr(1) speak of: requests of ioctl(2), flags, and what statx(2) tells. */

/** ioctl_iflags(2): answers a sum of `FS_…_FL`. */
export const FS_IOC_GETFLAGS = 0x80086601;
/** ioctl_iflags(2): the argument is a sum of `FS_…_FL`. */
export const FS_IOC_SETFLAGS = 0x40086602;
/** ioctl_xfs_fsgetxattr(2): answers an {@link Fsxattr}. */
export const FS_IOC_FSGETXATTR = 0x801c581f;
/** ioctl_xfs_fssetxattr(2): the argument is an {@link Fsxattr}. */
export const FS_IOC_FSSETXATTR = 0x401c5820;

/** Synchronous updates: `S`. */
export const FS_SYNC_FL = 0x8;
/** Nobody changes, renames, links or removes the file: `i`. */
export const FS_IMMUTABLE_FL = 0x10;
/** Data is only added at the end, names only added to a directory: `a`. */
export const FS_APPEND_FL = 0x20;
/** dump(8) leaves the file out: `d`. */
export const FS_NODUMP_FL = 0x40;
/** Accesses are not marked: `A`. */
export const FS_NOATIME_FL = 0x80;
/** DAX is used: `x`. */
export const FS_DAX_FL = 0x2000000;
/** New files are of the directory's project: `P`. */
export const FS_PROJINHERIT_FL = 0x20000000;
/** Names differ in more than case: `F`. */
export const FS_CASEFOLD_FL = 0x40000000;

export const FS_XFLAG_PREALLOC = 0x2;
export const FS_XFLAG_IMMUTABLE = 0x8;
export const FS_XFLAG_APPEND = 0x10;
export const FS_XFLAG_SYNC = 0x20;
export const FS_XFLAG_NOATIME = 0x40;
export const FS_XFLAG_NODUMP = 0x80;
export const FS_XFLAG_PROJINHERIT = 0x200;
export const FS_XFLAG_EXTSIZE = 0x800;
export const FS_XFLAG_EXTSZINHERIT = 0x1000;
export const FS_XFLAG_DAX = 0x8000;
export const FS_XFLAG_COWEXTSIZE = 0x10000;
export const FS_XFLAG_HASATTR = 0x80000000;

/** `attributes` of statx(2). */
export const STATX_ATTR_IMMUTABLE = 0x10;
export const STATX_ATTR_APPEND = 0x20;
export const STATX_ATTR_NODUMP = 0x40;
export const STATX_ATTR_AUTOMOUNT = 0x1000;
export const STATX_ATTR_MOUNT_ROOT = 0x2000;
export const STATX_ATTR_DAX = 0x200000;

/** What FS_IOC_FSGETXATTR answers. @see struct fsxattr */
export interface Fsxattr {
  /** Sum of `FS_XFLAG_…`. */
  xflags: number;
  /** Bytes. */
  extsize: number;
  nextents: number;
  projid: number;
  /** Bytes. */
  cowextsize: number;
}

/** All attributes of a file, in both forms. @see struct file_kattr */
export interface FileAttributes extends Fsxattr {
  /** Sum of `FS_…_FL`. */
  flags: number;
}
