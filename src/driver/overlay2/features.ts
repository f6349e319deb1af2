/** What the driver offers on this kernel and this disk. */
import type { Task } from '../../kernel/task.ts';
import type { DriverFeatures } from '../driver.ts';
import { overlayNonStandard } from '../overlay-features.ts';
import { MAX_DEPTH } from './layout.ts';

/** What is known without trying. */
export interface KnownFeatures {
  readonly home: string;
  /** The options that every mount of the driver begins with, a comma behind each. */
  readonly mountOptions: string;
  readonly nativeDiff: boolean;
  readonly quota: boolean;
}

/** The features, those of overlayfs found out by trying. */
export function featuresOf(task: Task, { home, mountOptions, nativeDiff, quota }: KnownFeatures): DriverFeatures {
  const nonStandard = overlayNonStandard(task, home, { mountOptions, hardLinked: false });
  return Object.freeze({ copyOnWrite: 'file', nativeDiff, quota, maxDepth: MAX_DEPTH, nonStandard });
}
