/**
 * A computer in memory: a kernel, its filesystems and disks, and the programs that run on it.
 *
 * @packageDocumentation
 */
export * from './create-machine.ts';
