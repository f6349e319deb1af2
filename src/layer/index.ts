/**
 * Layers as values, and the names that their content gives them.
 *
 * @packageDocumentation
 */
export * from './digest.ts';
export * from './layer.ts';
