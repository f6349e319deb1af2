/** Layers that a graph driver keeps, in a layer store as dockerd's: each is taken in whole, as a tar. */
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { applyLayer } from '../archive/apply.ts';
import { concatenate } from '../archive/codecs.ts';
import type { Change } from '../archive/change.ts';
import { packLayer } from '../archive/diff.ts';
import { removeAll } from '../archive/unpack-entry.ts';
import type { DriverType } from '../driver/driver.ts';
import type { Task } from '../kernel/task.ts';
import { attempt, isStop } from '../driver/refusal.ts';
import type { RWLayer } from '../layer/layer.ts';
import { makeDirectories } from '../layer/layerdb-file.ts';
import { createLayerStore, type LayerStore } from '../layer/layer-store.ts';
import { mountProc } from './host.ts';
import { originOf } from './origin.ts';
import { attachLayers, type Stacking, type StackingParts } from './stacking.ts';
import { tarChanges } from './tar-changes.ts';

/** Docker's data root. */
const DATA_ROOT = '/var/lib/docker';
/** Where the changes are laid out for those who want an upperdir. */
const CHANGED = '/run/lowerdir';

/** `/var/lib/docker/DRIVER` with the layers and `/var/lib/docker/image/DRIVER/layerdb` with what is known of them. */
export class OnDriver implements Stacking {
  readonly store: LayerStore;
  merged = '';
  readonly #task: Task;
  readonly #directories: readonly string[];
  readonly #chainID: string;
  #writable!: RWLayer;
  #generation = 0;
  /** Writable layers of earlier generations that are still to be removed. */
  readonly #forgotten = new Set<RWLayer>();

  constructor(parts: StackingParts, type: DriverType, options: readonly string[]) {
    const { machine, layers, tools } = parts;
    this.#task = machine.task;
    this.#directories = attachLayers(parts);
    mountProc(this.#task);
    makeDirectories(this.#task, DATA_ROOT, 0o755);
    const driver = type.init({ task: this.#task, home: `${DATA_ROOT}/${type.name}`, options });
    const root = `${DATA_ROOT}/image/${type.name}/layerdb`;
    this.store = createLayerStore({ task: this.#task, root, driver, codecs: tools.codecs });
    let chainID: string | undefined;
    for (let i = layers.length - 1; i >= 0; i--) {
      const tar = layers[i]!.tar?.() ?? packLayer(this.#task, this.#directories[i]!, { names: tools.names });
      ({ chainID } = this.store.register(tar, chainID));
    }
    this.#chainID = chainID!;
    this.#mountWritable();
  }

  /** A new writable layer takes the place of the one before. @throws errors of the driver and the system, with nothing changed */
  #mountWritable(): void {
    const made = this.store.createRWLayer(`union-${this.#generation++}`, this.#chainID);
    try {
      this.merged = made.mount();
    } catch (error) {
      this.#forgotten.add(made);
      if (!isStop(error)) this.#removeForgotten();
      throw error;
    }
    this.#writable = made;
  }

  /** What the system refuses to remove takes room until the next try, and nothing else. */
  #removeForgotten(): void {
    for (const layer of this.#forgotten) {
      attempt(() => {
        layer.unmount();
        this.store.releaseRWLayer(layer);
        this.#forgotten.delete(layer);
      });
    }
  }

  /** A driver that keeps whole trees has no other directory for the writable layer. */
  get upper(): string {
    const { driver } = this.store;
    const own = this.#writable.metadata()?.['UpperDir'] ?? driver.diffGetter?.(this.#writable.mountID).directory;
    return own ?? this.merged;
  }

  changes(): Change[] {
    const shown = (path: string): boolean => originOf(this.#task, this.#directories, path) !== undefined;
    return [...tarChanges(this.#writable.tar(), { exists: shown })];
  }

  pack(): { tar: Uint8Array; parent(): string } {
    return { tar: concatenate([...this.#writable.tar()]), parent: () => this.#chainID };
  }

  changed(): string {
    const task = this.#task;
    removeAll(task, CHANGED);
    makeDirectories(task, CHANGED, 0o755);
    applyLayer(task, CHANGED, this.pack().tar, { form: 'overlay', breakout: 'contain' });
    return CHANGED;
  }

  discard(): void {
    const before = this.#writable;
    this.#mountWritable();
    this.#forgotten.add(before);
    this.#removeForgotten();
  }

  origin(path: string): number | 'upper' | undefined {
    if (this.#task.statIfPresent(`${this.merged}/${path}`, AT_SYMLINK_NOFOLLOW) === undefined) return undefined;
    const wanted = `/${path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/')}`;
    if (this.changes().some((change) => change.kind !== 'D' && change.path === wanted)) return 'upper';
    return originOf(this.#task, this.#directories, path);
  }
}
