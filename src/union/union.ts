/** The ten-line face: stack layers, work in the merged tree, see what changed, commit it, stack it again. */
import { AT_FDCWD } from '../abi/flags.ts';
import type { Codecs } from '../archive/codecs.ts';
import type { Change } from '../archive/change.ts';
import { noOwnerNames, type OwnerNames } from '../archive/diff.ts';
import { overlayfs } from '../filesystem/overlayfs/index.ts';
import { proc } from '../filesystem/proc/index.ts';
import { tmpfs } from '../filesystem/tmpfs/super.ts';
import type { DriverType } from '../driver/driver.ts';
import { createFs } from '../fs/create-fs.ts';
import type { IFs } from '../fs/ifs.ts';
import { type Clock, ExternalClock } from '../kernel/clock.ts';
import { formatMounts } from '../kernel/mount-calls.ts';
import { LOOKUP_FOLLOW, resolvePath } from '../kernel/namei.ts';
import type { SystemCalls } from '../kernel/system-calls.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { Machine } from '../machine/machine.ts';
import { type CommittedLayer, committedLayer } from './committed-layer.ts';
import { Host } from './host.ts';
import { InPlace } from './in-place.ts';
import { OnDriver } from './on-driver.ts';
import type { Layers, LayerSource, LayerTools } from './layer-source.ts';
import type { Stacking } from './stacking.ts';
import { UnionError } from './union-error.ts';

/** How a union is made. */
export interface UnionOptions {
  /** Every id and random byte follows from it; 0 unless given. */
  readonly seed?: number;
  /** The host's clock unless given. */
  readonly clock?: Clock;
  /**
   * The graph driver that keeps the layers, as dockerd does with what it has pulled: `vfs()`, `overlay2()` or one of your
   * own. Each layer is taken in whole. Without one the layers stay where they come from, under an overlay as overlay2
   * would mount it.
   */
  readonly driver?: DriverType;
  /** What the driver is started with: `['overlay2.size=10G']`. */
  readonly storageOptions?: readonly string[];
  /** The names that a commit writes beside owners' numbers, as dockerd takes them from its host; none unless given. */
  readonly names?: OwnerNames;
}

/** What an entry point adds: how its platform hashes and what time it is there. */
export interface UnionPlatform {
  readonly codecs: Codecs;
  readonly milliseconds: () => number;
}

/**
 * A mounted union: a machine with the layers, a writable layer above them, and `node:fs` over what they show together.
 */
export class Union {
  /**
   * The machine that the union is mounted in. The layers hang below `/lower`, `/lower/0` is the topmost; without a driver
   * `/merged` and `/writable` are the other places, with one everything else lies in `/var/lib/docker`.
   */
  readonly machine: Machine;
  /** The layers, topmost first, images taken apart. */
  readonly layers: readonly LayerSource[];
  /** node:fs over the merged tree. */
  readonly fs: IFs;
  readonly #task: SystemCalls;
  readonly #tools: LayerTools;
  readonly #inside: SystemCalls;
  readonly #stacking: Stacking;

  constructor(layers: Layers, options: UnionOptions, platform: UnionPlatform) {
    this.layers = Object.freeze(checkLayers(layers));
    this.#tools = { codecs: platform.codecs, names: options.names ?? noOwnerNames };
    const modules = this.layers.flatMap(({ filesystem }) => (filesystem === undefined ? [] : [filesystem]));
    const clock = options.clock ?? new ExternalClock(platform.milliseconds);
    const { driver, storageOptions = [], seed = 0 } = options;
    const host = new Host(driver === undefined ? [] : [driver]);
    modules.push(...host.filesystems);
    this.machine = new Machine({ filesystems: [tmpfs, overlayfs, proc], modules, clock, seed, init: host.init });
    host.register(this.machine);
    this.machine.boot();
    this.#task = this.machine.task;
    const parts = { machine: this.machine, layers: this.layers, tools: this.#tools };
    this.#stacking = driver === undefined ? new InPlace(parts) : new OnDriver(parts, driver, storageOptions);
    this.#inside = this.#taskIn(this.#stacking.merged);
    this.fs = createFs(this.#inside);
  }

  /** A task that has the directory as its root. */
  #taskIn(directory: string): SystemCalls {
    const task = this.#task.clone() as SystemCalls;
    task.chroot(directory);
    task.chdir('/');
    return task;
  }

  /** The line of /proc/mounts; the root's where the driver shows a directory without mounting anything. */
  get mountLine(): string {
    const { namespace, fs } = this.#task;
    const lines = formatMounts(namespace, fs.root).split('\n');
    const at = (directory: string) => lines.find((line) => line.split(' ')[1] === directory);
    return at(this.#stacking.merged) ?? at('/')!;
  }

  /** The layer store and its driver, where there is one: sizes, metadata, what the driver tells of itself. */
  get store(): LayerStore | undefined {
    return this.#stacking instanceof OnDriver ? this.#stacking.store : undefined;
  }

  /** node:fs over the raw upper directory: what the union has written, whiteouts included. */
  get upper(): IFs {
    return createFs(this.#taskIn(this.#stacking.upper));
  }

  /** What {@link commit} would write, in its order. */
  changes(): Change[] {
    return this.#stacking.changes();
  }

  /** The changes as a layer. The union goes on as it is. */
  commit(): CommittedLayer {
    return committedLayer(this.#stacking.pack(), this.#tools);
  }

  /** Forgets every change. Open descriptors go on seeing what they saw. */
  discard(): void {
    this.#stacking.discard();
    const merged = resolvePath(this.#task, AT_FDCWD, this.#stacking.merged, LOOKUP_FOLLOW);
    this.#inside.fs.setRoot(merged);
    this.#inside.fs.setCwd(merged);
  }

  /**
   * Which layer a name of the merged tree comes from: `'upper'` for what was written or copied up, else one of
   * {@link layers}; `undefined` where there is no such name. Symlinks are not followed.
   */
  origin(path: string): 'upper' | LayerSource | undefined {
    const origin = this.#stacking.origin(path);
    return typeof origin === 'number' ? this.layers[origin] : origin;
  }

  /** The task and directory that the changes can be read from. */
  protected get written(): { readonly task: SystemCalls; readonly directory: string } {
    return { task: this.#task, directory: this.#stacking.changed() };
  }
}

function checkLayers(layers: Layers): LayerSource[] {
  if (!Array.isArray(layers))
    throw new UnionError('ERR_UNION_LAYERS', 'the layers of a union are an array, topmost first');
  const flat = (layers as Layers).flat() as LayerSource[];
  if (flat.length === 0) throw new UnionError('ERR_UNION_LAYERS', 'a union needs at least one layer');
  for (const [index, layer] of flat.entries()) {
    if (typeof layer?.attach === 'function') continue;
    throw new UnionError('ERR_UNION_LAYERS', `layer ${index} of the union is no layer: ${String(layer)}`);
  }
  return flat;
}
