/** The filesystem type that shows somebody else's files in memory. */
import { raise } from '../../abi/errno.ts';
import { cleanName } from '../../abi/name-bytes.ts';
import { PassthroughSuperblock } from '../../kernel/passthrough/super.ts';
import type { FilesystemType } from '../../kernel/superblock.ts';
import type { FsLike } from './fs-like.ts';
import { ObjectTree } from './object-tree.ts';

/**
 * The filesystem type `memfs` over the given objects. What mount(2) carries are strings, so the source names one of
 * them; the option `root=/path` shows a directory inside it. The objects are taken to stand still while mounted.
 *
 * Inode numbers are the object's own where they tell files apart; other files get numbers from 2^52 on that follow from
 * their paths.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { memfs } from 'lowerdir/filesystem/memfs';
 * import { Volume } from 'memfs';
 * const { task, fs } = createMachine({ filesystems: [memfs({ volume: Volume.fromJSON({ '/a/b': 'x' }) })] });
 * task.mkdir('/mnt');
 * task.mount('volume', '/mnt', 'memfs', 'root=/a');
 * fs.readFileSync('/mnt/b', 'utf8'); // => 'x'
 * ```
 */
export function memfs(objects: Readonly<Record<string, FsLike>>): FilesystemType {
  const type: FilesystemType = {
    name: 'memfs',
    nodev: true,
    userNamespaceMount: false,
    mount({ kernel, source, data }) {
      const root = parseRoot(data);
      const object = Object.hasOwn(objects, source) ? objects[source]! : raise('ENOENT');
      const options = root === '' ? '' : `,root=${root}`;
      return PassthroughSuperblock.mount(kernel, type, new ObjectTree(object, root), options);
    },
  };
  return type;
}

/** The directory to show, '' for the root. @throws Errno EINVAL for any other option */
function parseRoot(data: string): string {
  if (data === '') return '';
  if (!data.startsWith('root=') || data.includes(',')) raise('EINVAL');
  const root = cleanName(`/${data.slice('root='.length)}`);
  return root === '/' ? '' : root;
}
