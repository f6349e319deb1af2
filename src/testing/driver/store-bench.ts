/** A layer store on top of the driver in question. */
import { type Content, concatenate, pureCodecs } from '../../archive/codecs.ts';
import type { Layer, RWLayerOptions } from '../../layer/layer.ts';
import { createLayerStore, type LayerStore } from '../../layer/layer-store.ts';
import type { ListingOptions } from '../listing.ts';
import type { DriverBench, Fill } from './driver-bench.ts';

/** The driver's bench, and a layer store with the steps that cases are made of. */
export class StoreBench {
  readonly bench: DriverBench;
  #store: LayerStore;
  #containers = 0;

  constructor(bench: DriverBench) {
    this.bench = bench;
    this.#store = this.#open();
  }

  /** Where the store keeps its files. */
  get root(): string {
    return `/var/lib/docker/image/${this.bench.driver.name}/layerdb`;
  }

  get store(): LayerStore {
    return this.#store;
  }

  #open(): LayerStore {
    const { task, driver } = this.bench;
    return createLayerStore({ task, driver, root: this.root, codecs: pureCodecs });
  }

  /** The daemon stops and starts again. */
  restart(): void {
    this.#store.cleanup();
    this.bench.restart();
    this.#store = this.#open();
  }

  /** What a container on `parent` has done, as a tar. */
  tarOf(parent: string | undefined, fill: Fill): Uint8Array {
    this.#containers++;
    const container = this.#store.createRWLayer(`maker-${this.#containers}`, parent);
    this.bench.pause();
    fill(container.mount(), this.bench.task);
    const tar = bytesOf(container.tar());
    container.unmount();
    this.#store.releaseRWLayer(container);
    return tar;
  }

  /** Commits what a container on `parent` has done. */
  commit(parent: string | undefined, fill: Fill): Layer {
    return this.#store.register(this.tarOf(parent, fill), parent);
  }

  /** A container that has done something. */
  container(name: string, parent: string | undefined, fill: Fill, options?: RWLayerOptions) {
    const container = this.#store.createRWLayer(name, parent, options);
    this.bench.pause();
    fill(container.mount(), this.bench.task);
    container.unmount();
    return container;
  }

  /** What a layer of the store shows. */
  list(layer: Layer, options: ListingOptions): string[] {
    return this.bench.list(layer.cacheID, options);
  }

  /** What is wrong with the store. */
  faults(): readonly string[] {
    return this.#store.check();
  }

  /** All sizes and digests of layers, top first. */
  chainIDs(layers: readonly { readonly chainID: string }[]): string[] {
    return layers.map(({ chainID }) => chainID);
  }

  /** The layers of the driver that the layers of the store stand for. */
  existing(layers: readonly Layer[]): boolean[] {
    return layers.map(({ cacheID }) => this.bench.driver.exists(cacheID));
  }
}

/** All bytes of a tar. */
export const bytesOf = (tar: Content): Uint8Array => (tar instanceof Uint8Array ? tar : concatenate([...tar]));
