/** Starts the driver over a home. @see moby daemon/graphdriver/overlay/overlay.go (Init) */
import { backingFilesystem } from '../backing-filesystem.ts';
import type { Driver, DriverParts, DriverType } from '../driver.ts';
import { makeDirectories } from '../make-directory.ts';
import { dTypeRefusal, isInitialized, requireOverlay, supportsDType } from '../overlay-check.ts';
import { homeOwner, OverlayDriver } from './driver.ts';
import { refuseOptions } from './options.ts';

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

/**
 * The checks in Docker's order, then the home. A home that was used before is taken although its filesystem does not
 * tell types.
 *
 * @throws DriverError `ERR_DRIVER_OPTION`, `ERR_DRIVER_NOT_SUPPORTED`
 */
function startOverlay({ task, home, options = [] }: DriverParts): Driver {
  refuseOptions(options);
  const tested = task.statIfPresent(home) === undefined ? parentOf(home) : home;
  requireOverlay(task, tested, false);
  const filesystem = backingFilesystem(task, tested);
  const dType = supportsDType(task, tested);
  if (!dType && !isInitialized(task, home)) throw dTypeRefusal('overlay', filesystem);
  makeDirectories(task, home, 0o710, homeOwner(task));
  return new OverlayDriver({ task, home, backingFilesystem: filesystem, supportsDType: dType });
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
