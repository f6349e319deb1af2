/** A whole random experiment as plain data: the layers, how they are mounted, and what is done then. */
import fc, { type Arbitrary } from 'fast-check';
import { MS_NOATIME, MS_RELATIME, MS_STRICTATIME } from '../abi/flags.ts';
import { type Layer, layerStack, plainLayer } from './layers.ts';
import { type Operation, type OperationChoice, operation } from './operations.ts';

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

export interface SequenceChoice extends Omit<OperationChoice, 'union'> {
  readonly filesystem: 'tmpfs' | 'overlay';
  /** The most operations. */
  readonly length: number;
  /** Options to draw from for the overlay mount. */
  readonly options?: readonly string[];
}

const atime = fc.constantFrom(MS_NOATIME, MS_RELATIME, MS_STRICTATIME);

/** A random experiment on a plain filesystem, or on a union. */
export function sequence(choice: SequenceChoice): Arbitrary<Sequence> {
  const union = choice.filesystem === 'overlay';
  const operations = fc.array(operation({ ...choice, union }), { minLength: 1, maxLength: choice.length, size: 'max' });
  if (!union) {
    return fc.record({ layers: fc.tuple(plainLayer), options: fc.constant(''), atime, operations });
  }
  const upper: Arbitrary<Layer> = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: plainLayer },
  );
  return fc.record({
    layers: layerStack,
    upper,
    options: fc.constantFrom(...(choice.options ?? [''])),
    atime,
    operations,
  });
}
