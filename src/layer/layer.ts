/** The contract of layers: what a layer store gives out. All of it is immutable; a change makes a new layer. */
import type { Content } from '../archive/codecs.ts';
import type { Change } from '../archive/diff.ts';

/** The digests and sizes of a layer: also what is told of one that was removed. */
export interface LayerMetadata {
  /** The digest of the layer together with all below it: its name in a layer store. */
  readonly chainID: string;
  /** sha256 of the layer's uncompressed tar: its content. */
  readonly diffID: string;
  /** Bytes of this layer and all below it, as the driver counts them. */
  readonly size: number;
  /** Bytes of this layer alone, as the driver counts them. */
  readonly diffSize: number;
}

/** A read-only layer on top of those below it, shared by all who ask for its chainID. @see moby layer/ro_layer.go */
export interface Layer extends LayerMetadata {
  /** The layer below, left out for a base. It is a view: it holds no reference and cannot be given back. */
  readonly parent?: Layer;
  /** What the driver calls the layer: random, and no part of its content. */
  readonly cacheID: string;
  /**
   * The uncompressed tar as it was taken in, byte for byte, put together anew for every loop over it and verified on
   * the way. The driver shows the layer while a loop runs; one that breaks off leaves nothing shown.
   *
   * @throws ArchiveError `ERR_TAR_SPLIT_CHECKSUM` at a file whose bytes have changed; LayerError `ERR_LAYER_VERIFY` at
   * the end of anything else; `ENOENT` for a file that is gone
   */
  tar(): Iterable<Uint8Array>;
  /**
   * A tar of what changed since the layer `chainID` below; of everything where none is given. It is written by the
   * driver and need not be what was taken in.
   *
   * @throws LayerError `ERR_LAYER_PARENT` when `chainID` is not below this layer
   */
  tarFrom(chainID?: string): Iterable<Uint8Array>;
  /** What `docker inspect` tells as `GraphDriver.Data`; `undefined` where that is `null`. */
  metadata(): Readonly<Record<string, string>> | undefined;
}

/** The writable layer of a container, on top of an image's and of an init layer. @see moby layer/mounted_layer.go */
export interface RWLayer {
  /** The container's id, or any other name that was given. */
  readonly name: string;
  /** What the driver calls the layer. */
  readonly mountID: string;
  /** What the driver calls the init layer, `MOUNT-ID-init`; left out where there is none. */
  readonly initID?: string;
  /** The image's topmost layer, as a view; left out for a container without an image. */
  readonly parent?: Layer;
  /** The directory that shows the layer with all below it. Counted: as many `unmount` hide it again. */
  mount(mountLabel?: string): string;
  /** Gives back one `mount`. */
  unmount(): void;
  /** What differs from the init layer, as `docker diff` tells it. */
  changes(): readonly Change[];
  /** Bytes that differ from the init layer, as `docker ps -s` tells them. */
  size(): number;
  /** A tar of what differs from the init layer: what `docker commit` takes in. */
  tar(): Iterable<Uint8Array>;
  /** Unpacks a tar into the layer; answers its size as the driver counts it. */
  applyDiff(tar: Content): number;
  /** What `docker inspect` tells as `GraphDriver.Data`. */
  metadata(): Readonly<Record<string, string>> | undefined;
}

/** What a writable layer is made with. */
export interface RWLayerOptions {
  /** An SELinux context. */
  readonly mountLabel?: string;
  /** `docker run --storage-opt`: `{ size: '10G' }`. */
  readonly storageOptions?: Readonly<Record<string, string>>;
  /** Prepares a layer of its own between the image and the container, which is shown to it as a directory. */
  readonly initFunc?: (directory: string) => void;
}

/** The layer and all below it, base first. */
export function chainOf(layer: Layer): readonly Layer[] {
  const chain: Layer[] = [];
  for (let each: Layer | undefined = layer; each !== undefined; each = each.parent) chain.push(each);
  return chain.reverse();
}
