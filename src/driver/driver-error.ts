/**
 * Why a graph driver refused. Messages are Docker's.
 *
 * - `ERR_DRIVER_NOT_SUPPORTED` the kernel lacks what the driver stands on
 * - `ERR_DRIVER_PREREQUISITES` the home lies on a filesystem that the driver cannot use
 * - `ERR_DRIVER_INCOMPATIBLE` the home lies on a filesystem that the driver refuses to lie on
 * - `ERR_DRIVER_CHOICE` several drivers have left layers behind, none can be used, or there is none of that name
 * - `ERR_DRIVER_OPTION` an option of the driver that is unknown, or whose value cannot be read
 * - `ERR_DRIVER_STORAGE_OPTION` an option of one layer that is unknown, unreadable or not for such a layer
 * - `ERR_DRIVER_QUOTA` a size that the disk below cannot enforce
 * - `ERR_DRIVER_ID` an id that names no layer, cannot name one, or is taken
 * - `ERR_DRIVER_DEPTH` more layers on top of one another than the driver can mount
 * - `ERR_DRIVER_MOUNT` the system refused to mount a layer; `cause` is its error
 * - `ERR_DRIVER_REMOVE` the system refused to remove a layer; `cause` is its error, and a second try goes on from there
 */
export type DriverErrorCode =
  | 'ERR_DRIVER_NOT_SUPPORTED'
  | 'ERR_DRIVER_PREREQUISITES'
  | 'ERR_DRIVER_INCOMPATIBLE'
  | 'ERR_DRIVER_CHOICE'
  | 'ERR_DRIVER_OPTION'
  | 'ERR_DRIVER_STORAGE_OPTION'
  | 'ERR_DRIVER_QUOTA'
  | 'ERR_DRIVER_ID'
  | 'ERR_DRIVER_DEPTH'
  | 'ERR_DRIVER_MOUNT'
  | 'ERR_DRIVER_REMOVE';

/** The refusal of a graph driver, with Docker's words for it. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly code: DriverErrorCode;

  constructor(code: DriverErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
