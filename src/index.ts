/**
 * Union mounts in memory: stack read-only layers, work in the merged tree through node:fs, see what changed and commit it.
 *
 * @packageDocumentation
 */
export { createMachine, type MachineOptions } from './union/create-machine.ts';
export type { Machine } from './machine/machine.ts';
export type { CommittedLayer } from './union/committed-layer.ts';
export type { Layers, LayerSource } from './union/layer-source.ts';
export { mounted } from './union/mounted.ts';
export { archive, directory, type NodeUnion, union } from './union/node.ts';
export { type Tree, type TreeEntry, tree } from './union/tree.ts';
export type { UnionOptions } from './union/union.ts';
export { UnionError } from './union/union-error.ts';
export { volume } from './union/volume.ts';
