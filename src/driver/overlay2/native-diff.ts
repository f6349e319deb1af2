/**
 * A layer's own directory as its diff: overlayfs leaves there exactly what changed, so nothing needs to be compared.
 *
 * @see moby daemon/graphdriver/overlay2/overlay.go (Diff, ApplyDiff, DiffSize)
 */
import { directorySize } from '../../archive/directory-size.ts';
import { LayerUnpacker } from '../../archive/unpack.ts';
import type { Task } from '../../kernel/task.ts';
import type { DiffWriter } from '../driver.ts';

/** Begins to unpack a tar into the directory, deletions written down as overlayfs does. */
export function nativeApply(task: Task, directory: string): DiffWriter {
  const unpacker = new LayerUnpacker(task, directory, { form: 'overlay', breakout: 'contain' });
  return {
    write: (chunk) => unpacker.write(chunk),
    end() {
      unpacker.end();
      return directorySize(task, directory);
    },
    abort: () => unpacker.abort(),
  };
}
