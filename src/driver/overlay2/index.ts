/**
 * Docker's overlay2: the layers of an image and of its containers as directories over one another, one overlayfs mount
 * for each that is shown.
 *
 * Reading costs nothing to set up; the first write to a file of a layer below copies the whole file. At most 128 layers
 * lie below one.
 *
 * @packageDocumentation
 */
export { overlay2 } from './start.ts';
