/** A layer's tar, put together again from its tar-split and the files that the driver shows. @see moby layer/ro_layer.go */
import { formatDigest, type HashFactory } from '../archive/codecs.ts';
import { assembleArchive, type SplitRecord } from '../archive/tar-split.ts';
import { readPieces } from '../archive/read-chunks.ts';
import type { DiffGetter, Driver } from '../driver/driver.ts';
import type { Task } from '../kernel/task.ts';
import { LayerError } from './layer-error.ts';

/**
 * The archive that the records were made of, read from the layer `cacheID`, which the driver shows until the loop ends
 * unless it can read from it without that.
 *
 * @throws ArchiveError `ERR_TAR_SPLIT_CHECKSUM`; ErrnoException for a file that is gone; errors of the driver
 */
export function* assembleTar(
  task: Task,
  driver: Driver,
  cacheID: string,
  records: Iterable<SplitRecord>,
): Generator<Uint8Array, void> {
  const getter = driver.diffGetter?.(cacheID) ?? shownGetter(task, driver, cacheID);
  try {
    yield* assembleArchive(records, (name) => getter.get(name));
  } finally {
    getter.close();
  }
}

function shownGetter(task: Task, driver: Driver, cacheID: string): DiffGetter {
  const directory = driver.get(cacheID);
  return { directory, get: (name) => readPieces(task, `${directory}/${name}`), close: () => driver.put(cacheID) };
}

/** The same bytes, which must have the digest. @throws LayerError `ERR_LAYER_VERIFY` behind the last of them */
export function* verifyTar(
  sha256: HashFactory,
  tar: Iterable<Uint8Array>,
  digest: string,
): Generator<Uint8Array, void> {
  const hash = sha256();
  for (const chunk of tar) {
    hash.update(chunk);
    yield chunk;
  }
  if (formatDigest(hash.digest()) === digest) return;
  const advice =
    'This may be because internal files in the layer store were modified. ' +
    'Re-pulling or rebuilding this image may resolve the issue';
  throw new LayerError('ERR_LAYER_VERIFY', `could not verify layer data for: ${digest}. ${advice}`);
}
