/** Options of the driver and of one layer. @see moby daemon/graphdriver/vfs/driver.go (parseOptions, CreateReadWrite) */
import { DriverError } from '../driver-error.ts';
import { QUOTA_NOT_SUPPORTED } from '../quota.ts';
import { parseDriverOption } from '../storage-option.ts';
import { ramInBytes } from '../storage-size.ts';

/** What `dockerd --storage-opt` says. */
export interface VfsOptions {
  /** `size`: how large a container's layer may grow unless it says otherwise, in bytes; 0 for no limit. */
  readonly size: number;
}

/**
 * Reads the options of the daemon; names stand as they are written, unlike those of other drivers.
 *
 * @throws DriverError `ERR_DRIVER_OPTION`
 */
export function parseOptions(options: readonly string[]): VfsOptions {
  let size = 0;
  for (const option of options) {
    const { key, value } = parseDriverOption(option);
    if (key !== 'size') throw new DriverError('ERR_DRIVER_OPTION', `unknown option ${key} for vfs`);
    size = ramInBytes(value, 'ERR_DRIVER_OPTION');
  }
  return { size };
}

/**
 * The limit of a container's layer, in bytes: what the layer's own options say, else `standard`.
 *
 * @throws DriverError `ERR_DRIVER_STORAGE_OPTION`, `ERR_DRIVER_QUOTA` where the disk keeps no quotas
 */
export function sizeLimitOf(options: Readonly<Record<string, string>>, standard: number, quota: boolean): number {
  let size = standard;
  for (const [key, value] of Object.entries(options)) {
    if (key !== 'size') throw new DriverError('ERR_DRIVER_STORAGE_OPTION', `Storage opt ${key} not supported`);
    if (!quota) throw new DriverError('ERR_DRIVER_QUOTA', QUOTA_NOT_SUPPORTED);
    size = ramInBytes(value, 'ERR_DRIVER_STORAGE_OPTION');
  }
  return size;
}
