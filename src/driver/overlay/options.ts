/** Options of the driver: it has none. @see moby daemon/graphdriver/overlay/overlay.go (parseOptions, Create) */
import { DriverError } from '../driver-error.ts';
import { parseDriverOption } from '../storage-option.ts';

/** @throws DriverError `ERR_DRIVER_OPTION` for every option */
export function refuseOptions(options: readonly string[]): void {
  for (const option of options) {
    const { key } = parseDriverOption(option);
    throw new DriverError('ERR_DRIVER_OPTION', `overlay: unknown option ${key.toLowerCase()}`);
  }
}

/** @throws DriverError `ERR_DRIVER_STORAGE_OPTION` for every option of a layer */
export function refuseStorageOptions(options: Readonly<Record<string, string>>): void {
  if (Object.keys(options).length === 0) return;
  throw new DriverError('ERR_DRIVER_STORAGE_OPTION', '--storage-opt is not supported for overlay');
}
