/** Options of a driver that has none, its own and those of a layer. @see moby daemon/graphdriver/overlay/overlay.go (parseOptions, Create), aufs/aufs.go (Init, Create) */
import { DriverError } from './driver-error.ts';
import { parseDriverOption } from './storage-option.ts';

/** Docker's aufs passes over what it is told; a typing error is not found then. @throws DriverError `ERR_DRIVER_OPTION` for every option */
export function refuseOptions(driver: string, options: readonly string[]): void {
  for (const option of options) {
    const { key } = parseDriverOption(option);
    throw new DriverError('ERR_DRIVER_OPTION', `${driver}: unknown option ${key.toLowerCase()}`);
  }
}

/** @throws DriverError `ERR_DRIVER_STORAGE_OPTION` for every option of a layer */
export function refuseStorageOptions(driver: string, options: Readonly<Record<string, string>>): void {
  if (Object.keys(options).length === 0) return;
  throw new DriverError('ERR_DRIVER_STORAGE_OPTION', `--storage-opt is not supported for ${driver}`);
}
