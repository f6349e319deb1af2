/**
 * Layers by their content, and the store that keeps them over a graph driver.
 *
 * @packageDocumentation
 */
export * from './digest.ts';
export * from './empty-layer.ts';
export * from './layer.ts';
export * from './layer-error.ts';
export * from './init-layer.ts';
export { createLayerStore, type LayerStore, type LayerStoreParts } from './layer-store.ts';
export type { CheckOptions } from './check.ts';
export type { Ingest } from './ingest.ts';
export { type GraphMigration, migrateGraph } from './graph-migration.ts';
export type { GraphChecksum, GraphLayer } from './migration.ts';
