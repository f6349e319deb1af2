/** A whole random experiment as plain data: the layers, how they are mounted, and what is done then. */
import fc, { type Arbitrary } from 'fast-check';
import { MS_NOATIME, MS_RELATIME, MS_STRICTATIME } from '../abi/flags.ts';
import { callers, isDrawn, type OperationChoice, opening, operation, optionsOf } from './draw.ts';
import { anyLayerStack, type Layer, layerStack, plainLayer } from './layers.ts';
import type { Caller, Operation } from './operations.ts';
import { steer } from './steer.ts';
import type { Layout } from './union.ts';

/** A random experiment as plain data: it prints, is kept in a file, and runs again. */
export interface Sequence {
  /** Lower layers, the topmost first; on a plain filesystem, one layer that is the tree itself. */
  readonly layers: readonly Layer[];
  /** What the upper layer holds at the beginning; `undefined` on a plain filesystem. */
  readonly upper?: Layer | undefined;
  /** Where the layers of a union lie; all on one tmpfs unless given. */
  readonly layout?: Layout;
  /** Layers of data alone, below the others. */
  readonly data?: readonly Layer[];
  /** Who calls at the beginning; root unless given. */
  readonly caller?: Caller;
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
  /** Layouts to draw from for a union; `one` unless given. */
  readonly layouts?: readonly Layout[];
  /** Each union has layers of data alone, where its options allow them. */
  readonly withData?: boolean;
}

const atime = fc.constantFrom(MS_NOATIME, MS_RELATIME, MS_STRICTATIME);

const withAttributes = (options: string): boolean => /=on|userxattr|redirect_dir/.test(options);

/** Lets others than root do something: they own what root owned, and may write to the root of the tree. */
function given(layer: Layer): Layer {
  return layer.map((entry) => (entry.uid === 0 ? { ...entry, uid: 1000, mode: entry.mode | 0o700 } : entry));
}
const openRoot: Layer[number] = {
  path: '',
  type: 'directory',
  mode: 0o777,
  uid: 0,
  gid: 0,
  mtime: { sec: 1_150_000_000, nsec: 2 },
  xattrs: [],
};

const dataLayers = fc.array(plainLayer, { minLength: 1, maxLength: 2 });
const seldomData = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(plainLayer) });

/** Everything but the operations. */
function setupOf(choice: SequenceChoice): Arbitrary<Omit<Sequence, 'operations'>> {
  if (choice.filesystem === 'tmpfs')
    return fc.record({ layers: fc.tuple(plainLayer), options: fc.constant(''), atime });
  const upper = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: plainLayer });
  const layout = choice.layouts && fc.constantFrom(...choice.layouts);
  return optionsOf(choice.options).chain((options) =>
    fc.record({
      layers: withAttributes(options) ? anyLayerStack : layerStack,
      upper,
      options: fc.constant(options),
      atime,
      ...(layout && { layout }),
      ...(options.includes('metacopy=on') && { data: choice.withData === true ? dataLayers : seldomData }),
      ...(choice.callers === 'others' && { caller: callers.others }),
    }),
  );
}

/** A random experiment on a plain filesystem, or on a union. */
export function sequence(choice: SequenceChoice): Arbitrary<Sequence> {
  const union = choice.filesystem === 'overlay';
  const turns = fc.tuple(operation({ ...choice, union }), fc.nat(0xfffff));
  const openings =
    choice.only === undefined ? fc.array(fc.tuple(opening, fc.nat(0xfffff)), { maxLength: 5 }) : fc.constant([]);
  const drawn = fc.array(turns, { minLength: choice.length, maxLength: choice.length });
  return fc.tuple(setupOf(choice), openings, drawn).map(([drawnSetup, first, rest]) => {
    const setup = choice.callers === 'others' ? opened(drawnSetup) : drawnSetup;
    const tree = setup.upper === undefined ? setup.layers : [setup.upper, ...setup.layers];
    return { ...setup, operations: steer(tree, [...first, ...rest], (call) => isDrawn(choice, call)) };
  });
}

function opened(setup: Omit<Sequence, 'operations'>): Omit<Sequence, 'operations'> {
  const layers = setup.layers.map(given);
  if (setup.upper === undefined) return { ...setup, layers: [[...layers[0]!, openRoot]] };
  return { ...setup, layers, upper: [...given(setup.upper), openRoot] };
}
