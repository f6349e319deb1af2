/** `dockerd --storage-opt`. @see moby pkg/parsers/parsers.go (ParseKeyValueOpt) */
import { DriverError } from './driver-error.ts';

/**
 * The name and the value of an option as they are written, without the blanks around them.
 *
 * @throws DriverError `ERR_DRIVER_OPTION`
 */
export function parseDriverOption(option: string): { readonly key: string; readonly value: string } {
  const equals = option.indexOf('=');
  if (equals < 0) throw new DriverError('ERR_DRIVER_OPTION', `Unable to parse key/value option: ${option}`);
  return { key: option.slice(0, equals).trim(), value: option.slice(equals + 1).trim() };
}
