/** The same calls on an AUFS union and on an overlay, and what both tell, in two columns. */
import { createMachine } from 'lowerdir';
import { aufs, auplink } from 'lowerdir/filesystem/aufs';
import { draw } from './draw.ts';

/** One of the two machines. */
export interface Side extends Pick<ReturnType<typeof createMachine>, 'task' | 'fs'> {
  readonly isAufs: boolean;
  /** Prints on this side. */
  tell(...words: unknown[]): void;
  /** Prints what a call answers, or the code that it is refused with; `OK` for nothing. */
  answer(name: string, call: () => unknown): void;
  /**
   * Draws directories, by default the writable branch. What every union has is left out: AUFS's three names in the
   * root of a branch; overlayfs's `uuid`, `impure` and `origin`.
   */
  raw(...paths: string[]): void;
  /** A whiteout for `path`, put into a branch as this filesystem keeps it. */
  whiteout(path: string): void;
  /** Makes a directory of a branch opaque. */
  opaque(path: string): void;
  umount(): void;
  mount(): void;
  /** The writable branch becomes the topmost one of those below, and an empty one comes in its place. */
  stack(): void;
  /** What Docker does before it unmounts an AUFS union; nothing on an overlay. */
  flush(): void;
}

export interface Sides {
  /** The branches that are only read, the topmost first. */
  readonly below?: readonly string[];
  /** Mount options of the AUFS union, as Docker gives them unless told otherwise. */
  readonly aufs?: string;
}

/** Pseudo-links are drawn where there are some. */
const STANDING = /^[├└]── \.wh\.\.wh\.(aufs|orph|plnk)\b/;
const isPlnk = (line: string, below: string | undefined): boolean =>
  line.includes('.wh..wh.plnk') && /^(│| ) {3}/.test(below ?? '');
const NOTES = / \[(uuid|impure=y|origin[^\]]*)\]/g;
const WIDTH = 42;

/** The last name of each directory gets its corner, now that names behind it may be left out. */
function withCorners(lines: readonly string[]): string[] {
  return lines.map((line, i) => {
    const depth = line.search(/[├└]/);
    if (depth < 0) return line;
    const rest = lines.slice(i + 1);
    const end = rest.findIndex((below) => below.search(/[├└]/) < depth);
    const hasNext = (end < 0 ? rest : rest.slice(0, end)).some((below) => below.search(/[├└]/) === depth);
    return hasNext ? line : `${line.slice(0, depth)}└${line.slice(depth + 1)}`;
  });
}

class Union implements Side {
  readonly isAufs: boolean;
  readonly task: Side['task'];
  readonly fs: Side['fs'];
  /** What was told, a call each. */
  readonly told: string[][] = [];
  readonly #options: string;
  #below: readonly string[];
  #writable = '/rw';

  constructor(isAufs: boolean, sides: Sides) {
    const machine = isAufs ? createMachine({ filesystems: [aufs] }) : createMachine();
    this.isAufs = isAufs;
    this.task = machine.task;
    this.fs = machine.fs;
    this.#below = sides.below ?? ['/ro'];
    this.#options = isAufs ? `,${sides.aufs ?? 'dio,xino=/dev/shm/aufs.xino,dirperm1'}` : '';
    const made = ['/rw', ...this.#below, '/merged', ...(isAufs ? ['/dev', '/dev/shm', '/sbin'] : ['/work'])];
    for (const name of made) this.fs.mkdirSync(name);
    if (!isAufs) return;
    this.fs.writeFileSync('/sbin/auplink', '', { mode: 0o755 });
    machine.register('/sbin/auplink', auplink);
  }

  readonly mount = (): void => {
    if (this.isAufs) {
      const branches = [`${this.#writable}=rw`, ...this.#below.map((path) => `${path}=ro+wh`)].join(':');
      this.task.mount('none', '/merged', 'aufs', `br:${branches}${this.#options}`);
    } else {
      const directories = `lowerdir=${this.#below.join(':')},upperdir=${this.#writable},workdir=/work`;
      this.task.mount('overlay', '/merged', 'overlay', directories);
    }
  };

  readonly umount = (): void => {
    this.task.umount('/merged');
  };

  readonly flush = (): void => {
    if (this.isAufs) this.task.exec('/sbin/auplink', ['auplink', '/merged', 'flush']);
  };

  readonly stack = (): void => {
    this.umount();
    this.#below = [this.#writable, ...this.#below];
    this.#writable = `/rw${this.#below.length}`;
    this.fs.mkdirSync(this.#writable);
    this.mount();
  };

  readonly tell = (...words: unknown[]): void => {
    this.told.push(words.join(' ').split('\n'));
  };

  readonly answer = (name: string, call: () => unknown): void => {
    try {
      this.tell(`${name}:`, call() ?? 'OK');
    } catch (error) {
      this.tell(`${name}:`, (error as NodeJS.ErrnoException).code);
    }
  };

  readonly raw = (...paths: string[]): void => {
    const drawn = draw(this.task, ...(paths.length === 0 ? [this.#writable] : paths));
    const lines = drawn.split('\n').filter((line, i, all) => !STANDING.test(line) || isPlnk(line, all[i + 1]));
    this.tell(withCorners(lines.map((line) => line.replaceAll(NOTES, ''))).join('\n'));
  };

  readonly whiteout = (path: string): void => {
    const slash = path.lastIndexOf('/');
    if (this.isAufs) this.fs.writeFileSync(`${path.slice(0, slash)}/.wh.${path.slice(slash + 1)}`, '', { mode: 0o444 });
    else this.task.mknod(path, 0o020000, 0);
  };

  readonly opaque = (path: string): void => {
    if (this.isAufs) this.fs.writeFileSync(`${path}/.wh..wh..opq`, '', { mode: 0o444 });
    else this.task.setxattr(path, 'trusted.overlay.opaque', new TextEncoder().encode('y'));
  };
}

/** Fills the branches with `before`, mounts them, does `then`, and prints what it told on either side. */
export function sideBySide(before: (side: Side) => void, then: (side: Side) => void, sides: Sides = {}): string {
  const [left, right] = [true, false].map((isAufs) => {
    const union = new Union(isAufs, sides);
    before(union);
    union.mount();
    then(union);
    return [[isAufs ? 'AUFS' : 'overlayfs'], ...union.told];
  }) as [string[][], string[][]];
  const rows = left.flatMap((block, i) => {
    const other = right[i] ?? [];
    const height = Math.max(block.length, other.length);
    return Array.from({ length: height }, (_, at) => `${(block[at] ?? '').padEnd(WIDTH)}${other[at] ?? ''}`.trimEnd());
  });
  return rows.join('\n');
}
