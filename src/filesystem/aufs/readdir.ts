/**
 * Listings: the branches one after another, topmost first, each in its own order; the first of a name counts. A listing
 * is kept until a name in the directory changes or it is too old.
 *
 * @see fs/aufs/vdir.c, fs/aufs/dir.c
 */
import { raise } from '../../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../abi/flags.ts';
import { DT_UNKNOWN } from '../../abi/mode.ts';
import type { FileOperations, Filldir, OpenFile } from '../../kernel/file.ts';
import { isLongerThan } from '../../kernel/lookup.ts';
import type { Mapping } from '../../kernel/mmap.ts';
import { syncFilesystem } from '../../kernel/sync.ts';
import type { RealPath } from './branch.ts';
import type { AufsInode } from './inode.ts';
import { directoryIoctl } from './ioctl.ts';
import { iterateReal } from './real-list.ts';
import { NAME_LENGTH_MAX } from './statfs.ts';
import { isPrivateName, WHITEOUT_PREFIX, whiteoutName } from './whiteout.ts';

interface Entry {
  readonly name: string;
  readonly ino: number;
  readonly type: number;
}

/** What a directory was found to hold. @see struct au_vdir */
export interface Listing {
  readonly version: number;
  /** Seconds of the simulated clock. */
  readonly readAt: number;
  readonly entries: readonly Entry[];
}

const inodeOf = (file: OpenFile): AufsInode => file.inode as AufsInode;

/** Reads all branches. @see au_do_read_vdir() */
function readBranches(inode: AufsInode): Entry[] {
  const { superblock, stack } = inode;
  const { shwh } = superblock.config;
  const entries = new Map<string, Entry>();
  const whiteouts = new Set<string>();
  for (const [i, path] of stack.entries()) {
    const hides = path.branch.hides && (shwh || i < stack.length - 1);
    if (path.dentry.inode!.nlink > 0) readBranch(inode, path, hides, entries, whiteouts);
  }
  const all = [...entries.values()];
  return shwh ? [...all, ...shownWhiteouts(whiteouts)] : all;
}

function readBranch(
  { superblock }: AufsInode,
  path: RealPath,
  hides: boolean,
  entries: Map<string, Entry>,
  whiteouts: Set<string>,
): void {
  const filesystem = path.dentry.superblock;
  iterateReal(path, (name, realIno, type) => {
    if (isPrivateName(name) && name !== WHITEOUT_PREFIX) {
      if (hides) whiteouts.add(name.slice(WHITEOUT_PREFIX.length));
    } else if (!entries.has(name) && !whiteouts.has(name)) {
      const ino = superblock.numberFor(filesystem, Number(realIno));
      entries.set(name, { name, ino, type: isLongerThan(name, NAME_LENGTH_MAX) ? DT_UNKNOWN : type });
    }
    return true;
  });
}

const shownWhiteouts = (whiteouts: ReadonlySet<string>): Entry[] =>
  [...whiteouts].map((name) => ({ name: whiteoutName(name), ino: 0, type: DT_UNKNOWN }));

/** The listing of a directory, read anew where it has to be and `mayRead`. @see read_vdir() */
function listingOf(inode: AufsInode, mayRead: boolean): Listing {
  const { listing, version, superblock } = inode;
  const now = superblock.kernel.now().sec;
  if (listing !== undefined) {
    const isFresh = listing.version === version && now - listing.readAt <= superblock.config.rdcache;
    if (isFresh || !mayRead) return listing;
  }
  inode.listing = { version, readAt: now, entries: readBranches(inode) };
  return inode.listing;
}

/** What an open directory lists: fixed until it is read from the start again. @see au_vdir_init() */
function openListing(file: OpenFile): Listing {
  const kept = file.note as Listing | undefined;
  if (kept !== undefined && file.position !== 0) return kept;
  const listing = listingOf(inodeOf(file), file.position === 0);
  file.note = listing;
  return listing;
}

class AufsDirectoryOperations implements FileOperations {
  open(file: OpenFile): void {
    file.note = undefined;
  }

  release(): void {}

  read(): number {
    return raise('EISDIR');
  }

  write(): number {
    return raise('EISDIR');
  }

  iterate(file: OpenFile, filldir: Filldir): void {
    const { entries } = openListing(file);
    for (let at = file.position; at < entries.length; at++) {
      const { name, ino, type } = entries[at]!;
      file.position = at;
      if (!filldir(name, ino, type)) return;
    }
    file.position = entries.length;
  }

  llseek(file: OpenFile, offset: number, whence: number): number {
    const position = whence === SEEK_SET ? offset : whence === SEEK_CUR ? file.position + offset : -1;
    return position < 0 ? raise('EINVAL') : position;
  }

  fallocate(): void {
    raise('ENODEV');
  }

  /** @see aufs_fsync_dir() */
  fsync(file: OpenFile): void {
    for (const { branch } of inodeOf(file).stack) if (branch.writable) syncFilesystem(branch.mount.superblock);
  }

  ioctl(file: OpenFile, request: number): unknown {
    return directoryIoctl(inodeOf(file).superblock, request);
  }

  mmap(): Mapping {
    return raise('ENODEV');
  }

  fork(): void {}
}

export const aufsDirectoryOperations: FileOperations = new AufsDirectoryOperations();
