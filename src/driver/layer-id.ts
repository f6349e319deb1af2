/** What can name a layer: one component of a path. */
import { DriverError } from './driver-error.ts';

/** Whether a directory of a driver's home can bear that name. */
export const isLayerId = (id: string): boolean => id !== '' && id !== '.' && id !== '..' && !/[/\0]/.test(id);

/**
 * Refuses what names no layer, before it becomes part of a path.
 *
 * @throws DriverError `ERR_DRIVER_ID`
 */
export function requireLayerId(driver: string, id: string): void {
  if (!isLayerId(id)) throw new DriverError('ERR_DRIVER_ID', `${driver}: ${JSON.stringify(id)} cannot name a layer`);
}
