/** A whole random experiment as plain data: the layers, how they are mounted, and what is done then. */
import fc, { type Arbitrary } from 'fast-check';
import { MS_NOATIME, MS_RELATIME, MS_STRICTATIME } from '../abi/flags.ts';
import { type Layer, layerStack, plainLayer } from './layers.ts';
import { type Operation, type OperationChoice, opening, operation } from './operations.ts';
import { steer } from './steer.ts';

/** A random experiment as plain data: it prints, is kept in a file, and runs again. */
export interface Sequence {
  /** Lower layers, the topmost first; on a plain filesystem, one layer that is the tree itself. */
  readonly layers: readonly Layer[];
  /** What the upper layer holds at the beginning; `undefined` on a plain filesystem. */
  readonly upper?: Layer | undefined;
  /** Options of the overlay mount, with a comma before each. */
  readonly options: string;
  /** How times of access are kept: `MS_NOATIME`, `MS_RELATIME` or `MS_STRICTATIME`. */
  readonly atime: number;
  readonly operations: readonly Operation[];
}

/** What an experiment may be like. */
export interface SequenceChoice extends Omit<OperationChoice, 'union'> {
  readonly filesystem: 'tmpfs' | 'overlay';
  /** How many operations, besides a few files that are opened first. */
  readonly length: number;
  /** Options to draw from for the overlay mount. */
  readonly options?: readonly string[];
}

const atime = fc.constantFrom(MS_NOATIME, MS_RELATIME, MS_STRICTATIME);

/** A random experiment on a plain filesystem, or on a union. */
export function sequence(choice: SequenceChoice): Arbitrary<Sequence> {
  const union = choice.filesystem === 'overlay';
  const upper: Arbitrary<Layer | undefined> = union
    ? fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: plainLayer })
    : fc.constant(undefined);
  const turns = fc.tuple(operation({ ...choice, union }), fc.nat(0xfffff));
  const openings =
    choice.only === undefined ? fc.array(fc.tuple(opening, fc.nat(0xfffff)), { maxLength: 5 }) : fc.constant([]);
  return fc
    .record({
      layers: union ? layerStack : fc.tuple(plainLayer),
      upper,
      options: fc.constantFrom(...(choice.options ?? [''])),
      atime,
      openings,
      drawn: fc.array(turns, { minLength: choice.length, maxLength: choice.length }),
    })
    .map(({ openings, drawn, ...setup }) => {
      const tree = setup.upper === undefined ? setup.layers : [setup.upper, ...setup.layers];
      return { ...setup, operations: steer(tree, [...openings, ...drawn]) };
    });
}
