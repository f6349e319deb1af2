/** The drivers that are compared, by their names. */
export type { DriverType } from '../../src/driver/driver.ts';
export { overlay2 } from '../../src/driver/overlay2/index.ts';
export { overlay } from '../../src/driver/overlay/index.ts';
export { vfs } from '../../src/driver/vfs/index.ts';
