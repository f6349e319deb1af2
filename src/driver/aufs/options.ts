/** Options of the driver and of a layer: it has none. @see moby daemon/graphdriver/aufs/aufs.go (Init, Create) */
import { DriverError } from '../driver-error.ts';
import { parseDriverOption } from '../storage-option.ts';

/** Docker passes over what it is told here; a typing error is not found then. @throws DriverError `ERR_DRIVER_OPTION` for every option */
export function refuseOptions(options: readonly string[]): void {
  for (const option of options) {
    const { key } = parseDriverOption(option);
    throw new DriverError('ERR_DRIVER_OPTION', `aufs: unknown option ${key.toLowerCase()}`);
  }
}

/** @throws DriverError `ERR_DRIVER_STORAGE_OPTION` for every option of a layer */
export function refuseStorageOptions(options: Readonly<Record<string, string>>): void {
  if (Object.keys(options).length === 0) return;
  throw new DriverError('ERR_DRIVER_STORAGE_OPTION', '--storage-opt is not supported for aufs');
}
