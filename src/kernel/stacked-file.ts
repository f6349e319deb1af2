/** What open files of unions have in common: each stands before a file of a layer. */
import { O_APPEND, O_DIRECT, O_NONBLOCK } from '../abi/flags.ts';
import type { ExtentMap } from './extent-map.ts';
import type { OpenFile } from './file.ts';
import type { Fork } from './fork.ts';

/** What fcntl(2) may change on an open file, and the real file follows. */
export const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT;

/** The counterpart of a real file that one open file of a union has. */
export function forkRealFile(fork: Fork, old: OpenFile): OpenFile {
  const made = fork.file(old);
  made.references = 1;
  return made;
}

/** Shares extents where the real file can, else copies their bytes. */
export function writeRealExtents(
  real: OpenFile,
  source: ExtentMap,
  from: number,
  length: number,
  position: number,
): number {
  if (real.ops.writeExtents) return real.ops.writeExtents(real, source, from, length, position);
  const bytes = new Uint8Array(length);
  source.read(bytes, from);
  return real.ops.write(real, bytes, position);
}
