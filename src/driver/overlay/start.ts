/** Starts the driver over a home. @see moby daemon/graphdriver/overlay/overlay.go (Init) */
import type { Driver, DriverParts, DriverType } from '../driver.ts';
import { daemonOwner, makeDirectories } from '../make-directory.ts';
import { checkOverlayHome } from '../overlay-check.ts';
import { OverlayDriver } from './driver.ts';
import { refuseOptions } from '../no-options.ts';

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

/** The checks, then the home. @throws DriverError `ERR_DRIVER_OPTION`, `ERR_DRIVER_NOT_SUPPORTED` */
function startOverlay({ task, home, options = [] }: DriverParts): Driver {
  refuseOptions('overlay', options);
  const checked = checkOverlayHome(task, 'overlay', home, false);
  makeDirectories(task, home, 0o710, daemonOwner(task));
  return new OverlayDriver({ task, home, ...checked });
}
