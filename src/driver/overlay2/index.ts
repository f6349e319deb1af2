/**
 * Docker's overlay2: the layers of an image and of its containers as directories over one another, one overlayfs mount
 * for each that is shown.
 *
 * Reading costs nothing to set up; the first write to a file of a layer below copies the whole file. At most 128 layers
 * lie below one.
 *
 * @packageDocumentation
 */
import type { DriverType } from '../driver.ts';
import { startOverlay2 } from './start.ts';

/**
 * The driver as a value. Options that a daemon starts it with: `overlay2.size=10G`, the limit of a container's layer
 * unless it has one of its own, on xfs with project quotas; `overlay2.override_kernel_check=BOOL`, which has no effect.
 *
 * @see moby daemon/graphdriver/overlay2/overlay.go, docs/storage/storagedriver/overlayfs-driver.md
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { overlay2 } from 'lowerdir/driver/overlay2';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/var/lib/docker', { recursive: true });
 * const driver = overlay2().init({ task, home: '/var/lib/docker/overlay2' });
 * driver.create('base');
 * fs.writeFileSync(`${driver.get('base')}/a`, 'below');
 * driver.createReadWrite('container', 'base');
 * fs.writeFileSync(`${driver.get('container')}/b`, 'above');
 * fs.readdirSync('/var/lib/docker/overlay2/container/merged'); // => ['a', 'b']
 * fs.readdirSync('/var/lib/docker/overlay2/container/diff'); // => ['b']
 * driver.put('container');
 * ```
 */
export function overlay2(): DriverType {
  return { name: 'overlay2', init: (parts) => startOverlay2(parts) };
}
