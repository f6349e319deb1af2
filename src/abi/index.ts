/**
 * The words that both sides of the system call share: error numbers, modes, flags, the form of a whiteout.
 *
 * @packageDocumentation
 */
export * from './capability.ts';
export * from './errno.ts';
export * from './fileattr.ts';
export * from './flags.ts';
export * from './mode.ts';
export * from './quota.ts';
export * from './stat.ts';
export type { UtsName } from './utsname.ts';
export * from './whiteout.ts';
export * from './xattr.ts';
