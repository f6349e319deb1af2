/** Our store: the layer store over one of our drivers, on a machine whose disk has the same paths as the real one. */
import { readFileSync } from 'node:fs';
import { AT_FDCWD, O_CREAT, O_WRONLY } from '../../src/abi/flags.ts';
import { nodeCodecs } from '../../src/archive/index.ts';
import { type DriverType, overlay, overlay2, vfs } from './drivers.ts';
import { initLayer } from '../../src/layer/init-layer.ts';
import { chainOf, type Layer, type RWLayer } from '../../src/layer/layer.ts';
import { createLayerStore, type LayerStore } from '../../src/layer/layer-store.ts';
import { EMPTY_LAYER_DIFF_ID } from '../../src/layer/index.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { makeParents } from '../../src/testing/build.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import type { SystemCalls } from '../../src/kernel/system-calls.ts';
import type { DriverName } from './dockerd.ts';
import { SetClock } from './set-clock.ts';
import type { Image, Inspection, Mounting, Store, Work } from './store.ts';

const types: { readonly [name in DriverName]: () => DriverType } = { overlay2, overlay, vfs };

/** Where the host keeps the names of users and groups, which go into the headers of layers. */
const NAME_FILES = ['/etc/passwd', '/etc/group'];

export interface LowerdirParts {
  readonly driver: DriverName;
  /** The data root. */
  readonly root: string;
  /** When it is, in seconds. */
  readonly time: number;
  /** What the files of user names hold; the host's unless given. */
  readonly names?: Readonly<Record<string, Uint8Array>>;
  /** Makes another driver of the one that is asked for: one with a mistake. */
  readonly plant?: ((type: DriverType) => DriverType) | undefined;
}

const hostNames = (): Record<string, Uint8Array> =>
  Object.fromEntries(NAME_FILES.map((path) => [path, readFileSync(path)]));

export class LowerdirStore implements Store {
  readonly driver: DriverName;
  readonly root: string;
  readonly clock: SetClock;
  layers: LayerStore;
  readonly #task: SystemCalls;
  readonly #start: () => LayerStore;
  readonly #images = new Map<string, Layer | undefined>();
  readonly #containers = new Map<string, RWLayer>();
  #made = 0;

  constructor({ driver, root, time, names = hostNames(), plant = (type) => type }: LowerdirParts) {
    this.driver = driver;
    this.root = root;
    this.clock = new SetClock(time);
    const { task } = createMachine({ clock: this.clock });
    this.#task = task;
    for (const [path, bytes] of Object.entries(names)) this.#write(path, bytes);
    this.#start = () => {
      const graphDriver = plant(types[driver]()).init({ task, home: `${root}/${driver}` });
      makeParents(this.task, `${root}/image/${driver}/`);
      const layerdb = `${root}/image/${driver}/layerdb`;
      return createLayerStore({ task, root: layerdb, driver: graphDriver, codecs: nodeCodecs });
    };
    makeParents(this.task, `${root}/`);
    this.layers = this.#start();
  }

  get task(): SubjectTask {
    return this.#task as unknown as SubjectTask;
  }

  #write(path: string, bytes: Uint8Array): void {
    makeParents(this.task, path);
    const fd = this.#task.openat(AT_FDCWD, path, O_WRONLY | O_CREAT, 0o644);
    this.#task.write(fd, bytes);
    this.#task.close(fd);
  }

  async importImage(tar: Uint8Array): Promise<Image> {
    return this.#addImage(this.layers.register(tar));
  }

  async loadImage(tars: readonly Uint8Array[]): Promise<Image> {
    let top: Layer | undefined;
    for (const tar of tars) {
      const layer = this.#registered(tar, top);
      if (top !== undefined) this.layers.release(top);
      top = layer;
    }
    return this.#addImage(top);
  }

  #registered(tar: Uint8Array, below: Layer | undefined): Layer {
    try {
      return this.layers.register(tar, below?.chainID);
    } catch (error) {
      if (below !== undefined) this.layers.release(below);
      throw error;
    }
  }

  #addImage(top: Layer | undefined): Image {
    const id = `image ${this.#made++}`;
    this.#images.set(id, top);
    return { id, layers: top === undefined ? [] : chainOf(top).map(({ diffID }) => diffID) };
  }

  /** dockerd shows a new container's filesystem once, to look for its working directory and volumes. */
  async create(image: Image, id: string): Promise<string> {
    const initFunc = (directory: string): void => initLayer(this.#task, directory);
    const layer = this.layers.createRWLayer(id, this.#images.get(image.id)?.chainID, { initFunc });
    layer.mount();
    layer.unmount();
    this.#containers.set(id, layer);
    return id;
  }

  async work<T>(container: string, _mounting: Mounting, use: (task: SubjectTask) => T): Promise<Work<T>> {
    const layer = this.#containers.get(container)!;
    const directory = layer.mount();
    const task = this.#task.clone();
    try {
      task.chdir(directory);
      task.chroot('.');
      const result = use(task as unknown as SubjectTask);
      return { result, mount: this.mountLine(directory) };
    } finally {
      task.exit();
      layer.unmount();
    }
  }

  /** The line of /proc/self/mounts for what is mounted at a path. */
  mountLine(path: string): string | undefined {
    return this.#mounts()
      .split('\n')
      .find((line) => line.split(' ')[1] === path);
  }

  #mounts(): string {
    const proc = '/proc';
    makeParents(this.task, `${proc}/`);
    this.#task.mount('proc', proc, 'proc');
    try {
      const fd = this.#task.open(`${proc}/self/mounts`, 0);
      const bytes = new Uint8Array(1 << 16);
      const size = this.#task.read(fd, bytes);
      this.#task.close(fd);
      return Buffer.from(bytes.subarray(0, size)).toString();
    } finally {
      this.#task.umount(proc);
    }
  }

  async changes(container: string): Promise<string[]> {
    return this.#containers
      .get(container)!
      .changes()
      .map(({ kind, path }) => `${kind} ${path}`);
  }

  async inspectContainer(container: string): Promise<Inspection> {
    const layer = this.#containers.get(container)!;
    const SizeRw = layer.size();
    return { data: layer.metadata(), sizes: { SizeRw, SizeRootFs: SizeRw + (layer.parent?.size ?? 0) } };
  }

  async inspectImage(image: Image): Promise<Inspection> {
    const layer = this.#images.get(image.id);
    return { data: layer?.metadata(), sizes: { Size: layer?.size ?? 0 } };
  }

  /**
   * An empty layer makes an image of the same layers as before. The container is read before the new layer is made:
   * dockerd looks for its changes before and reads on ahead of the unpacking, whose hard links to files of the image would
   * otherwise be in what is read.
   */
  async commit(container: string): Promise<Image> {
    const { parent, tar } = this.#containers.get(container)!;
    const layer = this.layers.register(Buffer.concat([...tar()]), parent?.chainID);
    if (layer.diffID !== EMPTY_LAYER_DIFF_ID) return this.#addImage(layer);
    this.layers.release(layer);
    return this.#addImage(parent === undefined ? undefined : this.layers.get(parent.chainID));
  }

  async save(image: Image): Promise<Uint8Array[]> {
    const top = this.#images.get(image.id);
    return top === undefined ? [] : chainOf(top).map((layer) => Buffer.concat([...layer.tar()]));
  }

  async removeContainer(container: string): Promise<void> {
    this.layers.releaseRWLayer(this.#containers.get(container)!);
    this.#containers.delete(container);
  }

  async removeImage(image: Image): Promise<void> {
    const layer = this.#images.get(image.id);
    this.#images.delete(image.id);
    if (layer !== undefined) this.layers.release(layer);
  }

  /** Images and containers hold their layers anew, as the daemon's own files tell it to. */
  async restart(): Promise<void> {
    this.layers.cleanup();
    this.layers = this.#start();
    for (const [id, layer] of this.#images) if (layer) this.#images.set(id, this.layers.get(layer.chainID));
    for (const id of this.#containers.keys()) this.#containers.set(id, this.layers.getRWLayer(id));
  }

  /** What is wrong with the machine or the store, after everything. */
  check(): string[] {
    return this.layers.check();
  }
}
