/** What can name a layer: one component of a path, as long as a name may be. */
import { pathErrorText } from '../abi/errno-text.ts';
import { NAME_MAX } from '../abi/flags.ts';
import { encodeName } from '../abi/name-bytes.ts';
import { DriverError } from './driver-error.ts';
import { isErrno } from './refusal.ts';

/** Whether a directory of a driver's home can bear that name. */
export const isLayerId = (id: string): boolean =>
  id !== '' && id !== '.' && id !== '..' && !/[/\0]/.test(id) && encodeName(id).length <= NAME_MAX;

/** The refusal of an id that no layer of the driver can have. */
export const layerIdRefusal = (driver: string, id: string): DriverError =>
  new DriverError('ERR_DRIVER_ID', `${driver}: ${JSON.stringify(id)} cannot name a layer`);

/**
 * Refuses what names no layer, before it becomes part of a path.
 *
 * @throws DriverError `ERR_DRIVER_ID`
 */
export function requireLayerId(driver: string, id: string): void {
  if (!isLayerId(id)) throw layerIdRefusal(driver, id);
}

/** Refuses to remove what the empty id names: the whole home. @throws DriverError `ERR_DRIVER_ID` */
export function refuseEmptyId(id: string): void {
  if (id === '') throw new DriverError('ERR_DRIVER_ID', 'refusing to remove the directories: id is empty');
}

/**
 * Looks at something that every layer has; where that is missing there is no such layer.
 *
 * @param operation what Go calls the call: `stat`
 * @throws DriverError `ERR_DRIVER_ID`
 */
export function orNoSuchLayer<T>(operation: string, path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw new DriverError('ERR_DRIVER_ID', pathErrorText(operation, path, error), error);
  }
}

/** The refusal of a directory that is there already. */
export const layerExists = (directory: string): DriverError =>
  new DriverError('ERR_DRIVER_ID', `mkdir ${directory}: file exists`);
