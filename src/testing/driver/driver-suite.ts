/** The suite that every graph driver has to pass: moby's own, containerd's, overlay2's, in words and code of our own. */
import type { DriverFeatures } from '../../driver/driver.ts';
import type { SuiteCase } from '../suite.ts';
import { changeCases } from './change-cases.ts';
import { DriverBench, type DriverSuiteParts } from './driver-bench.ts';
import type { DriverCase } from './driver-case.ts';
import { lawCases } from './law-cases.ts';
import { layerCases } from './layer-cases.ts';
import { layerStoreCases } from './layer-store-cases.ts';
import { nonStandardCases } from './non-standard-cases.ts';
import { snapshotCases } from './snapshot-cases.ts';
import { unpackCases } from './unpack-cases.ts';

export type { DriverMachine, DriverSuiteParts } from './driver-bench.ts';

/** Every case there is, group by group. */
export const driverCases: Readonly<Record<string, readonly DriverCase[]>> = {
  ...layerCases,
  ...snapshotCases,
  ...changeCases,
  ...unpackCases,
  ...layerStoreCases,
  ...nonStandardCases,
  ...lawCases,
};

/**
 * The cases for a driver. Each runs on a machine of its own. What does not apply to a driver of such features tells why
 * in `skip`.
 *
 * @example
 * ```ts
 * import { vfs } from 'lowerdir/driver/vfs';
 * import { driverSuite } from 'lowerdir/testing';
 * const cases = driverSuite({ driver: vfs(), runs: 1 });
 * cases.find(({ name }) => name === 'a writable layer takes no more than its size')!.skip; // => 'the driver limits no sizes'
 * for (const { group, skip, run } of cases) if (group === 'layers' && skip === undefined) run();
 * ```
 *
 * @throws DriverError where the features are not given and the driver cannot be started to tell them
 */
export function driverSuite(parts: DriverSuiteParts): readonly SuiteCase[] {
  const features = parts.features ?? new DriverBench(parts).driver.features;
  return Object.entries(driverCases).flatMap(([group, cases]) =>
    cases.map((each) => caseFor(parts, features, group, each)),
  );
}

function caseFor(parts: DriverSuiteParts, features: DriverFeatures, group: string, each: DriverCase): SuiteCase {
  const skip = each.skip?.(features);
  return {
    group,
    name: each.name,
    ...(skip === undefined ? {} : { skip }),
    run: () => each.run(new DriverBench(parts)),
  };
}
