/** Sizes as people write them in storage options. @see go-units v0.4.0 size.go (RAMInBytes) */
import { DriverError, type DriverErrorCode } from './driver-error.ts';

/** 1 for `''`, 1024 for `'k'` … 1024⁵ for `'p'`. */
const multiplier = (unit: string): number => (unit === '' ? 1 : 1024 ** ' kmgtp'.indexOf(unit.toLowerCase()));

/**
 * Bytes of `10G`, `1.5 KiB`, `4096`: a unit of 1024, upper or lower case, `i` and `b` may follow it.
 *
 * @param code what the refusal is about: an option of the driver or of a layer
 * @throws DriverError `code`, with go-units' words
 */
export function ramInBytes(text: string, code: DriverErrorCode): number {
  const found = /^(\d+(?:\.\d+)*) ?([kmgtp])?i?b?$/i.exec(text);
  if (found === null) throw new DriverError(code, `invalid size: '${text}'`);
  const [, digits, unit = ''] = found;
  if (digits!.split('.').length > 2) {
    throw new DriverError(code, `strconv.ParseFloat: parsing ${JSON.stringify(digits)}: invalid syntax`);
  }
  return Math.trunc(Number(digits) * multiplier(unit));
}
