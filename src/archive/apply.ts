/** Unpacks a layer's tar whole or not at all, as far as that can be known beforehand. @see moby pkg/archive/diff.go */
import { ErrnoException } from '../abi/errno.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { S_IALLUGO } from '../abi/mode.ts';
import type { Stat } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import { listNames, listPaths } from './list-names.ts';
import { type Applied, LayerUnpacker, type UnpackOptions } from './unpack.ts';
import { removeAll } from './unpack-entry.ts';
import { verifyLayer } from './verify-layer.ts';

/** How a layer is unpacked. */
export type ApplyOptions = UnpackOptions;

/**
 * Unpacks `archive` into the directory `root`.
 *
 * The archive is read twice, so an iterable must give the same chunks again. The first pass checks all that an archive
 * can get wrong by itself; nothing is written unless it succeeds. When the system refuses a step of the second pass
 * (no space, a name too long …), a directory that was empty before is emptied again and its attributes are restored; one
 * that was not keeps what was done until then, as with Docker, whose layer store throws such a directory away.
 *
 * What each entry does is told by {@link LayerUnpacker}, which takes an archive in one pass.
 *
 * @throws ArchiveError `ERR_TAR_…`; `ERR_TAR_APPLY` with the system's error as `cause`
 */
export function applyLayer(
  task: Task,
  root: string,
  archive: Uint8Array | Iterable<Uint8Array>,
  options: ApplyOptions,
): Applied {
  const chunks = archive instanceof Uint8Array ? [archive] : archive;
  const inside = task.clone();
  try {
    inside.chroot(root);
    inside.chdir('/');
    verifyLayer(chunks, {
      form: options.form,
      root,
      breakout: options.breakout ?? 'refuse',
      modeOf: (path) => inside.statIfPresent(`/${path}`, AT_SYMLINK_NOFOLLOW)?.mode,
    });
    const restore = listNames(inside, '/').length === 0 ? emptied(inside) : undefined;
    return unpack(new LayerUnpacker(task, root, options), chunks, restore);
  } finally {
    inside.exit();
  }
}

/** The second pass, and the way back from it. */
function unpack(unpacker: LayerUnpacker, chunks: Iterable<Uint8Array>, restore: (() => void) | undefined): Applied {
  try {
    for (const chunk of chunks) unpacker.write(chunk);
    return unpacker.end();
  } catch (error) {
    unpacker.abort();
    restore?.();
    throw error;
  }
}

/** What makes an empty directory empty again, and gives it its attributes back. */
function emptied(inside: Task): () => void {
  const before = inside.lstat('/');
  const attributes = new Set(inside.llistxattr('/'));
  return () => {
    try {
      for (const path of listPaths(inside, '/')) removeAll(inside, path);
      for (const name of inside.llistxattr('/')) if (!attributes.has(name)) inside.lremovexattr('/', name);
      restoreAttributes(inside, before);
    } catch (error) {
      // The first refusal is what the caller must hear of; a system that refuses the way back too is beyond help here.
      if (!(error instanceof ErrnoException)) throw error;
    }
  };
}

function restoreAttributes(inside: Task, before: Stat): void {
  inside.chown('/', before.uid, before.gid);
  inside.chmod('/', before.mode & S_IALLUGO);
  inside.utimensat(AT_FDCWD, '/', before.atime, before.mtime);
}
