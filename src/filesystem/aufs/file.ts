/**
 * Open regular files: each access goes to the real file that the name shows now. The object is copied up when it is
 * first written to, not when it is opened.
 *
 * @see fs/aufs/file.c, fs/aufs/f_op.c
 */
import { raise } from '../../abi/errno.ts';
import { O_ACCMODE, O_APPEND, O_CREAT, O_EXCL, O_NOATIME, O_TRUNC } from '../../abi/flags.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { ExtentMap } from '../../kernel/extent-map.ts';
import type { FileOperations, OpenFile } from '../../kernel/file.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Mapping } from '../../kernel/mmap.ts';
import { genericFileLlseek } from '../../kernel/llseek.ts';
import { closeFile, openReal } from '../../kernel/open.ts';
import { kernelRead, kernelWrite } from '../../kernel/read-write.ts';
import { forkRealFile, SETFL_MASK, writeRealExtents } from '../../kernel/stacked-file.ts';
import { removePrivileges } from '../../kernel/setattr.ts';
import { vfsFsync } from '../../kernel/sync.ts';
import type { Branch, RealPath } from './branch.ts';
import { copyUp, copyUpForChange, copyUpNameless, copyUpParents } from './copy-up.ts';
import { realOfName, topIndex } from './entry.ts';
import type { AufsInode } from './inode.ts';
import { isReadOnlyIn, writableBranch } from './target.ts';

/** What an open file of the union has open. @see struct au_finfo */
class AufsFile {
  branch: Branch;
  real: OpenFile;
  /** A mapping stays with what was open when it was made. */
  mapped: OpenFile | undefined = undefined;

  constructor(branch: Branch, real: OpenFile) {
    this.branch = branch;
    this.real = real;
  }
}

const inodeOf = (file: OpenFile): AufsInode => file.inode as AufsInode;
const noteOf = (file: OpenFile): AufsFile => file.note as AufsFile;

/** Flags for a file of a branch that nobody writes to. @see au_file_roflags() */
const withoutWriting = (flags: number): number => (flags & ~(O_ACCMODE | O_APPEND | O_TRUNC)) | O_NOATIME;

function openIn(file: OpenFile, { branch, dentry }: RealPath): AufsFile {
  const inode = inodeOf(file);
  const flags = file.flags & ~(O_CREAT | O_EXCL | O_TRUNC);
  const real = openReal(
    branch.mount,
    dentry,
    isReadOnlyIn(branch, inode) ? withoutWriting(flags) : flags,
    file.credentials,
  );
  return new AufsFile(branch, real);
}

/** Opens another real file in place of the one that was open. @see au_reopen_nondir() */
function reopen(file: OpenFile, path: RealPath): void {
  const note = noteOf(file);
  if (note.branch === path.branch && note.real.inode === path.dentry.inode && note.real.writable === file.writable)
    return;
  const { branch, real } = openIn(file, path);
  if (note.real !== note.mapped) closeFile(note.real);
  note.branch = branch;
  note.real = real;
}

/** The real file that the name shows now; a pseudo-linked name comes up first. @see au_reval_and_lock_fdi() */
function realFile(file: OpenFile): OpenFile {
  const { dentry } = file;
  const inode = inodeOf(file);
  const note = noteOf(file);
  const { branch: top } = inode.top;
  const index = topIndex(dentry);
  if (top.index !== index || note.branch.index !== index) refresh(file, inode, dentry, top);
  const { real } = noteOf(file);
  if (((file.flags ^ real.flags) & SETFL_MASK) !== 0) followFlags(file, real);
  return real;
}

/** @see refresh_file() */
function refresh(file: OpenFile, inode: AufsInode, dentry: Dentry, top: Branch): void {
  const { superblock } = inode;
  if (!dentry.hashed) {
    if (inode.nameless !== undefined) reopen(file, inode.nameless);
    return;
  }
  if (top.index < topIndex(dentry) && superblock.plinks.has(inode)) {
    copyUpParents(dentry, top);
    copyUp(dentry, top, { keepTimes: true });
  }
  const real = realOfName(dentry, superblock.branches[topIndex(dentry)]!);
  if (real !== undefined) reopen(file, real);
}

function followFlags(file: OpenFile, real: OpenFile): void {
  real.flags = (real.flags & ~SETFL_MASK) | (file.flags & SETFL_MASK);
}

/** The real file, ready to be written to. @see au_ready_to_write() */
function writableFile(file: OpenFile): OpenFile {
  const real = realFile(file);
  const inode = inodeOf(file);
  const { branch } = noteOf(file);
  if (!isReadOnlyIn(branch, inode) && real.writable) return real;
  makeWritable(file, inode, file.dentry);
  return noteOf(file).real;
}

function makeWritable(file: OpenFile, inode: AufsInode, dentry: Dentry): void {
  const branch = writableBranch(dentry);
  if (!dentry.hashed) reopen(file, namelessTarget(inode, dentry) ?? copyUpNameless(dentry, branch));
  else {
    copyUpForChange(dentry, branch);
    reopen(file, realOfName(dentry, branch) ?? raise('ENOENT'));
  }
}

/** What is written to of a file whose name is gone, if it can be written as it is. @see au_ready_to_write_wh() */
function namelessTarget(inode: AufsInode, dentry: Dentry): RealPath | undefined {
  return inode.nameless ?? inode.realIn(writableBranch(dentry));
}

class AufsFileOperations implements FileOperations {
  open(file: OpenFile): void {
    const { dentry } = file;
    const inode = inodeOf(file);
    const branch = inode.superblock.branches[topIndex(dentry)] ?? inode.top.branch;
    file.note = openIn(file, realOfName(dentry, branch) ?? inode.top);
  }

  release(file: OpenFile): void {
    const { real, mapped } = noteOf(file);
    if (mapped !== undefined && mapped !== real) closeFile(mapped);
    closeFile(real);
  }

  read(file: OpenFile, into: Uint8Array, position: number): number {
    return kernelRead(realFile(file), into, position);
  }

  write(file: OpenFile, bytes: Uint8Array, position: number): number {
    if (bytes.length === 0) return 0;
    return kernelWrite(writableFile(file), bytes, position);
  }

  writeExtents(file: OpenFile, source: ExtentMap, from: number, length: number, position: number): number {
    return writeRealExtents(writableFile(file), source, from, length, position);
  }

  backing(file: OpenFile): OpenFile {
    return realFile(file);
  }

  /** That of the file which is about to be written to. */
  end(file: OpenFile): number {
    const { dentry } = file;
    const inode = inodeOf(file);
    const real = realFile(file);
    if (dentry.hashed || !isReadOnlyIn(noteOf(file).branch, inode)) return real.inode.size;
    const target = namelessTarget(inode, dentry)?.dentry.inode ?? real.inode;
    return target.size;
  }

  /** Only directories are listed. */
  iterate(): void {}

  /** The size is that of what the name shows, and no holes are told. @see default_llseek() */
  llseek(file: OpenFile, offset: number, whence: number): number {
    return genericFileLlseek(file, offset, whence);
  }

  fallocate(file: OpenFile, mode: number, offset: number, length: number): void {
    const real = writableFile(file);
    removePrivileges(real.inode.superblock.kernel, real.dentry);
    real.ops.fallocate(real, mode, offset, length);
  }

  /** To sync a file that may be written to is to be ready to write to it. @see aufs_fsync_nondir() */
  fsync(file: OpenFile, dataOnly: boolean): void {
    if (file.writable) vfsFsync(writableFile(file), dataOnly);
  }

  ioctl(): unknown {
    return raise('ENOTTY');
  }

  /** A mapping stays with the real file of its time, whatever is copied up later. @see aufs_mmap() */
  mmap(file: OpenFile, shared = false): Mapping {
    const real = file.writable && shared ? writableFile(file) : realFile(file);
    const note = noteOf(file);
    if (note.mapped !== undefined && note.mapped !== real && note.mapped !== note.real) closeFile(note.mapped);
    note.mapped = real;
    return real.ops.mmap(real);
  }

  mapped(file: OpenFile): OpenFile {
    return noteOf(file).mapped ?? noteOf(file).real;
  }

  fork(fork: Fork, old: OpenFile, made: OpenFile): void {
    const { branch, real, mapped } = noteOf(old);
    const superblock = fork.superblock(inodeOf(old).superblock) as AufsInode['superblock'];
    const note = new AufsFile(superblock.branchWithId(branch.id)!, forkRealFile(fork, real));
    if (mapped !== undefined) note.mapped = mapped === real ? note.real : forkRealFile(fork, mapped);
    made.note = note;
  }

  flush(file: OpenFile): void {
    const { real } = noteOf(file);
    real.ops.flush?.(real);
  }
}

export const aufsFileOperations: FileOperations = new AufsFileOperations();
