/** What a case of the driver suite is, and what it asks of a driver's features. */
import type { DriverFeatures } from '../../driver/driver.ts';
import type { DriverBench } from './driver-bench.ts';

/** One case, before it has a driver. */
export interface DriverCase {
  /** What must hold, unique in the suite. */
  readonly name: string;
  /** Why the case does not apply to a driver of such features. */
  readonly skip?: (features: DriverFeatures) => string | undefined;
  readonly run: (bench: DriverBench) => void;
}

/** Layers as Docker names those of its tests: by what they are. */
export const BASE = 'base';

/** How deep the deepest stack of a case is: what the older union filesystems could take. */
const DEEP = 128;

/** How many layers a case may put below one. */
export const depthOf = (features: DriverFeatures): number => Math.min(DEEP, features.maxDepth);
