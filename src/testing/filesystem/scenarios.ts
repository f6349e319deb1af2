/**
 * Named scenarios for any filesystem, as plain data: one table for the suite, for the trees that random commands begin
 * with, and for comparisons of whole machines.
 */
import type { Sequence } from '../sequence.ts';
import { attributeScenarios, xattrScenarios } from './attribute-scenarios.ts';
import { fileScenarios } from './file-scenarios.ts';
import { nameScenarios, symlinkScenarios } from './name-scenarios.ts';
import type { Scenario } from './scenario.ts';

/** Every scenario, by what it is about. */
export const scenarioGroups: Readonly<Record<string, readonly Scenario[]>> = {
  files: fileScenarios,
  names: nameScenarios,
  symlinks: symlinkScenarios,
  attributes: attributeScenarios,
  'extended attributes': xattrScenarios,
};

/** Every scenario. */
export const scenarios: readonly Scenario[] = Object.values(scenarioGroups).flat();

const RELATIME = 0x200000;

/** The scenario as an experiment on an empty tmpfs, or on a union of empty layers. */
export const sequenceOf = ({ operations }: Scenario, filesystem: 'tmpfs' | 'overlay' = 'tmpfs'): Sequence => ({
  layers: [[]],
  ...(filesystem === 'overlay' && { upper: [] }),
  options: '',
  atime: RELATIME,
  operations,
});
