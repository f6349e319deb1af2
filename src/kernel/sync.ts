/** Writing back what the page cache holds: one file, or a whole filesystem. @see fs/sync.c */
import type { OpenFile } from './file.ts';
import type { Superblock } from './superblock.ts';

function traceFlush({ kernel: { trace }, type, dev }: Superblock, ino?: number): void {
  if (!trace.active) return;
  const at = { kind: 'flush', filesystem: type.name, dev } as const;
  trace.emit(ino === undefined ? at : { ...at, ino });
}

/** @see vfs_fsync() */
export function vfsFsync(file: OpenFile, dataOnly: boolean): void {
  traceFlush(file.inode.superblock, file.inode.ino);
  file.ops.fsync(file, dataOnly);
}

/** @see sync_filesystem() */
export function syncFilesystem(superblock: Superblock): void {
  traceFlush(superblock);
  superblock.sync();
}
