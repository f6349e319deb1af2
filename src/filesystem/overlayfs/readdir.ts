/**
 * Listings. A directory of one layer is listed as it is; a merged one is read layer by layer into a list that all who
 * have it open share until a name in it changes.
 *
 * The names of the lowest layer come first, in its order, then those of the upper one, then those of the layers between.
 *
 * @see fs/overlayfs/readdir.c
 */
import { attempt, Errno, raise } from '../../abi/errno.ts';
import { O_RDONLY, SEEK_CUR, SEEK_SET } from '../../abi/flags.ts';
import { DT_CHR, DT_REG } from '../../abi/mode.ts';
import { isWhiteout } from '../../abi/whiteout.ts';
import type { Timespec } from '../../abi/stat.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { FileOperations, Filldir, OpenFile } from '../../kernel/file.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Inode } from '../../kernel/inode.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import type { Mapping } from '../../kernel/mmap.ts';
import type { Mount } from '../../kernel/mount.ts';
import { closeFile } from '../../kernel/open.ts';
import { iterateDirectory } from '../../kernel/readdir.ts';
import { vfsFsync } from '../../kernel/sync.ts';
import { shouldSync } from './config.ts';
import { hasXwhiteouts, isMerge, isOrigin, type Layer, overlayInode } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import { asMounter, openPath } from './real-file.ts';
import { forkRealFile } from '../../kernel/stacked-file.ts';
import type { OverlaySuperblock } from './super.ts';
import { type InodeNumber, inoOf } from './xino.ts';
import { removePrivateXattr, XATTR_IMPURE } from './xattr.ts';

/** One name of a merged listing. @see struct ovl_cache_entry */
interface CacheEntry {
  readonly name: string;
  readonly type: number;
  readonly realIno: InodeNumber;
  /** 0 until it is asked for, where the real number would be wrong. */
  ino: InodeNumber;
  readonly isUpper: boolean;
  isWhiteout: boolean;
  /** A file may be a whiteout: it is looked up each time, and shows the real number from the second time on. */
  readonly maybeWhiteout: boolean;
  /** It stands among the names of the lowest layer. */
  inLowest: boolean;
}

/** What a real directory looked like when it was read. */
interface Witness {
  readonly directory: Inode;
  readonly ctime: Timespec;
  readonly size: number;
}

/**
 * A merged listing. The kernel throws it away when nobody has it open any more; here it is kept as long as a new one
 * would be the same.
 *
 * @see struct ovl_dir_cache
 */
export interface DirCache {
  readonly version: number;
  /** How many open directories list from it. */
  references: number;
  readonly entries: readonly CacheEntry[];
  /** Those whose numbers are asked for when they are listed. */
  readonly recalculated: readonly CacheEntry[];
  readonly witnesses: readonly Witness[];
  /** Some of its names were not found when they were looked up: a new listing would look them up again. */
  lacksNames: boolean;
}

/** The inode numbers of an upper directory's names that came from lower layers. */
export interface ImpureCache {
  readonly version: number;
  readonly numbers: ReadonlyMap<string, InodeNumber>;
}

/** An open directory. @see struct ovl_dir_file */
class OverlayDirectory {
  /** Listed as its one real directory is. */
  isReal: boolean;
  /** It was in the upper layer when it was opened. */
  readonly isUpper: boolean;
  readonly real: OpenFile;
  upper: OpenFile | undefined = undefined;
  cache: DirCache | undefined = undefined;

  constructor(isReal: boolean, isUpper: boolean, real: OpenFile) {
    this.isReal = isReal;
    this.isUpper = isUpper;
    this.real = real;
  }
}

/** The real directories that are merged, topmost first. */
function* layersOf(inode: OverlayInode): IterableIterator<{ dentry: Dentry; mount: Mount; layer: Layer }> {
  const { upper, superblock } = inode;
  if (upper !== undefined) yield { dentry: upper, mount: superblock.upperMount, layer: superblock.upperLayer! };
  for (const { dentry, layer } of inode.lower) yield { dentry, mount: layer.mount, layer };
}

/** Reads the layers into one list, whiteouts included. @see ovl_dir_read_merged() */
class MergedReader {
  readonly #dentry: Dentry;
  readonly #inode: OverlayInode;
  readonly #byName = new Map<string, CacheEntry>();
  #lowest: CacheEntry[] = [];

  constructor(dentry: Dentry) {
    this.#dentry = dentry;
    this.#inode = overlayInode(dentry);
  }

  read(): CacheEntry[] {
    const layers = [...layersOf(this.#inode)];
    for (const [i, layer] of layers.entries()) this.#readLayer(layer, i === layers.length - 1);
    const entries = this.#lowest;
    for (const entry of this.#byName.values()) if (!entry.inLowest) entries.push(entry);
    return entries;
  }

  #readLayer({ dentry, mount, layer }: { dentry: Dentry; mount: Mount; layer: Layer }, isLowest: boolean): void {
    const { superblock, impure } = this.#inode;
    const isUpper = layer.index === 0;
    const hidesFiles = mayHideFiles(this.#dentry, layer);
    const devices: CacheEntry[] = [];
    const fresh = (name: string, realIno: InodeNumber, type: number): CacheEntry => {
      const recalculated = superblock.xinoBits > 0 || name === '..' || (isUpper && (impure || name === '.'));
      const ino = recalculated ? 0 : realIno;
      const maybeWhiteout = hidesFiles && type === DT_REG;
      const entry = { name, type, realIno, ino, isUpper, isWhiteout: false, maybeWhiteout, inLowest: isLowest };
      if (type === DT_CHR) devices.push(entry);
      return entry;
    };
    const file = openPath(superblock, mount, dentry, O_RDONLY);
    try {
      iterateDirectory(file, (name, realIno, type) => this.#take(name, isLowest, () => fresh(name, realIno, type)));
    } finally {
      closeFile(file);
    }
    for (const entry of devices) entry.isWhiteout = isDeviceWhiteout(dentry, entry.name);
  }

  #take(name: string, isLowest: boolean, fresh: () => CacheEntry): true {
    const known = this.#byName.get(name);
    if (!isLowest) {
      if (known === undefined) this.#byName.set(name, fresh());
      return true;
    }
    if (known !== undefined) known.inLowest = true;
    this.#lowest.push(known ?? fresh());
    return true;
  }
}

/** Empty files in this layer's part of the directory may be whiteouts. */
const mayHideFiles = (dentry: Dentry, layer: Layer): boolean => layer.hasXwhiteouts && hasXwhiteouts(dentry);

function isDeviceWhiteout(directory: Dentry, name: string): boolean {
  const found = lookupDentry(directory, name).inode;
  return found !== undefined && isWhiteout(found.mode, found.rdev);
}

const readMerged = (dentry: Dentry): CacheEntry[] => new MergedReader(dentry).read();

/**
 * The whiteouts of the upper directory, if nothing else shows through. @throws Errno ENOTEMPTY
 * @see ovl_check_empty_dir()
 */
export function checkEmpty(dentry: Dentry): string[] {
  const { superblock } = overlayInode(dentry);
  const entries = asMounter(superblock, () => readMerged(dentry));
  const whiteouts: string[] = [];
  for (const { name, isWhiteout: hidden, isUpper } of entries) {
    if (hidden && isUpper) whiteouts.push(name);
    else if (!hidden && name !== '.' && name !== '..') raise('ENOTEMPTY');
  }
  return whiteouts;
}

/** The shared listing, read anew when a name has changed. @see ovl_cache_get() */
function getCache(dentry: Dentry): DirCache {
  const inode = overlayInode(dentry);
  const { cache } = inode;
  if (cache !== undefined && cache.version === inode.version && (cache.references > 0 || isSame(dentry, cache))) {
    if (cache.references === 0) forgetNumbers(cache);
    cache.references++;
    return cache;
  }
  const entries = readMerged(dentry);
  const witnesses = Array.from(layersOf(inode), ({ dentry: { inode: directory } }) => ({
    directory: directory!,
    ctime: directory!.ctime,
    size: directory!.size,
  }));
  const recalculated = entries.filter(({ ino }) => ino === 0);
  inode.cache = { version: inode.version, references: 1, entries, recalculated, witnesses, lacksNames: false };
  return inode.cache;
}

/** A new listing would ask for these numbers again, and would find out which names have gone meanwhile. */
function forgetNumbers({ recalculated }: DirCache): void {
  for (const entry of recalculated) entry.ino = 0;
}

/** The listings that were carried over into each forked machine. */
const forkedCaches = new WeakMap<Fork, Map<DirCache, DirCache>>();

/** A listing that somebody has open goes on in a forked machine, shared by those who shared it. */
function forkCache(fork: Fork, cache: DirCache): DirCache {
  const known = forkedCaches.get(fork) ?? new Map<DirCache, DirCache>();
  forkedCaches.set(fork, known);
  const entries = cache.entries.map((entry) => ({ ...entry }));
  const { version } = cache;
  const { lacksNames } = cache;
  const made = known.get(cache) ?? { version, references: 0, entries, recalculated: [], witnesses: [], lacksNames };
  known.set(cache, made);
  made.references++;
  return made;
}

/**
 * The layers are those that were read, none was changed behind the overlay's back, and none is known by now to have
 * whiteouts that must be looked up.
 */
function isSame(dentry: Dentry, { witnesses, lacksNames }: DirCache): boolean {
  const inode = overlayInode(dentry);
  const layers = inode.lower.length + (inode.upper === undefined ? 0 : 1);
  if (lacksNames || layers !== witnesses.length || witnesses[0]!.directory !== inode.real) return false;
  return witnesses.every(isUnchanged) && !inode.lower.some(({ layer }) => mayHideFiles(dentry, layer));
}

const isUnchanged = ({ directory, ctime, size }: Witness): boolean =>
  directory.ctime === ctime && directory.size === size;

/**
 * Finds the inode number that stat(2) tells for a name, and whether it is a whiteout after all.
 *
 * @see ovl_cache_update()
 */
function updateEntry(directory: Dentry, entry: CacheEntry): void {
  const { superblock } = overlayInode(directory);
  const needsIno = entry.ino === 0;
  entry.ino = entry.realIno;
  if (!superblock.sameDevice && !entry.maybeWhiteout) return;
  const found = entryDentry(directory, entry);
  if (found.inode === undefined) {
    entry.isWhiteout = true;
    return;
  }
  if (!needsIno || !superblock.sameDevice) return;
  const inode = overlayInode(found);
  if (isOrigin(inode)) entry.ino = inoOf(inode.getattr());
  else if (inode.upper === undefined && superblock.xinoBits > 0) {
    entry.ino = remapLower(superblock, entry.realIno, inode.lowerLayer!.fsid);
  }
}

/** @see ovl_remap_lower_ino() */
const remapLower = (superblock: OverlaySuperblock, ino: InodeNumber, fsid: number): InodeNumber =>
  superblock.mapIno(ino, fsid) ?? ino;

/** What cannot be looked up is an error once, and not listed from then on. */
function entryDentry(directory: Dentry, entry: CacheEntry): Dentry {
  if (entry.name === '.') return directory;
  if (entry.name === '..') return directory.parent;
  try {
    return lookupDentry(directory, entry.name);
  } catch (error) {
    if (error instanceof Errno) entry.isWhiteout = true;
    throw error;
  }
}

function updateIn(cache: DirCache, directory: Dentry, entry: CacheEntry): void {
  try {
    updateEntry(directory, entry);
  } finally {
    cache.lacksNames ||= entry.isWhiteout;
  }
}

function iterateMerged(file: OpenFile, open: OverlayDirectory, filldir: Filldir): void {
  open.cache ??= getCache(file.dentry);
  const { cache } = open;
  const { entries } = cache;
  for (; file.position < entries.length; file.position++) {
    const entry = entries[file.position]!;
    if (entry.isWhiteout) continue;
    if (entry.ino === 0 || entry.maybeWhiteout) updateIn(cache, file.dentry, entry);
    if (!entry.isWhiteout && !filldir(entry.name, entry.ino, entry.type)) return;
  }
}

/** Lists the one real directory, with the numbers that stat(2) tells. @see ovl_iterate_real() */
function iterateReal(file: OpenFile, open: OverlayDirectory, filldir: Filldir): void {
  const { real } = open;
  const inode = overlayInode(file.dentry);
  const parent = overlayInode(file.dentry.parent);
  const { superblock } = inode;
  const same = superblock.sameDevice;
  const parentIno = same && isMerge(parent) ? inoOf(parent.getattr()) : 0;
  const numbers = same && open.isUpper && inode.impure ? impureNumbers(file.dentry) : undefined;
  const fsid = superblock.xinoBits > 0 && numbers === undefined ? (inode.lowerLayer?.fsid ?? 0) : 0;
  iterateDirectory(real, (name, ino, type) => {
    file.position = real.position;
    if (parentIno !== 0 && name === '..') return filldir(name, parentIno, type);
    const shown = numbers?.get(name) ?? (fsid === 0 ? ino : remapLower(superblock, ino, fsid));
    return filldir(name, shown, type);
  });
  file.position = real.position;
}

/** @see ovl_cache_get_impure() */
function impureNumbers(dentry: Dentry): ReadonlyMap<string, InodeNumber> | undefined {
  const inode = overlayInode(dentry);
  if (inode.impureCache?.version === inode.version) return inode.impureCache.numbers;
  inode.impureCache = undefined;
  const numbers = readImpure(dentry);
  if (numbers.size === 0) return void forgetImpurity(inode);
  inode.impureCache = { version: inode.version, numbers };
  return numbers;
}

function readImpure(dentry: Dentry): Map<string, InodeNumber> {
  const inode = overlayInode(dentry);
  const { superblock } = inode;
  const entries: CacheEntry[] = [];
  const file = openPath(superblock, superblock.upperMount, inode.upper!, O_RDONLY);
  try {
    iterateDirectory(file, (name, realIno, type) => {
      const isDots = name === '.' || name === '..';
      const common = { isUpper: true, isWhiteout: false, maybeWhiteout: false, inLowest: false };
      if (!isDots) entries.push({ name, type, realIno, ino: 0, ...common });
      return true;
    });
  } finally {
    closeFile(file);
  }
  const numbers = new Map<string, InodeNumber>();
  for (const entry of entries) {
    updateEntry(dentry, entry);
    if (entry.ino !== entry.realIno) numbers.set(entry.name, entry.ino);
  }
  return numbers;
}

/** Nothing in the directory came from below any more: the mark goes. */
function forgetImpurity(inode: OverlayInode): void {
  const { superblock } = inode;
  attempt(() => {
    superblock.wantUpperWrite();
    removePrivateXattr(superblock, inode.upper!, XATTR_IMPURE);
  });
  inode.impure = false;
}

const openDirectoryOf = (file: OpenFile): OverlayDirectory => file.note as OverlayDirectory;

/** A listing that starts again is that of the directory as it is now. @see ovl_dir_reset() */
function reset(file: OpenFile, open: OverlayDirectory): void {
  const inode = overlayInode(file.dentry);
  if (open.cache !== undefined && open.cache.version !== inode.version) {
    open.cache.references--;
    open.cache = undefined;
  }
  if (inode.mayHaveWhiteouts) open.isReal = false;
}

/** The real directory where it is now; `undefined` for a lower one. @see ovl_dir_real_file() */
function upperFile(file: OpenFile, open: OverlayDirectory): OpenFile | undefined {
  const inode = overlayInode(file.dentry);
  const { superblock } = inode;
  if (inode.upper === undefined) return undefined;
  if (open.isUpper) return open.real;
  open.upper ??= openPath(superblock, superblock.upperMount, inode.upper, O_RDONLY);
  return open.upper;
}

class OverlayDirectoryOperations implements FileOperations {
  open(file: OpenFile): void {
    const inode = overlayInode(file.dentry);
    const { superblock, upper } = inode;
    const dentry = upper ?? inode.lower[0]!.dentry;
    const real = openPath(superblock, superblock.realMount(inode), dentry, O_RDONLY);
    file.note = new OverlayDirectory(!inode.mayHaveWhiteouts, upper !== undefined, real);
  }

  release(file: OpenFile): void {
    const { real, upper, cache } = openDirectoryOf(file);
    if (cache !== undefined) cache.references--;
    closeFile(real);
    if (upper !== undefined) closeFile(upper);
  }

  read(): number {
    return raise('EISDIR');
  }

  write(): number {
    return raise('EBADF');
  }

  iterate(file: OpenFile, filldir: Filldir): void {
    const open = openDirectoryOf(file);
    const { kernel, mounter } = overlayInode(file.dentry).superblock as OverlaySuperblock;
    const before = kernel.credentials;
    kernel.credentials = mounter;
    try {
      if (file.position === 0) reset(file, open);
      if (open.isReal) iterateReal(file, open, filldir);
      else iterateMerged(file, open, filldir);
    } finally {
      kernel.credentials = before;
    }
  }

  llseek(file: OpenFile, offset: number, whence: number): number {
    const open = openDirectoryOf(file);
    if (file.position === 0) reset(file, open);
    if (open.isReal) {
      open.real.position = file.position;
      open.real.position = open.real.ops.llseek(open.real, offset, whence);
      return open.real.position;
    }
    if (whence !== SEEK_SET && whence !== SEEK_CUR) raise('EINVAL');
    const position = whence === SEEK_CUR ? file.position + offset : offset;
    return position < 0 ? raise('EINVAL') : position;
  }

  fallocate(): void {
    raise('EISDIR');
  }

  fsync(file: OpenFile, dataOnly: boolean): void {
    if (!shouldSync(overlayInode(file.dentry).superblock.config)) return;
    const real = upperFile(file, openDirectoryOf(file));
    if (real !== undefined) vfsFsync(real, dataOnly);
  }

  ioctl(file: OpenFile, request: number, argument: unknown): unknown {
    const open = openDirectoryOf(file);
    const real = upperFile(file, open) ?? open.real;
    return real.ops.ioctl(real, request, argument);
  }

  fork(fork: Fork, old: OpenFile, made: OpenFile): void {
    const open = openDirectoryOf(old);
    const forked = new OverlayDirectory(open.isReal, open.isUpper, forkRealFile(fork, open.real));
    forked.upper = open.upper && forkRealFile(fork, open.upper);
    if (open.cache !== undefined) {
      forked.cache = forkCache(fork, open.cache);
      if (overlayInode(old.dentry).cache === open.cache) overlayInode(made.dentry).cache = forked.cache;
    }
    made.note = forked;
  }

  mmap(): Mapping {
    return raise('ENODEV');
  }
}

export const overlayDirectoryOperations: FileOperations = new OverlayDirectoryOperations();
