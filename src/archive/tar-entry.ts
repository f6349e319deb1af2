/** What a tar archive holds: headers, and the bodies that belong to them. */
import type { Timespec } from '../abi/stat.ts';

/** Bytes; headers and bodies begin at multiples of it. */
export const BLOCK_SIZE = 512;

/** The type flags that POSIX and GNU know. @see pax(1), tar.h */
export const REGTYPE = '0';
/** A hard link. */
export const LNKTYPE = '1';
/** A symlink. */
export const SYMTYPE = '2';
/** A character device. */
export const CHRTYPE = '3';
/** A block device. */
export const BLKTYPE = '4';
/** A directory. */
export const DIRTYPE = '5';
/** A fifo. */
export const FIFOTYPE = '6';
/** PAX records for the entry that follows. */
export const XHDTYPE = 'x';
/** PAX records for all that follow. */
export const XGLTYPE = 'g';
/** The name of the entry that follows, in GNU's form. */
export const GNUTYPE_LONGNAME = 'L';
/** The link name of the entry that follows, in GNU's form. */
export const GNUTYPE_LONGLINK = 'K';
/** A sparse file in GNU's form, which is refused. */
export const GNUTYPE_SPARSE = 'S';

/** What a tar archive says of one file. */
export interface TarHeader {
  /** As it stands in the archive, PAX and GNU long names resolved; directories end in `/`. */
  readonly name: string;
  /** The type flag, one character: `'0'` file, `'1'` hard link, `'2'` symlink, `'5'` directory, … */
  readonly type: string;
  /** Where a link of either kind leads; `''` for all others. */
  readonly linkname: string;
  /** The whole mode field; Docker writes the file type into it, others only the permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes in the body; 0 for the types that have none. */
  readonly size: number;
  readonly mtime: Timespec;
  /** Only where a PAX record tells it. */
  readonly atime?: Timespec | undefined;
  readonly uname: string;
  readonly gname: string;
  readonly devmajor: number;
  readonly devminor: number;
  /** `SCHILY.xattr.*` records, by the attribute's name. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** A header and the pieces of its body. */
export interface TarEntry {
  readonly header: TarHeader;
  readonly body: Iterable<Uint8Array>;
}

const withoutBody = new Set([LNKTYPE, SYMTYPE, CHRTYPE, BLKTYPE, DIRTYPE, FIFOTYPE]);

/** Whether entries of this type have no body, whatever their size field says. */
export const isHeaderOnly = (type: string): boolean => withoutBody.has(type);

/** How many bytes fill the last block of a body. */
export const paddingOf = (size: number): number => (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
