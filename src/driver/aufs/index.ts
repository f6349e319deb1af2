/**
 * Docker's first driver, aufs: the layers of an image and of its containers as branches of AUFS, one mount for each layer
 * that is shown and has others below it.
 *
 * Reading costs nothing to set up; the first write to a file of a layer below copies the whole file. At most 126 layers
 * lie below one.
 *
 * @packageDocumentation
 */
export { aufs } from './start.ts';
