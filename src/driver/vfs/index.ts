/**
 * Docker's vfs: each layer is a directory with the whole tree in it, copied from its parent. Nothing is mounted, nothing
 * is copied on write, and nothing differs from a directory of one's own; what it costs is space and time for the whole
 * tree with each layer. It runs on any filesystem, and the other drivers are measured by it.
 *
 * @packageDocumentation
 */
import type { DriverType } from '../driver.ts';
import { startVfs } from './driver.ts';

/**
 * The driver as a value. One option that a daemon starts it with: `size=10G`, the limit of a container's layer unless it
 * has one of its own, where the disk keeps project quotas.
 *
 * A copy keeps owners, modes, times, hard links, devices and file capabilities; other extended attributes stay behind,
 * and a tree with a socket in it cannot be copied (EINVAL), both as with Docker 20.10.
 *
 * @see moby daemon/graphdriver/vfs/driver.go
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { vfs } from 'lowerdir/driver/vfs';
 * const { task, fs } = createMachine();
 * const driver = vfs().init({ task, home: '/var/lib/docker/vfs' });
 * driver.create('base');
 * fs.writeFileSync(`${driver.get('base')}/a`, 'below');
 * driver.createReadWrite('container', 'base');
 * fs.writeFileSync(`${driver.get('container')}/a`, 'above');
 * fs.readFileSync('/var/lib/docker/vfs/dir/base/a', 'utf8'); // => 'below'
 * ```
 */
export function vfs(): DriverType {
  return { name: 'vfs', init: startVfs };
}
