/** The filesystem type that shows a directory of the host. */
import { raise } from '../../abi/errno.ts';
import { PassthroughSuperblock } from '../../kernel/passthrough/super.ts';
import type { FilesystemType } from '../../kernel/superblock.ts';
import { HostTree } from './host-tree.ts';

/**
 * The filesystem type `hostfs`: `mount -t hostfs /usr/share /mnt`. The source is the path of a directory of the host;
 * there are no options. Nothing but the root is looked at when it is mounted, and the directory is taken to stand still
 * from then on: attributes and listings are those of the first look, and data of a file that has changed since is
 * refused with ESTALE.
 *
 * Inode numbers are the host's. Files of other host filesystems mounted below the directory, and numbers of 2^52 and
 * more, get numbers from 2^52 on that follow from the host's device and number.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { hostfs } from 'lowerdir/filesystem/hostfs';
 * const { task } = createMachine({ filesystems: [hostfs()] });
 * task.mkdir('/base');
 * task.mount('/usr/share', '/base', 'hostfs');
 * task.open('/base/new', 0o101); // throws EROFS
 * ```
 */
export function hostfs(): FilesystemType {
  const type: FilesystemType = {
    name: 'hostfs',
    nodev: true,
    userNamespaceMount: false,
    mount({ kernel, source, data }) {
      if (data !== '') raise('EINVAL');
      return PassthroughSuperblock.mount(kernel, type, new HostTree(source));
    },
  };
  return type;
}
