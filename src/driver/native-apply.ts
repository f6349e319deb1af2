/** Unpacking into a layer's own directory: it holds exactly what changed. @see moby daemon/graphdriver/overlay2/overlay.go (ApplyDiff, DiffSize), aufs/aufs.go (applyDiff) */
import { directorySize } from '../archive/directory-size.ts';
import type { LayerForm } from '../archive/layer-entry.ts';
import { LayerUnpacker } from '../archive/unpack.ts';
import type { Task } from '../kernel/task.ts';
import type { DiffWriter } from './driver.ts';

/** Begins to unpack a tar into the directory; `form` says how deletions are written down there. */
export function nativeApply(task: Task, directory: string, form: LayerForm): DiffWriter {
  const unpacker = new LayerUnpacker(task, directory, { form, breakout: 'contain' });
  return {
    write: (chunk) => unpacker.write(chunk),
    end() {
      unpacker.end();
      return directorySize(task, directory);
    },
    abort: () => unpacker.abort(),
  };
}
