/**
 * What a layer store knows, as files: `image/DRIVER/layerdb`.
 *
 * ```text
 * sha256/CHAIN-ID/    0700   diff, size, cache-id, parent (not for a base), tar-split.json.gz
 * sha256/CHAIN-ID-RANDOM-removing/   a layer whose removal has begun
 * mounts/NAME/        0755   mount-id, init-id (where there is one), parent (not without an image);
 *                            mount-id-removing instead of mount-id once its removal has begun
 * tmp/write-set-N/           a transaction in progress
 * ```
 *
 * Files have mode 0644 and no newline at their end.
 *
 * @see moby layer/filestore.go
 */
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { decodeName } from '../abi/name-bytes.ts';
import { listNames } from '../archive/list-names.ts';
import { removeAll } from '../archive/unpack-entry.ts';
import type { Task } from '../kernel/task.ts';
import { attempt, isErrno, isStop, passing } from '../driver/refusal.ts';
import { hexOf, isDigest } from './digest.ts';
import { LayerError } from './layer-error.ts';
import { makeDirectories, readFile } from './layerdb-file.ts';
import { isID } from './random-id.ts';
import { WRITE_SET_PREFIX, WriteSet } from './write-set.ts';

/** What the folder of a read-only layer says, but for its tar-split. */
export interface LayerRecord {
  readonly diffID: string;
  /** Bytes of this layer alone. */
  readonly size: number;
  readonly cacheID: string;
  /** The chainID of the layer below. */
  readonly parent?: string;
}

/** What the folder of a mounted layer says. */
export interface MountRecord {
  readonly mountID: string;
  readonly initID?: string;
  /** The chainID of the image's topmost layer. */
  readonly parent?: string;
}

/** A layer whose removal has begun. */
export interface Orphan {
  /** The folder, from the root. */
  readonly path: string;
  readonly chainID: string;
  /** Left out where the folder does not say it any more. */
  readonly cacheID?: string;
}

const TAR_SPLIT = 'tar-split.json.gz';
const REMOVING = '-removing';

/** The files of one layer store. */
export class LayerDB {
  readonly root: string;
  readonly #task: Task;

  /** @throws ErrnoException */
  constructor(task: Task, root: string) {
    this.#task = task;
    this.root = root;
    makeDirectories(task, root, 0o700);
  }

  /** The folder of a read-only layer. @throws ArchiveError `ERR_DIGEST_FORMAT` */
  pathOf(chainID: string): string {
    return `${this.root}/sha256/${hexOf(chainID)}`;
  }

  /** The chainIDs of all folders of read-only layers, sorted. */
  chainIDs(): string[] {
    return this.#folders('sha256')
      .map((hex) => `sha256:${hex}`)
      .filter(isDigest);
  }

  /** The names of all folders of mounted layers, sorted. */
  mountNames(): string[] {
    return this.#folders('mounts');
  }

  /** The names of transactions that are under way, or that nobody finished. */
  writeSets(): string[] {
    return this.#folders('tmp').filter((name) => name.startsWith(WRITE_SET_PREFIX));
  }

  /** Removes a transaction that nobody finished. @throws ErrnoException */
  removeWriteSet(name: string): void {
    removeAll(this.#task, `${this.root}/tmp/${name}`);
  }

  /** Layers whose removal has begun and did not end. */
  orphans(): Orphan[] {
    const names = this.#folders('sha256').filter((name) => name.endsWith(REMOVING));
    return names.flatMap((name) => this.#orphan(name) ?? []);
  }

  #orphan(name: string): Orphan | undefined {
    const chainID = `sha256:${name.split('-')[0]}`;
    if (!isDigest(chainID)) return undefined;
    const path = `${this.root}/sha256/${name}`;
    const cacheID = this.#text(`${path}/cache-id`)?.trim() ?? '';
    return { path, chainID, ...(cacheID === '' ? {} : { cacheID }) };
  }

  /**
   * What a layer's folder says.
   *
   * @throws LayerError `ERR_LAYER_METADATA`; ErrnoException
   */
  readLayer(chainID: string): LayerRecord {
    const path = this.pathOf(chainID);
    return {
      diffID: digestIn(`${path}/diff`, this.#required(`${path}/diff`)),
      size: sizeIn(`${path}/size`, this.#required(`${path}/size`)),
      cacheID: idIn('cache', this.#required(`${path}/cache-id`)),
      ...this.#parentIn(path),
    };
  }

  /** The layer's tar-split as it is stored, compressed. @throws ErrnoException */
  readTarSplit(chainID: string): Uint8Array {
    return readFile(this.#task, `${this.pathOf(chainID)}/${TAR_SPLIT}`);
  }

  /** Begins a transaction. @throws ErrnoException */
  begin(): WriteSet {
    const directory = `${this.root}/tmp`;
    makeDirectories(this.#task, directory, 0o755);
    return new WriteSet(this.#task, directory);
  }

  /** Finishes the transaction of a read-only layer. @throws ErrnoException */
  writeLayer(set: WriteSet, chainID: string, record: LayerRecord, tarSplit: Uint8Array): void {
    set.write(TAR_SPLIT, tarSplit);
    set.write('diff', record.diffID);
    set.write('size', String(record.size));
    set.write('cache-id', record.cacheID);
    if (record.parent !== undefined) set.write('parent', record.parent);
    makeDirectories(this.#task, `${this.root}/sha256`, 0o755);
    set.commit(this.pathOf(chainID));
  }

  /**
   * Takes a layer's folder out of the way of its name; a folder that is not there is none to be moved.
   *
   * @returns where it lies now
   * @throws ErrnoException with the folder where it was
   */
  markRemoving(chainID: string, random: () => string): string {
    for (;;) {
      const path = `${this.pathOf(chainID)}-${random()}${REMOVING}`;
      if (this.#task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) !== undefined) continue;
      passing(['ENOENT'], () => this.#task.rename(this.pathOf(chainID), path));
      return path;
    }
  }

  /** Removes the folder of a layer that was taken out of the way. @throws ErrnoException */
  removeFolder(path: string): void {
    removeAll(this.#task, path);
  }

  /** What a mounted layer's folder says. @throws LayerError `ERR_LAYER_METADATA`; ErrnoException */
  readMount(name: string): MountRecord {
    const path = this.mountPath(name);
    const initID = this.#text(`${path}/init-id`);
    return {
      mountID: idIn('mount', this.#required(`${path}/mount-id`)),
      ...(initID === undefined ? {} : { initID: idIn('init', initID) }),
      ...this.#parentIn(path),
    };
  }

  /** Begins the removal of a mounted layer: from now on no store knows it. Nothing happens when it has begun before. */
  markMountRemoving(name: string): void {
    const path = this.mountPath(name);
    passing(['ENOENT'], () => this.#task.rename(`${path}/mount-id`, `${path}/mount-id${REMOVING}`));
  }

  /** Every id of the driver's that a folder names, whatever else it lacks. @throws ErrnoException */
  namedIDs(): string[] {
    const layers = this.#folders('sha256').map((name) => `sha256/${name}/cache-id`);
    const mounts = this.mountNames().flatMap((name) => [`mounts/${name}/mount-id`, `mounts/${name}/init-id`]);
    return [...layers, ...mounts].flatMap((file) => this.#text(`${this.root}/${file}`)?.trim() ?? []);
  }

  /** Whether the file is there that names the mounted layer to the driver. */
  hasMountID(name: string): boolean {
    return this.#task.statIfPresent(`${this.mountPath(name)}/mount-id`) !== undefined;
  }

  /** @throws ErrnoException with no file of the mounted layer written */
  writeMount(name: string, record: MountRecord): void {
    const set = this.begin();
    try {
      set.chmod(0o755);
      set.write('mount-id', record.mountID);
      if (record.initID !== undefined) set.write('init-id', record.initID);
      if (record.parent !== undefined) set.write('parent', record.parent);
      makeDirectories(this.#task, `${this.root}/mounts`, 0o755);
      set.commit(this.mountPath(name));
    } catch (error) {
      if (!isStop(error)) attempt(() => set.cancel());
      throw error;
    }
  }

  /** @throws ErrnoException */
  removeMount(name: string): void {
    removeAll(this.#task, this.mountPath(name));
  }

  /** The folder of a mounted layer. */
  mountPath(name: string): string {
    return `${this.root}/mounts/${name}`;
  }

  #folders(name: string): string[] {
    const path = `${this.root}/${name}`;
    if (this.#task.statIfPresent(path) === undefined) return [];
    return listNames(this.#task, path).filter((each) => isDirectory(this.#task.lstat(`${path}/${each}`).mode));
  }

  #parentIn(folder: string): { parent?: string } {
    const text = this.#text(`${folder}/parent`);
    return text === undefined ? {} : { parent: digestIn(`${folder}/parent`, text) };
  }

  #required(path: string): string {
    return decodeName(readFile(this.#task, path));
  }

  #text(path: string): string | undefined {
    try {
      return this.#required(path);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }
}

function digestIn(path: string, text: string): string {
  const digest = text.trim();
  if (isDigest(digest)) return digest;
  throw new LayerError('ERR_LAYER_METADATA', `invalid checksum digest format: ${JSON.stringify(text)} in ${path}`);
}

function sizeIn(path: string, text: string): number {
  const size = Number(text);
  if (/^[+-]?[0-9]+$/.test(text) && Number.isSafeInteger(size)) return size;
  throw new LayerError('ERR_LAYER_METADATA', `invalid size ${JSON.stringify(text)} in ${path}`);
}

function idIn(kind: 'cache' | 'mount' | 'init', text: string): string {
  const id = text.trim();
  if (isID(id)) return id;
  throw new LayerError('ERR_LAYER_METADATA', `invalid ${kind} id value`);
}
