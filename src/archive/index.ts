/**
 * Layers as tar archives: read, verified, unpacked, written byte for byte as Docker writes them.
 *
 * @packageDocumentation
 */
export * from './index.browser.ts';
export { nodeCodecs } from './node-codecs.ts';
