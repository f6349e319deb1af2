/**
 * Docker's first driver over overlayfs, from before Linux 4.0 could put many layers over one another: each layer of an
 * image is a whole tree whose files are hard links to those of the layer below, and a container is one overlay over one
 * tree.
 *
 * Data is shared, directories are not: a disk runs out of inodes before it runs out of space, since each layer takes as
 * many as its tree has directories, symlinks, devices and fifos. `statfs` of the home tells how many are left.
 *
 * @packageDocumentation
 */
import type { DriverType } from '../driver.ts';
import { startOverlay } from './start.ts';

/**
 * The driver as a value; it has no options.
 *
 * @see moby daemon/graphdriver/overlay/overlay.go, https://github.com/moby/moby/issues/10613
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { overlay } from 'lowerdir/driver/overlay';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/var/lib/docker', { recursive: true });
 * const driver = overlay().init({ task, home: '/var/lib/docker/overlay' });
 * driver.create('image');
 * fs.writeFileSync(`${driver.get('image')}/a`, 'below');
 * driver.createReadWrite('container', 'image');
 * fs.writeFileSync(`${driver.get('container')}/b`, 'above');
 * fs.readdirSync('/var/lib/docker/overlay/container/merged'); // => ['a', 'b']
 * fs.readFileSync('/var/lib/docker/overlay/container/lower-id', 'utf8'); // => 'image'
 * driver.put('container');
 * ```
 */
export function overlay(): DriverType {
  return { name: 'overlay', init: startOverlay };
}
