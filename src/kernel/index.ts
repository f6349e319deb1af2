/**
 * A Linux-like kernel: names, mounts, open files, permissions, tasks and time. It knows no filesystem; those are handed
 * to it.
 *
 * @packageDocumentation
 */
export * from './clock.ts';
export * from './credentials.ts';
export * from './device.ts';
export { Dentry, pin, unpin } from './dentry.ts';
export type { FileOperations, Filldir, OpenFile } from './file.ts';
export type { Fork } from './fork.ts';
export { hold, type Inode, release } from './inode.ts';
export type { InotifyEvent } from './inotify.ts';
export { Kernel, type KernelParts } from './kernel.ts';
export { directoryLlseek, genericFileLlseek, listDots } from './llseek.ts';
export type { MappedRegion, Mapping } from './mmap.ts';
export type { OutsideEntry, OutsideFile, PassthroughSource } from './passthrough/source.ts';
export { PassthroughSuperblock } from './passthrough/super.ts';
export * from './profile.ts';
export * from './profile-presets.ts';
export * from './program.ts';
export { Random } from './random.ts';
export { ReadOnlyInode } from './read-only-inode.ts';
export type { FilesystemType, MountRequest, ReconfigureRequest, Superblock } from './superblock.ts';
export type { Task } from './task.ts';
export * from './trace.ts';
export { WouldBlock } from './would-block.ts';
