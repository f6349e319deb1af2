/**
 * What others run against their own machine: random layers and operations, replay and comparison. Needs `fast-check`.
 *
 * @packageDocumentation
 */
export { applyOperation } from './calls.ts';
export { type CompareOptions, compareTasks, type Divergence, type Subject } from './compare.ts';
export { Describer } from './describe.ts';
export { type Layer, type LayerEntry, layerStack, overlayLayer, plainLayer } from './layers.ts';
export { masks, type OptionalMask, optionalMasks } from './masks.ts';
export { directoryPath, filePath, plainPath, symlinkTarget } from './names.ts';
export { type Callers, type OperationChoice, operation } from './draw.ts';
export { mountOptions } from './mount-options.ts';
export type { Caller, Operation } from './operations.ts';
export { Replay } from './replay.ts';
export { type Sequence, type SequenceChoice, sequence } from './sequence.ts';
export type { Result, SubjectTask } from './subject.ts';
export { dumpTree } from './tree.ts';
export { type Layout, layouts } from './union.ts';
