/** A rough account of what a sequence has made so far: which names, attributes, descriptors and mappings there are. */
import { isRegular } from '../abi/mode.ts';
import { isWhiteout } from '../abi/whiteout.ts';
import type { Layer, LayerEntry } from './layers.ts';
import { directoryNames, fileNames } from './names.ts';

type Kind = 'directory' | 'file' | 'symlink' | 'node';
export type Want =
  | Kind
  | 'any'
  | 'name'
  | 'keeper'
  | 'empty directory'
  | 'made directory'
  | 'new file'
  | 'new directory';

/** What a slot probably holds. */
export interface HeldFile {
  readonly path: string;
  readonly kind: 'directory' | 'file';
  readonly read: boolean;
  readonly write: boolean;
}

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const isWithin = (path: string, of: string): boolean => path === of || path.startsWith(`${of}/`);
const pick = <T>(list: readonly T[], turn: number): T | undefined => list[turn % Math.max(1, list.length)];

/** Which kinds a call can do with. */
const kindsOf: { readonly [W in Want]?: readonly Kind[] } = {
  any: ['directory', 'file', 'symlink', 'node'],
  name: ['file', 'file', 'symlink', 'node'],
  keeper: ['directory', 'file'],
};

export class Account {
  readonly #kinds = new Map<string, Kind>([['', 'directory']]);
  /** Directories that the sequence made itself, which no lower layer has. */
  readonly #made = new Set<string>();
  readonly #attributes = new Map<string, Set<string>>();
  readonly slots = new Map<number, HeldFile>();
  readonly regions = new Set<number>();
  cwd: string | undefined;

  constructor(layers: readonly Layer[]) {
    for (const layer of layers.toReversed()) for (const entry of layer) this.#enter(entry);
    this.#made.clear();
  }

  #enter(entry: LayerEntry): void {
    if (entry.type === 'node' && isWhiteout(entry.format, entry.rdev)) {
      this.remove(entry.path);
      return;
    }
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) this.add(parts.slice(0, depth).join('/'), 'directory');
    const isNode = entry.type === 'node' && !isRegular(entry.format);
    this.add(entry.path, entry.type === 'link' ? 'file' : isNode ? 'node' : (entry.type as Kind));
    for (const [name] of entry.xattrs) if (!name.includes('overlay')) this.setAttribute(entry.path, name);
  }

  kind(path: string): Kind | undefined {
    return this.#kinds.get(path);
  }

  /** Whether a name could be made there. */
  isFree(path: string): boolean {
    return !this.#kinds.has(path) && this.#kinds.get(parentOf(path)) === 'directory';
  }

  add(path: string, kind: Kind): void {
    if (!this.isFree(path)) return;
    this.#kinds.set(path, kind);
    if (kind === 'directory') this.#made.add(path);
  }

  remove(path: string): void {
    for (const known of this.#kinds.keys()) {
      if (!isWithin(known, path)) continue;
      this.#kinds.delete(known);
      this.#made.delete(known);
      this.#attributes.delete(known);
    }
  }

  move(path: string, newPath: string): void {
    const moved = [...this.#kinds].filter(([known]) => isWithin(known, path));
    if (moved.length === 0 || isWithin(newPath, path)) return;
    const attributes = moved.map(([known]) => this.#attributes.get(known));
    this.remove(path);
    this.remove(newPath);
    for (const [index, [known, kind]] of moved.entries()) {
      const to = newPath + known.slice(path.length);
      this.add(to, kind);
      for (const name of attributes[index] ?? []) this.setAttribute(to, name);
    }
  }

  exchange(path: string, other: string): void {
    const [kind, otherKind] = [this.#kinds.get(path), this.#kinds.get(other)];
    if (kind === undefined || otherKind === undefined || kind === 'directory' || otherKind === 'directory') return;
    this.#kinds.set(path, otherKind);
    this.#kinds.set(other, kind);
  }

  setAttribute(path: string, name: string): void {
    if (!this.#kinds.has(path)) return;
    this.#attributes.set(path, (this.#attributes.get(path) ?? new Set()).add(name));
  }

  removeAttribute(path: string, name: string): void {
    this.#attributes.get(path)?.delete(name);
  }

  /** An attribute that is set: of that object, or of any. */
  attribute(turn: number, path?: string): { path: string; name: string } | undefined {
    const set = [...this.#attributes].filter(([known]) => path === undefined || known === path);
    return pick(
      set.flatMap(([known, names]) => [...names].map((name) => ({ path: known, name }))),
      turn,
    );
  }

  choose(want: Want, turn: number): string | undefined {
    if (want === 'new file' || want === 'new directory') return pick(this.#free(want), turn);
    if (want === 'made directory') return pick([...this.#made], turn);
    return pick(this.#known(want), turn);
  }

  #known(want: Want): string[] {
    const empty = want === 'empty directory';
    const kinds: readonly Kind[] = kindsOf[want] ?? [empty ? 'directory' : (want as Kind)];
    const known = [...this.#kinds].filter(([path, kind]) => kinds.includes(kind) && path !== '');
    return known.map(([path]) => path).filter((path) => !empty || this.isEmpty(path));
  }

  #free(want: 'new file' | 'new directory'): string[] {
    const names: readonly string[] = want === 'new file' ? fileNames : directoryNames;
    const parents = [...this.#kinds].filter(([path, kind]) => kind === 'directory' && path.split('/').length < 3);
    const paths = parents.flatMap(([parent]) => names.map((name) => (parent === '' ? name : `${parent}/${name}`)));
    return paths.filter((path) => !this.#kinds.has(path));
  }

  /** A name in a directory, without the directory. */
  child(directory: string, want: Want, turn: number): string | undefined {
    const prefix = directory === '' ? '' : `${directory}/`;
    if (want === 'new directory')
      return pick(
        directoryNames.filter((name) => this.isFree(prefix + name)),
        turn,
      );
    const children = this.#known(want).filter((path) => path !== directory && parentOf(path) === directory);
    return pick(children, turn)?.slice(prefix.length);
  }

  /** Whether a directory is probably empty. */
  isEmpty(path: string): boolean {
    return ![...this.#kinds.keys()].some((known) => parentOf(known) === path && known !== '');
  }

  /** A slot that holds what `fits`. */
  slot(turn: number, fits: (held: HeldFile) => boolean): number | undefined {
    return pick(
      [...this.slots].filter(([, held]) => fits(held)),
      turn,
    )?.[0];
  }

  /** Everything is closed. */
  letGo(): void {
    this.slots.clear();
    this.regions.clear();
    this.cwd = undefined;
  }
}
