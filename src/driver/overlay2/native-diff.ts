/**
 * A layer's own directory as its diff: overlayfs leaves there exactly what changed, so nothing needs to be compared.
 *
 * @see moby daemon/graphdriver/overlay2/overlay.go (Diff, ApplyDiff, DiffSize)
 */
import { packLayer } from '../../archive/diff.ts';
import { isDirectory } from '../../abi/mode.ts';
import { listNames } from '../../archive/list-names.ts';
import { LayerUnpacker } from '../../archive/unpack.ts';
import type { Task } from '../../kernel/task.ts';
import type { DiffWriter } from '../driver.ts';

/** The tar of the directory. */
export const nativeDiff = (task: Task, directory: string): Iterable<Uint8Array> => packLayer(task, directory);

/** Begins to unpack a tar into the directory, deletions written down as overlayfs does. */
export function nativeApply(task: Task, directory: string): DiffWriter {
  const unpacker = new LayerUnpacker(task, directory, { form: 'overlay', breakout: 'contain' });
  return {
    write: (chunk) => unpacker.write(chunk),
    end() {
      unpacker.end();
      return diskUsage(task, directory);
    },
    abort: () => unpacker.abort(),
  };
}

/** Bytes of all files below, each counted once whatever its names; a directory counts nothing. @see moby pkg/directory */
export function diskUsage(task: Task, directory: string, counted = new Set<number>()): number {
  let bytes = 0;
  for (const name of listNames(task, directory)) {
    const stat = task.lstat(`${directory}/${name}`);
    if (isDirectory(stat.mode)) bytes += diskUsage(task, `${directory}/${name}`, counted);
    else if (!counted.has(stat.ino)) bytes += stat.size;
    counted.add(stat.ino);
  }
  return bytes;
}
