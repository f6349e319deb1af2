/**
 * A computer in memory: a kernel, its filesystems and disks, and the programs that run on it.
 *
 * @packageDocumentation
 */
export type { BootEvent, BootStep } from './boot.ts';
export { type BootFile, type Bootfs, bootfsOf } from './bootfs.ts';
export { graft } from './graft.ts';
export { Machine, type MachineParts } from './machine.ts';
export type { Rootfs } from './rootfs.ts';
