/**
 * The page cache of one inode: file data that lies somewhere else, in memory as far as it was needed, and what was
 * written and is not there yet.
 *
 * A page is *cached* when the map of extents has something in it, zeros included. Cached pages that were written since
 * are *dirty*: {@link PageCache.writeback} hands them to the backing, and a power cut loses them
 * ({@link PageCache.dropDirty}). The filesystem keeps the sizes: `size` here is the file's size in memory (`i_size`).
 *
 * One cache serves all open files and mappings of an inode. What belongs to an open file, how it reads ahead and which
 * errors it was told, is handed in as {@link Readahead} and {@link ErrseqMark}.
 *
 * @see mm/filemap.c, mm/page-writeback.c, mm/truncate.c
 */
import { Errno, raise } from '../abi/errno.ts';
import { PAGE_SIZE } from '../abi/flags.ts';
import type { Epoch } from './epoch.ts';
import { Errseq, type ErrseqMark } from './errseq.ts';
import { ExtentMap } from './extent-map.ts';
import { pageEnd, pageStart } from './extent-seek.ts';
import { dataRuns, holeRuns, NO_END, type PageRun, PageSet } from './page-set.ts';
import type { Readahead } from './readahead.ts';

/** Where the data of a file comes from. Offsets are multiples of PAGE_SIZE. */
export interface PageBacking {
  /** Fills all of `into`, whole pages or up to the end of the file; zeros where there is a hole. @throws Errno EIO, or what else keeps the data away */
  readPages(offset: number, into: Uint8Array): void;
  /** Stores whole pages, zeros behind the end of the file; they must not be kept. Left out for who cannot. @throws Errno EIO, ENOSPC */
  writePages?(offset: number, bytes: Uint8Array): void;
  /** Reading a part costs as much as reading all: whatever is missing is asked for at once. */
  readonly wholeFiles?: boolean;
}

/** The most that is read or written at once. */
const IO_MAX = 2 * 2 ** 20;

export class PageCache {
  readonly backing: PageBacking;
  /** Bytes in the file, what is not written back included; {@link write} makes it larger. */
  size: number;
  readonly #pages: ExtentMap;
  readonly #dirty: PageSet;
  readonly #errors: Errseq;

  private constructor(backing: PageBacking, size: number, pages: ExtentMap, dirty: PageSet, errors: Errseq) {
    this.backing = backing;
    this.size = size;
    this.#pages = pages;
    this.#dirty = dirty;
    this.#errors = errors;
  }

  static empty(epoch: Epoch, backing: PageBacking, size: number): PageCache {
    return new PageCache(backing, size, ExtentMap.empty(epoch), PageSet.empty(epoch), new Errseq());
  }

  /** The same state for the inode's twin in a forked machine, which has a backing of its own; O(1). */
  fork(epoch: Epoch, backing: PageBacking): PageCache {
    return new PageCache(backing, this.size, this.#pages.own(epoch), this.#dirty.own(epoch), this.#errors.copy());
  }

  /** How many pages are in memory. */
  get cachedPages(): number {
    return this.#pages.pages;
  }

  /** How many of them the backing does not have yet. */
  get dirtyPages(): number {
    return this.#dirty.size;
  }

  /** The cached ranges, in order and in whole pages. */
  present(start = 0, end = NO_END): IterableIterator<PageRun> {
    return dataRuns(this.#pages, start, end);
  }

  /** The ranges that are written but not stored, in order and in whole pages. */
  dirty(start = 0, end = NO_END): IterableIterator<PageRun> {
    return this.#dirty.runs(start, end);
  }

  /**
   * Fills `into` from `position`; answers how many bytes there were. Where a page cannot be had the bytes before it are
   * the answer. @throws Errno when there are none before it
   */
  read(into: Uint8Array, position: number, ahead?: Readahead): number {
    const length = Math.min(into.length, this.size - position);
    if (length <= 0) return 0;
    const done = this.#pages.missingPages(position, length) === 0 ? length : this.#fetch(position, length, ahead);
    this.#pages.read(done === into.length ? into : into.subarray(0, done), position);
    return done;
  }

  /** Writes into memory and marks the pages dirty. A page that is written in part is read first. @throws Errno EIO */
  write(bytes: Uint8Array, position: number): void {
    this.#prepareWrite(position, bytes.length);
    this.#pages.write(bytes, position);
    this.#written(position, bytes.length);
  }

  /** As {@link write}, with another file's extents, which are shared; its holes become zeros. */
  writeExtents(source: ExtentMap, sourceOffset: number, length: number, position: number): void {
    this.#prepareWrite(position, length);
    this.#pages.copyRange(source, sourceOffset, position, length);
    this.#written(position, length);
  }

  /** Brings a range in and answers the data of the file, to be shared and not to be changed. @throws Errno EIO */
  extents(offset = 0, length = this.size - offset): ExtentMap {
    const end = Math.min(this.size, offset + length);
    for (const { start, end: stop } of [...holeRuns(this.#pages, pageStart(offset), pageEnd(end))]) {
      this.#readRun(start, stop);
    }
    return this.#pages;
  }

  /**
   * Makes the file shorter or longer. Pages behind the end are forgotten, dirty or not; the rest of the last page reads
   * as zero and is dirty, because a longer file must not show again what was stored there. The filesystem cuts its own
   * tables first. @throws Errno EIO when the last page cannot be read
   */
  truncate(size: number): void {
    if (size < this.size) {
      this.#readEdge(size);
      this.#pages.truncate(size);
      this.#dirty.delete(pageEnd(size), NO_END);
      if (size % PAGE_SIZE !== 0) this.#dirty.add(pageStart(size), size);
    }
    this.size = size;
  }

  /** Forgets the whole pages within a range, dirty or not: the backing has something else there now. */
  invalidate(offset: number, length: number): void {
    this.#forget(pageEnd(offset), offset + length >= this.size ? NO_END : pageStart(offset + length));
  }

  /**
   * Stores what is dirty in a range, front to back. A page that cannot be stored is clean afterwards all the same, as
   * in Linux: its error is kept for those who ask by {@link sync}. A stop of the machine leaves it dirty.
   */
  writeback(start = 0, end = NO_END): void {
    for (const run of [...this.#dirty.runs(start, end)]) {
      for (let at = run.start; at < run.end; at += IO_MAX) this.#store(at, Math.min(run.end, at + IO_MAX));
    }
  }

  /** A mark for a new open file. */
  sampleErrors(): ErrseqMark {
    return this.#errors.sample();
  }

  /** fsync(2): stores what is dirty. @throws Errno the last error since `mark`, once for each mark */
  sync(mark: ErrseqMark, start = 0, end = NO_END): void {
    this.writeback(start, end);
    const error = this.#errors.checkAndAdvance(mark);
    if (error !== undefined) raise(error);
  }

  /**
   * What a power cut does: what was not stored is gone, and read anew. The filesystem sets the size that it has; one
   * that was cut must not be told to the disk before the cleared tail of the last page is.
   */
  dropDirty(): void {
    for (const { start, end } of [...this.#dirty.runs()]) this.#forget(start, end);
  }

  /** Gives the memory of all pages back that the backing has. @see /proc/sys/vm/drop_caches */
  dropClean(): void {
    for (const { start, end } of [...this.present()]) {
      for (const clean of [...this.#dirty.missing(start, end)]) this.#forget(clean.start, clean.end);
    }
  }

  #forget(start: number, end: number): void {
    if (start >= end) return;
    this.#pages.punch(start, end - start);
    this.#dirty.delete(start, end);
  }

  /** Brings in what is missing of a range; answers how many bytes from its start on can be read then. */
  #fetch(position: number, length: number, ahead: Readahead | undefined): number {
    const end = position + length;
    const [first] = holeRuns(this.#pages, pageStart(position), pageEnd(end));
    const wanted = pageEnd(end) - first!.start;
    const window = ahead?.window(first!.start, wanted) ?? wanted;
    try {
      if (this.backing.wholeFiles) this.#readRuns(0, NO_END);
      else this.#readRuns(first!.start, first!.start + window);
      return length;
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
    }
    return this.#fetchSlowly(position, end);
  }

  /** Page by page, up to the first one that cannot be had: what was read ahead of need must not fail a read. */
  #fetchSlowly(position: number, end: number): number {
    for (let at = pageStart(position); at < end; at += PAGE_SIZE) {
      if (this.#pages.missingPages(at, PAGE_SIZE) === 0) continue;
      try {
        this.#readRun(at, at + PAGE_SIZE);
      } catch (error) {
        if (error instanceof Errno && at > position) return at - position;
        throw error;
      }
    }
    return end - position;
  }

  #readRuns(start: number, end: number): void {
    const stop = Math.min(end, pageEnd(this.size));
    for (const run of [...holeRuns(this.#pages, start, stop)]) this.#readRun(run.start, run.end);
  }

  /** Reads whole pages that are not cached; the file's last one up to its end. */
  #readRun(start: number, end: number): void {
    const most = this.backing.wholeFiles ? NO_END : IO_MAX;
    for (let at = start; at < end; at += most) {
      const length = Math.min(end, at + most, this.size) - at;
      if (length <= 0) return;
      const bytes = new Uint8Array(length);
      this.backing.readPages(at, bytes);
      const { epoch } = this.#pages;
      if (isZero(bytes)) this.#pages.copyRange(ExtentMap.empty(epoch), 0, at, length);
      else this.#pages.cloneRange(ExtentMap.ofBytes(epoch, bytes), 0, at, length);
    }
  }

  #prepareWrite(position: number, length: number): void {
    if (length === 0) return;
    this.#readEdge(position);
    if (position + length < this.size) this.#readEdge(position + length);
  }

  /** Reads the page of which a part is about to change. */
  #readEdge(offset: number): void {
    const page = pageStart(offset);
    if (page === offset || page >= this.size || this.#pages.missingPages(page, 1) === 0) return;
    this.#readRun(page, page + PAGE_SIZE);
  }

  #written(position: number, length: number): void {
    if (length === 0) return;
    this.#dirty.add(position, position + length);
    this.size = Math.max(this.size, position + length);
  }

  #store(start: number, end: number): void {
    const bytes = new Uint8Array(end - start);
    this.#pages.read(bytes.subarray(0, Math.min(end, this.size) - start), start);
    this.#dirty.delete(start, end);
    try {
      const write = this.backing.writePages ?? raise('EROFS');
      write.call(this.backing, start, bytes);
    } catch (error) {
      if (!(error instanceof Errno)) {
        this.#dirty.add(start, end);
        throw error;
      }
      this.#errors.set(error.code);
    }
  }
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
