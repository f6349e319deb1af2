/**
 * The machine's tasks and tables as files: `/proc/filesystems`, `/proc/mounts`, `/proc/self`.
 *
 * @packageDocumentation
 */
export { proc } from './super.ts';
