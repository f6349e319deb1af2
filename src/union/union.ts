/** The ten-line face: stack layers, work in the merged tree, see what changed, commit it, stack it again. */
import { AT_FDCWD, MNT_DETACH, PAGE_SIZE } from '../abi/flags.ts';
import type { Codecs } from '../archive/codecs.ts';
import { type Change, changes, noOwnerNames, type OwnerNames } from '../archive/diff.ts';
import { overlayfs } from '../filesystem/overlayfs/index.ts';
import { tmpfs } from '../filesystem/tmpfs/super.ts';
import { createFs } from '../fs/create-fs.ts';
import type { IFs } from '../fs/ifs.ts';
import { type Clock, ExternalClock } from '../kernel/clock.ts';
import { formatMounts } from '../kernel/mount-calls.ts';
import { LOOKUP_FOLLOW, resolvePath } from '../kernel/namei.ts';
import type { SystemCalls } from '../kernel/system-calls.ts';
import { Machine } from '../machine/machine.ts';
import { chainOfDirectories, type CommittedLayer, commitDirectory } from './committed-layer.ts';
import type { Layers, LayerSource, LayerTools } from './layer-source.ts';
import { originOf } from './origin.ts';
import { UnionError } from './union-error.ts';

/** How a union is made. */
export interface UnionOptions {
  /** Every id and random byte follows from it; 0 unless given. */
  readonly seed?: number;
  /** The host's clock unless given. */
  readonly clock?: Clock;
  /** The names that a commit writes beside owners' numbers, as dockerd takes them from its host; none unless given. */
  readonly names?: OwnerNames;
}

/** What an entry point adds: how its platform hashes and what time it is there. */
export interface UnionPlatform {
  readonly codecs: Codecs;
  readonly milliseconds: () => number;
}

const LOWER = '/lower';
const WRITABLE = '/writable';
const UPPER = `${WRITABLE}/upper`;
const WORK = `${WRITABLE}/work`;
const MERGED = '/merged';

/**
 * A mounted union: a machine with the layers, a writable layer above them, and `node:fs` over what they show together.
 */
export class Union {
  /** The machine that the union is mounted in; `/merged`, `/lower/0` (topmost) … and `/writable` are its places. */
  readonly machine: Machine;
  /** The layers, topmost first, images taken apart. */
  readonly layers: readonly LayerSource[];
  /** node:fs over the merged tree. */
  readonly fs: IFs;
  readonly #task: SystemCalls;
  readonly #tools: LayerTools;
  readonly #directories: readonly string[];
  readonly #inside: SystemCalls;

  constructor(layers: Layers, options: UnionOptions, platform: UnionPlatform) {
    this.layers = Object.freeze(checkLayers(layers));
    this.#tools = { sha256: platform.codecs.sha256, names: options.names ?? noOwnerNames };
    const modules = this.layers.flatMap(({ filesystem }) => (filesystem === undefined ? [] : [filesystem]));
    const clock = options.clock ?? new ExternalClock(platform.milliseconds);
    this.machine = new Machine({ filesystems: [tmpfs, overlayfs], modules, clock, seed: options.seed ?? 0 });
    this.machine.boot();
    this.#task = this.machine.task;
    this.#directories = this.#attachLayers();
    this.#task.mkdir(WRITABLE);
    this.#task.mkdir(MERGED);
    this.#mountWritable();
    this.#inside = this.#task.clone() as SystemCalls;
    this.#inside.chroot(MERGED);
    this.#inside.chdir('/');
    this.fs = createFs(this.#inside);
  }

  #attachLayers(): readonly string[] {
    this.#task.mkdir(LOWER);
    return this.layers.map((layer, index) => {
      const at = `${LOWER}/${index}`;
      this.#task.mkdir(at);
      return layer.attach(this.machine, at);
    });
  }

  /** A fresh upperdir with the attributes of the topmost layer's root, and the union over it. */
  #mountWritable(): void {
    const task = this.#task;
    task.mount('writable', WRITABLE, 'tmpfs', 'mode=755');
    task.mkdir(UPPER);
    task.mkdir(WORK);
    const { mode, uid, gid, atime, mtime } = task.stat(this.#directories[0]!);
    task.chmod(UPPER, mode & 0o7777);
    task.chown(UPPER, uid, gid);
    task.utimensat(AT_FDCWD, UPPER, atime, mtime);
    this.#mountUnion();
  }

  /** A mount takes a page of options: where full paths need more, the lowerdirs are told from `/lower`, as Docker does. */
  #mountUnion(): void {
    const escaped = this.#directories.map((directory) => directory.replace(/[\\:,]/g, '\\$&'));
    const options = (lowers: readonly string[]) => `lowerdir=${lowers.join(':')},upperdir=${UPPER},workdir=${WORK}`;
    const full = options(escaped);
    if (full.length < PAGE_SIZE) return this.#task.mount('overlay', MERGED, 'overlay', full);
    this.#task.chdir(LOWER);
    this.#task.mount('overlay', MERGED, 'overlay', options(escaped.map((path) => path.slice(LOWER.length + 1))));
    this.#task.chdir('/');
  }

  /** The line of /proc/mounts. */
  get mountLine(): string {
    const { namespace, fs } = this.#task;
    return formatMounts(namespace, fs.root)
      .split('\n')
      .find((line) => line.startsWith('overlay '))!;
  }

  /** node:fs over the raw upper directory: what the union has written, whiteouts included. */
  get upper(): IFs {
    const task = this.#task.clone();
    task.chroot(UPPER);
    task.chdir('/');
    return createFs(task);
  }

  /** What {@link commit} would write, in its order. */
  changes(): Change[] {
    const shown = (path: string): boolean => originOf(this.#task, this.#directories, path) !== undefined;
    return [...changes(this.#task, UPPER, { exists: shown })];
  }

  /** The changes as a layer. The union goes on as it is. */
  commit(): CommittedLayer {
    const parent = () => chainOfDirectories(this.#task, this.layers, this.#directories, this.#tools);
    return commitDirectory(this.#task, UPPER, this.#tools, parent);
  }

  /** Forgets every change. Open descriptors go on seeing what they saw. */
  discard(): void {
    const task = this.#task;
    task.umount(MERGED, MNT_DETACH);
    task.umount(WRITABLE, MNT_DETACH);
    this.#mountWritable();
    const merged = resolvePath(task, AT_FDCWD, MERGED, LOOKUP_FOLLOW);
    this.#inside.fs.setRoot(merged);
    this.#inside.fs.setCwd(merged);
  }

  /**
   * Which layer a name of the merged tree comes from: `'upper'` for what was written or copied up, else one of
   * {@link layers}; `undefined` where there is no such name. Symlinks are not followed.
   */
  origin(path: string): 'upper' | LayerSource | undefined {
    const index = originOf(this.#task, [UPPER, ...this.#directories], path);
    if (index === undefined) return undefined;
    return index === 0 ? 'upper' : this.layers[index - 1]!;
  }

  /** The task and directory that the changes can be read from. */
  protected get written(): { readonly task: SystemCalls; readonly directory: string } {
    return { task: this.#task, directory: UPPER };
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
