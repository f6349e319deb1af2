/** Options of the driver and of one layer. @see moby daemon/graphdriver/overlay2/overlay.go (parseOptions, parseStorageOpt) */
import { DriverError } from '../driver-error.ts';
import { parseDriverOption } from '../storage-option.ts';
import { ramInBytes } from '../storage-size.ts';

/** What `dockerd --storage-opt overlay2.…` says. */
export interface Overlay2Options {
  /** `overlay2.size`: how large a container's layer may grow unless it says otherwise, in bytes; 0 for no limit. */
  readonly size: number;
}

/** What Go's `strconv.ParseBool` reads. */
const BOOLEANS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);

/**
 * Reads the options of the daemon. `overlay2.override_kernel_check` is read and has no effect, as in Docker.
 *
 * @throws DriverError `ERR_DRIVER_OPTION`
 */
export function parseOptions(options: readonly string[]): Overlay2Options {
  let size = 0;
  for (const option of options) {
    const { key: written, value } = parseDriverOption(option);
    const key = written.toLowerCase();
    if (key === 'overlay2.size') size = ramInBytes(value, 'ERR_DRIVER_OPTION');
    else if (key !== 'overlay2.override_kernel_check') refuse(`overlay2: unknown option ${key}`);
    else if (!BOOLEANS.has(value)) refuse(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return { size };
}

function refuse(message: string): never {
  throw new DriverError('ERR_DRIVER_OPTION', message);
}

/**
 * The limit that the options of a layer set, in bytes; 0 for none.
 *
 * @throws DriverError `ERR_DRIVER_STORAGE_OPTION`
 */
export function parseStorageOptions(options: Readonly<Record<string, string>>): number {
  let size = 0;
  for (const [name, value] of Object.entries(options)) {
    const key = name.toLowerCase();
    if (key !== 'size') throw new DriverError('ERR_DRIVER_STORAGE_OPTION', `Unknown option ${key}`);
    size = ramInBytes(value, 'ERR_DRIVER_STORAGE_OPTION');
  }
  return size;
}
