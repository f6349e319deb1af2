/**
 * A layer's own directory as its diff: AUFS writes deletions down as a layer's tar does, so the directory is packed and
 * unpacked as it stands.
 *
 * @see moby daemon/graphdriver/aufs/aufs.go (Diff, DiffGetter, applyDiff, DiffSize)
 */
import { directorySize } from '../../archive/directory-size.ts';
import { readPieces } from '../../archive/read-chunks.ts';
import { LayerUnpacker } from '../../archive/unpack.ts';
import type { Task } from '../../kernel/task.ts';
import type { DiffGetter, DiffWriter } from '../driver.ts';

/** Begins to unpack a tar into the branch; whiteouts stay the files that they are. */
export function nativeApply(task: Task, branch: string): DiffWriter {
  const unpacker = new LayerUnpacker(task, branch, { form: 'aufs', breakout: 'contain' });
  return {
    write: (chunk) => unpacker.write(chunk),
    end() {
      unpacker.end();
      return directorySize(task, branch);
    },
    abort: () => unpacker.abort(),
  };
}

/** Reads the files of the branch; there is nothing to be closed. */
export const branchGetter = (task: Task, branch: string): DiffGetter => ({
  directory: branch,
  get: (path) => readPieces(task, `${branch}/${path}`),
  close() {},
});
