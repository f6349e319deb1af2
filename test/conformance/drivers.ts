/** The drivers that have to pass the suite, and what of it does not apply to each. */
import type { DriverType } from '../../src/driver/driver.ts';
import { overlay } from '../../src/driver/overlay/index.ts';
import { overlay2 } from '../../src/driver/overlay2/index.ts';
import { vfs } from '../../src/driver/vfs/index.ts';

/** A driver, and the cases that it has a reason to leave out. */
export interface Candidate {
  readonly driver: DriverType;
  readonly left: Readonly<Record<string, string>>;
}

const QUOTA = { 'a writable layer takes no more than its size': 'the driver limits no sizes' };
const DEPTH = {
  'one layer more than can be stacked is refused and leaves nothing': 'any number of layers can be stacked',
};
const RENAME = {
  'directories of a layer below can be renamed': 'rename of a directory of a layer below gives EXDEV',
};
const ROOT = {
  'a mark in the root of a layer hides all that lies below':
    'overlayfs does not look for a mark on the root of a layer',
};

export const candidates: readonly Candidate[] = [
  { driver: overlay2(), left: { ...QUOTA, ...RENAME, ...ROOT } },
  { driver: overlay(), left: { ...QUOTA, ...DEPTH, ...RENAME } },
  { driver: vfs(), left: { ...QUOTA, ...DEPTH } },
];
