/**
 * The library without its doors to the outside: `directory` and `apply` are not here.
 *
 * @packageDocumentation
 */
export { createMachine, type MachineOptions } from './union/create-machine.ts';
export type { Machine } from './machine/machine.ts';
export { archive, union } from './union/browser.ts';
export type { CommittedLayer } from './union/committed-layer.ts';
export type { Layers, LayerSource } from './union/layer-source.ts';
export { mounted } from './union/mounted.ts';
export { type Tree, type TreeEntry, tree } from './union/tree.ts';
export type { Union, UnionOptions } from './union/union.ts';
export { UnionError } from './union/union-error.ts';
export { volume } from './union/volume.ts';
