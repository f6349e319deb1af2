/** The bare limit: one step through a Map for each component, and the object that is the answer. Nothing is checked. */
import { Stats } from 'node:fs';
import { flatten, type LayerTree } from '../tree.ts';
import type { FsCalls, Mounted, Subject } from './subject.ts';

class File {
  bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}
type Directory = Map<string, File | Directory>;

/** The same fields as Node's Stats, without its lazily made dates. */
class BareStats {
  dev = 1;
  mode = 0o100644;
  nlink = 1;
  uid = 0;
  gid = 0;
  rdev = 0;
  blksize = 4096;
  ino = 1;
  size: number;
  blocks = 8;
  atimeMs = 0;
  mtimeMs = 0;
  ctimeMs = 0;
  birthtimeMs = 0;
  constructor(size: number) {
    this.size = size;
  }
}
Object.setPrototypeOf(BareStats.prototype, Stats.prototype);

export const limit: Subject = {
  name: 'limit',
  lowers: 0,
  caches: false,
  lacks: ['openSync', 'renameSync', 'appendFileSync'],
  mount(stack) {
    const tree = flatten(stack);
    const place: Mounted = {
      fs: callsOver(treeOf(tree)),
      prefix: '/',
      reset() {
        place.fs = callsOver(treeOf(tree));
      },
      close() {},
    };
    return place;
  },
};

function treeOf(tree: LayerTree): Directory {
  const root: Directory = new Map();
  for (const [path, content] of tree) {
    const at = path.lastIndexOf('/');
    const parent = at === -1 ? root : (walk(root, `/${path.slice(0, at)}`) as Directory);
    parent.set(path.slice(at + 1), content === null ? new Map() : new File(content));
  }
  return root;
}

function walk(root: Directory, path: string): File | Directory | undefined {
  let at: File | Directory | undefined = root;
  for (let start = 1; start <= path.length; ) {
    const slash = path.indexOf('/', start);
    const end = slash === -1 ? path.length : slash;
    at = (at as Directory).get(path.slice(start, end));
    if (at === undefined) return undefined;
    start = end + 1;
  }
  return at;
}

function callsOver(root: Directory): FsCalls {
  const parentOf = (path: string): Directory => walk(root, path.slice(0, path.lastIndexOf('/'))) as Directory;
  const calls = {
    statSync(path: string, options?: { throwIfNoEntry?: boolean }) {
      const found = walk(root, path);
      if (found !== undefined) return new BareStats((found as File).bytes.length);
      if (options?.throwIfNoEntry === false) return undefined;
      throw Object.assign(new Error(path), { code: 'ENOENT' });
    },
    existsSync: (path: string) => walk(root, path) !== undefined,
    readFileSync: (path: string) => Buffer.from((walk(root, path) as File).bytes),
    readdirSync: (path: string) => [...(walk(root, path) as Directory).keys()].sort(),
    writeFileSync(path: string, bytes: Uint8Array) {
      parentOf(path).set(path.slice(path.lastIndexOf('/') + 1), new File(bytes.slice()));
    },
    unlinkSync: (path: string) => parentOf(path).delete(path.slice(path.lastIndexOf('/') + 1)),
  };
  return calls as unknown as FsCalls;
}
