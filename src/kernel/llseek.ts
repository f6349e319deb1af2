/** Positions of files. @see fs/read_write.c generic_file_llseek_size() */
import { raise } from '../abi/errno.ts';
import { MAX_LFS_FILESIZE, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../abi/flags.ts';
import { DT_DIR } from '../abi/mode.ts';
import type { Filldir, OpenFile } from './file.ts';

/** lseek(2) where the filesystem knows of no holes: all is data up to the end. @throws Errno EINVAL, ENXIO */
export function genericFileLlseek(file: OpenFile, offset: number, whence: number): number {
  const { size } = file.inode;
  if (whence === SEEK_DATA || whence === SEEK_HOLE) {
    if (offset < 0 || offset >= size) raise('ENXIO');
    return whence === SEEK_DATA ? offset : size;
  }
  const base =
    whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.position : whence === SEEK_END ? size : raise('EINVAL');
  return checkedPosition(base + offset);
}

/** lseek(2) of a directory whose positions are not bytes. @see dcache_dir_lseek() */
export function directoryLlseek(file: OpenFile, offset: number, whence: number): number {
  const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.position : raise('EINVAL');
  return checkedPosition(base + offset);
}

const checkedPosition = (position: number): number =>
  position < 0 || position > MAX_LFS_FILESIZE ? raise('EINVAL') : position;

/** Lists `.` and `..` at the positions 0 and 1; false when the caller wants no more. @see dir_emit_dots() */
export function listDots(file: OpenFile, filldir: Filldir, type = DT_DIR): boolean {
  if (file.position === 0) {
    if (!filldir('.', file.inode.ino, type)) return false;
    file.position = 1;
  }
  if (file.position === 1) {
    if (!filldir('..', file.dentry.parent.inode!.ino, type)) return false;
    file.position = 2;
  }
  return true;
}
