/** Starts the driver over a home. @see moby daemon/graphdriver/overlay/overlay.go (Init) */
import { backingFilesystem } from '../backing-filesystem.ts';
import type { Driver, DriverParts } from '../driver.ts';
import { makeDirectories } from '../make-directory.ts';
import { dTypeRefusal, isInitialized, requireOverlay, supportsDType } from '../overlay-check.ts';
import { homeOwner, OverlayDriver } from './driver.ts';
import { refuseOptions } from './options.ts';

/**
 * The checks in Docker's order, then the home. A home that was used before is taken although its filesystem does not
 * tell types.
 *
 * @throws DriverError `ERR_DRIVER_OPTION`, `ERR_DRIVER_NOT_SUPPORTED`
 */
export function startOverlay({ task, home, options = [] }: DriverParts): Driver {
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
