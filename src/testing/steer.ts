/**
 * Bends drawn operations towards names that are there, so that most of them succeed: a rough account of the tree is
 * kept while the sequence is drawn, and three of four paths are taken from it.
 */
import { O_ACCMODE, O_CREAT, O_TMPFILE } from '../abi/flags.ts';
import { isWhiteout } from '../abi/whiteout.ts';
import type { Layer, LayerEntry } from './layers.ts';
import { directoryNames, fileNames } from './names.ts';
import type { Operation, OperationCall } from './operations.ts';

type Kind = 'directory' | 'file' | 'symlink';
type Want = Kind | 'any' | 'new file' | 'new directory';

const wants: { [C in OperationCall]?: { path?: Want; newPath?: Want } } = {
  open: { path: 'file' },
  truncate: { path: 'file' },
  stat: { path: 'any' },
  lstat: { path: 'any' },
  statx: { path: 'any' },
  statfs: { path: 'any' },
  realpath: { path: 'any' },
  access: { path: 'any' },
  chmod: { path: 'any' },
  fchmodat: { path: 'any' },
  chattr: { path: 'any' },
  lsattr: { path: 'any' },
  chown: { path: 'any' },
  lchown: { path: 'any' },
  utimensat: { path: 'any' },
  readlink: { path: 'symlink' },
  mkdir: { path: 'new directory' },
  rmdir: { path: 'directory' },
  unlink: { path: 'file' },
  link: { path: 'file', newPath: 'new file' },
  linkat: { path: 'file', newPath: 'new file' },
  linkSlot: { newPath: 'new file' },
  symlink: { path: 'new file' },
  mknod: { path: 'new file' },
  getxattr: { path: 'any' },
  lgetxattr: { path: 'any' },
  setxattr: { path: 'any' },
  lsetxattr: { path: 'any' },
  removexattr: { path: 'any' },
  lremovexattr: { path: 'any' },
  listxattr: { path: 'any' },
  llistxattr: { path: 'any' },
};

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Which names are probably there. */
class Account {
  readonly #kinds = new Map<string, Kind>([['', 'directory']]);

  constructor(layers: readonly Layer[]) {
    for (const layer of layers.toReversed()) for (const entry of layer) this.#enter(entry);
  }

  #enter(entry: LayerEntry): void {
    if (entry.type === 'node' && isWhiteout(entry.format, entry.rdev)) {
      this.remove(entry.path);
      return;
    }
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) this.add(parts.slice(0, depth).join('/'), 'directory');
    this.add(entry.path, entry.type === 'directory' || entry.type === 'symlink' ? entry.type : 'file');
  }

  add(path: string, kind: Kind): void {
    if (!this.#kinds.has(path) && this.#kinds.get(parentOf(path)) === 'directory') this.#kinds.set(path, kind);
  }

  remove(path: string): void {
    for (const known of this.#kinds.keys()) if (isWithin(known, path)) this.#kinds.delete(known);
  }

  move(path: string, newPath: string): void {
    const moved = [...this.#kinds].filter(([known]) => isWithin(known, path));
    if (moved.length === 0 || isWithin(newPath, path)) return;
    this.remove(path);
    this.remove(newPath);
    for (const [known, kind] of moved) this.add(newPath + known.slice(path.length), kind);
  }

  choose(want: Want, turn: number): string | undefined {
    const found = want === 'new file' || want === 'new directory' ? this.#free(want) : this.#known(want);
    return found[turn % Math.max(1, found.length)];
  }

  #known(want: Kind | 'any'): string[] {
    const known = [...this.#kinds].filter(([path, kind]) => (want === 'any' || kind === want) && path !== '');
    return known.map(([path]) => path);
  }

  #free(want: 'new file' | 'new directory'): string[] {
    const names: readonly string[] = want === 'new file' ? fileNames : directoryNames;
    const parents = [...this.#kinds].filter(([path, kind]) => kind === 'directory' && path.split('/').length < 3);
    const paths = parents.flatMap(([parent]) => names.map((name) => (parent === '' ? name : `${parent}/${name}`)));
    return paths.filter((path) => !this.#kinds.has(path));
  }

  /** Whether a directory is probably empty. */
  isEmpty(path: string): boolean {
    return ![...this.#kinds.keys()].some((known) => parentOf(known) === path && known !== '');
  }
}

const isWithin = (path: string, of: string): boolean => path === of || path.startsWith(`${of}/`);

/** Writes into the account what `op` probably does. */
function note(account: Account, op: Operation): void {
  switch (op.call) {
    case 'open':
      if (op.flags & O_CREAT) account.add(op.path, 'file');
      break;
    case 'mkdir':
      account.add(op.path, 'directory');
      break;
    case 'symlink':
      account.add(op.path, 'symlink');
      break;
    case 'mknod':
      account.add(op.path, 'file');
      break;
    case 'link':
    case 'linkat':
    case 'linkSlot':
      account.add(op.newPath, 'file');
      break;
    case 'unlink':
      account.remove(op.path);
      break;
    case 'rmdir':
      if (account.isEmpty(op.path)) account.remove(op.path);
      break;
    case 'rename':
      account.move(op.path, op.newPath);
  }
}

/** What the paths of `op` should be, which for some calls the drawn ones tell. */
function wantsOf(op: Operation): { path?: Want; newPath?: Want } | undefined {
  if (op.call === 'open') {
    if (op.slot >= 3 || (op.flags & O_TMPFILE) === O_TMPFILE) return { path: 'directory' };
    return op.flags & O_CREAT && (op.flags & O_ACCMODE) !== 0 && op.mode & 1 ? { path: 'new file' } : wants.open;
  }
  if (op.call !== 'rename' && op.call !== 'renameat2') return wants[op.call];
  const isFile = (fileNames as readonly string[]).includes(op.path.at(-1)!);
  const path = isFile ? 'file' : 'directory';
  if (op.call === 'renameat2') return op.flags === 2 ? { path, newPath: 'any' } : { path, newPath: `new ${path}` };
  return { path, newPath: op.newPath.length % 2 === 1 ? `new ${path}` : path };
}

/** Replaces the paths of one operation by likely ones, three times out of four. */
function steered(account: Account, op: Operation, turn: number): Operation {
  const want = turn % 4 === 0 ? undefined : wantsOf(op);
  if (want === undefined) return op;
  const path = want.path && account.choose(want.path, turn >>> 2);
  const newPath = want.newPath && account.choose(want.newPath, turn >>> 9);
  return { ...op, ...(path !== undefined && { path }), ...(newPath !== undefined && { newPath }) } as Operation;
}

/**
 * Steers a whole sequence.
 *
 * @param layers the tree at the beginning, the topmost layer first
 * @param drawn operations, each with a random number that decides about its paths
 */
export function steer(layers: readonly Layer[], drawn: readonly (readonly [Operation, number])[]): Operation[] {
  const account = new Account(layers);
  return drawn.map(([op, turn]) => {
    const next = steered(account, op, turn);
    note(account, next);
    return next;
  });
}
