/** What `cp -a` would keep of a tree, one line for each object: what two trees that are to be equal are compared by. */
import { isBlockDevice, isCharacterDevice, isDirectory, isRegular, isSymlink } from '../abi/mode.ts';
import type { Stat, Timespec } from '../abi/stat.ts';
import { describeBytes } from './describe.ts';
import { RUN_BEGINS } from './masks.ts';
import type { SubjectTask } from './subject.ts';
import { type FilesTask, namesIn, readFile } from './task-files.ts';

/** The calls that a listing needs; extended attributes are told where they can be asked for. */
export type ListingTask = FilesTask &
  Pick<SubjectTask, 'readlink'> &
  Partial<Pick<SubjectTask, 'llistxattr' | 'lgetxattr'>>;

/** What of a tree is told. */
export interface ListingOptions {
  /** Times of modification: whole (the default), to the second, not those of directories and to the second, or not. */
  readonly times?: 'whole' | 'seconds' | 'files' | 'none';
  /** Extended attributes: all but overlayfs's own (the default), the one that layers keep, or none. */
  readonly attributes?: 'all' | 'capability' | 'none';
  /** Which names are one file; told unless `false`. */
  readonly links?: boolean;
}

/** Overlayfs's notes are part of how a layer is kept, not of what it shows. */
const isNote = (name: string): boolean => /^(trusted|user)\.overlay\./.test(name);

class Listing {
  readonly #task: ListingTask;
  readonly #options: ListingOptions;
  readonly #firstNames = new Map<string, string>();
  readonly lines: string[] = [];

  constructor(task: ListingTask, options: ListingOptions) {
    this.#task = task;
    this.#options = options;
  }

  add(path: string, name: string): void {
    const stat = this.#task.lstat(path);
    this.lines.push(`${name} ${this.#attributesOf(stat)}${this.#xattrsOf(path)}${this.#contentOf(path, name, stat)}`);
    if (!isDirectory(stat.mode)) return;
    for (const child of namesIn(this.#task, path))
      this.add(`${path}/${child}`, name === '/' ? `/${child}` : `${name}/${child}`);
  }

  #attributesOf(stat: Stat): string {
    const device = isCharacterDevice(stat.mode) || isBlockDevice(stat.mode) ? ` rdev=${stat.rdev.toString(16)}` : '';
    return `${stat.mode.toString(8)} ${stat.uid}:${stat.gid}${device}${this.#timeOf(stat)}`;
  }

  #timeOf({ mode, mtime }: Stat): string {
    const { times = 'whole' } = this.#options;
    if (times === 'none' || (times === 'files' && isDirectory(mode))) return '';
    return ` ${timeText(mtime, times === 'whole')}`;
  }

  #xattrsOf(path: string): string {
    if (this.#options.attributes === 'none') return '';
    const names = this.#task.llistxattr?.(path) ?? [];
    const wanted = names.filter((name) => !isNote(name) && this.#isWanted(name)).sort();
    const values = wanted.map((name) => `${name}=${describeBytes(this.#task.lgetxattr!(path, name))}`);
    return values.length === 0 ? '' : ` {${values.join(', ')}}`;
  }

  #isWanted(name: string): boolean {
    return this.#options.attributes !== 'capability' || name === 'security.capability';
  }

  #contentOf(path: string, name: string, stat: Stat): string {
    if (isSymlink(stat.mode)) return ` -> ${this.#task.readlink(path)}`;
    const first = stat.nlink > 1 && !isDirectory(stat.mode) ? this.#firstNameOf(stat, name) : name;
    if (first !== name) return ` = ${first}`;
    return isRegular(stat.mode) ? ` "${describeBytes(readFile(this.#task, path))}"` : '';
  }

  /** The first name under which the file was listed. */
  #firstNameOf({ dev, ino, ino64 }: Stat, name: string): string {
    if (this.#options.links === false) return name;
    const key = `${dev}:${ino64 ?? ino}`;
    const known = this.#firstNames.get(key);
    if (known === undefined) this.#firstNames.set(key, name);
    return known ?? name;
  }
}

/** `now` for a time of the run, else seconds and nanoseconds. */
const timeText = ({ sec, nsec }: Timespec, whole: boolean): string => {
  if (sec >= RUN_BEGINS) return 'now';
  return whole ? `${sec}.${String(nsec).padStart(9, '0')}` : String(sec);
};

/**
 * One line for each object at and below `root`, names in the order of their bytes: mode, owner, time of modification
 * (`now` for one of the run), extended attributes, content or target, and which names are one file.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { listTree } from 'lowerdir/testing';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/d');
 * fs.writeFileSync('/d/a', 'aab');
 * fs.linkSync('/d/a', '/d/b');
 * listTree(task, '/d').slice(1); // => ['/a 100644 0:0 now "a*2 b"', '/b 100644 0:0 now = /a']
 * ```
 */
export function listTree(task: ListingTask, root: string, options: ListingOptions = {}): string[] {
  const listing = new Listing(task, options);
  listing.add(root, '/');
  return listing.lines;
}
