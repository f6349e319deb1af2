/** How the model finds what a path names. @see path_resolution(7) */
import { isDirectory, isSymlink } from '../../abi/mode.ts';
import { type ModelNode, refuse } from './model-node.ts';

/** How long a name may be where nothing else is said, in bytes. */
export const NAME_MAX = 255;
const PATH_MAX = 4096;
/** Symlinks that one walk may follow. */
const MAX_SYMLINKS = 40;

const lengthOf = (text: string): number => new TextEncoder().encode(text).length;

/** Where a walk has come to: the directory, the last name, and what is there. */
export interface Place {
  readonly directory: ModelNode;
  /** `''` where the path names the directory that it ends in by `.`, `..` or `/`. */
  readonly name: string;
  readonly node: ModelNode | undefined;
  /** The path ended in a slash: only a directory will do. */
  readonly slash: boolean;
  /** No directory can have such a name. */
  readonly tooLong?: true;
}

/**
 * What becomes of a symlink at the end of a path: it is followed; it is followed only where a slash stands behind it;
 * or the path names it whatever stands behind.
 */
export type AtTheEnd = 'follow' | 'follow before a slash' | 'stay';

/** A path on its way through a tree. */
export class Walk {
  readonly #call: string;
  readonly #path: string;
  /** The directories from the root to where the walk stands. */
  readonly #stack: ModelNode[];
  readonly #root: ModelNode;
  readonly #nameMax: number;
  #symlinks = 0;

  constructor(root: ModelNode, call: string, path: string, nameMax: number) {
    this.#nameMax = nameMax;
    this.#root = root;
    this.#stack = [root];
    this.#call = call;
    this.#path = path;
  }

  #refuse(code: 'ENOENT' | 'ENOTDIR' | 'ELOOP' | 'ENAMETOOLONG'): never {
    return refuse(code, this.#call, this.#path);
  }

  to(atTheEnd: AtTheEnd): Place {
    if (this.#path === '') this.#refuse('ENOENT');
    if (lengthOf(this.#path) >= PATH_MAX) this.#refuse('ENAMETOOLONG');
    return this.#walk(this.#path, atTheEnd);
  }

  #walk(path: string, atTheEnd: AtTheEnd): Place {
    if (path.startsWith('/')) this.#stack.splice(0, this.#stack.length, this.#root);
    const names = path.split('/').filter((name) => name !== '');
    const slash = path.endsWith('/');
    if (names.length === 0) return { directory: this.#here, name: '', node: this.#here, slash };
    for (const name of names.slice(0, -1)) this.#enter(name);
    return this.#last(names.at(-1)!, atTheEnd, slash);
  }

  get #here(): ModelNode {
    return this.#stack.at(-1)!;
  }

  #lookup(name: string): ModelNode | undefined {
    if (!isDirectory(this.#here.mode)) this.#refuse('ENOTDIR');
    if (lengthOf(name) > this.#nameMax) this.#refuse('ENAMETOOLONG');
    return this.#here.entries.get(name);
  }

  #enter(name: string): void {
    if (name === '.') return;
    if (name === '..') {
      if (this.#stack.length > 1) this.#stack.pop();
      return;
    }
    const node = this.#lookup(name) ?? this.#refuse('ENOENT');
    if (isSymlink(node.mode)) this.#throughSymlink(node);
    else this.#stack.push(node);
    if (!isDirectory(this.#here.mode)) this.#refuse('ENOTDIR');
  }

  #throughSymlink(symlink: ModelNode): void {
    const { node } = this.#follow(symlink);
    if (node === undefined) this.#refuse('ENOENT');
    if (this.#here !== node) this.#stack.push(node);
  }

  #follow(symlink: ModelNode): Place {
    this.#symlinks++;
    if (this.#symlinks > MAX_SYMLINKS) this.#refuse('ELOOP');
    return this.#walk(symlink.target, 'follow');
  }

  #last(name: string, atTheEnd: AtTheEnd, slash: boolean): Place {
    if (name === '.' || name === '..') {
      this.#enter(name);
      return { directory: this.#here, name: '', node: this.#here, slash };
    }
    if (atTheEnd === 'stay' && lengthOf(name) > this.#nameMax) {
      return { directory: this.#here, name, node: undefined, slash, tooLong: true };
    }
    const node = this.#lookup(name);
    if (atTheEnd === 'stay') return { directory: this.#here, name, node, slash };
    const follows = node !== undefined && isSymlink(node.mode) && (slash || atTheEnd === 'follow');
    const place = follows ? this.#follow(node) : { directory: this.#here, name, node, slash };
    if (slash && place.node !== undefined && !isDirectory(place.node.mode)) this.#refuse('ENOTDIR');
    return { ...place, slash: place.slash || slash };
  }
}
