/**
 * Graph drivers: what keeps the layers of images and containers on a disk and shows them as directories. The contract,
 * what a driver can be built from, and the choice of a driver when a daemon starts; the drivers themselves are
 * `lowerdir/driver/overlay2`, `lowerdir/driver/overlay`, `lowerdir/driver/aufs` and `lowerdir/driver/vfs`.
 *
 * @packageDocumentation
 */
export * from './backing-filesystem.ts';
export { type ChosenDriver, chooseDriver, type DriverChoice, driverPriority } from './choose.ts';
export * from './driver.ts';
export * from './driver-error.ts';
export { naiveDiff, type NaiveDiffParts } from './naive-diff.ts';
