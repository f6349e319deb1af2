import { PAGE_SIZE } from '../abi/flags.ts';
import { countData, type Epoch } from './epoch.ts';
import { blank, Extent, type ExtentKind, kindOf, Owner, readExtent, shifted, UNWRITTEN, ZERO } from './extent.ts';
import { type Extents, eachExtent, endOf, extentAfter, listOf, replaceExtents } from './extent-list.ts';
import { piecesOf, within, written } from './extent-pieces.ts';
import { countPages, dataAfter, endsAt, pageEnd, pageStart, seekData, seekHole } from './extent-seek.ts';
import { Seed } from './seeded.ts';
import { SLAB_PIECE_MAX, Slab } from './slab.ts';

/** How far a file that is appended to reserves ahead, and from where on its last extent no longer moves. */
const GROWTH_MAX = 64 * 1024;
const GROWTH_MIN = 64;

/**
 * The data of a file: sorted extents, and holes between them.
 *
 * A page that any extent touches is *allocated*, and bytes in it without an extent are zeros. An allocated page is
 * *data*, unless it is `unwritten`: reserved by {@link fill} or {@link zero} and never written since; such extents
 * consist of whole pages. This is how tmpfs counts `st_blocks` and answers SEEK_DATA.
 *
 * Maps may share extents. A map changes bytes in place, or lets an extent grow, only while they are its own: sharing
 * gives it another owner token, which turns all it holds into bytes that nobody changes.
 *
 * @see mm/shmem.c, mm/filemap.c (mapping_seek_hole_data)
 */
export class ExtentMap {
  readonly epoch: Epoch;
  private owner: object;
  private list: Extents;
  private allocated: number;

  private constructor(epoch: Epoch, owner: object, list: Extents, allocated: number) {
    this.epoch = epoch;
    this.owner = owner;
    this.list = list;
    this.allocated = allocated;
  }

  static empty(epoch: Epoch): ExtentMap {
    return new ExtentMap(epoch, epoch, undefined, 0);
  }

  /** A file that holds `bytes` themselves, not a copy; they must never change. */
  static ofBytes(epoch: Epoch, bytes: Uint8Array): ExtentMap {
    const { length } = bytes;
    const list = length === 0 ? undefined : new Extent(0, length, bytes, 0, 0, undefined);
    return new ExtentMap(epoch, epoch, list, pageEnd(length) / PAGE_SIZE);
  }

  /** A file of `length` bytes that are made from `seed` whenever they are read. */
  static ofSeed(epoch: Epoch, seed: number, length: number): ExtentMap {
    const list = length === 0 ? undefined : new Extent(0, length, new Seed(seed), 0, 0, undefined);
    return new ExtentMap(epoch, epoch, list, pageEnd(length) / PAGE_SIZE);
  }

  /** How many pages are allocated. */
  get pages(): number {
    return this.allocated;
  }

  /** This map if it is of `epoch`, else a map of `epoch` that shares all its extents; O(1). */
  own(epoch: Epoch): ExtentMap {
    if (epoch === this.epoch) return this;
    this.owner = new Owner();
    return new ExtentMap(epoch, new Owner(), this.list, this.allocated);
  }

  /** Fills `into` with the bytes from `offset` on, zeros where there are none; the size of the file is the caller's. */
  read(into: Uint8Array, offset: number): void {
    const end = offset + into.length;
    let at = offset;
    while (at < end) {
      const extent = extentAfter(this.list, at);
      const start = extent === undefined ? end : Math.min(end, extent.offset);
      if (start > at) into.fill(0, at - offset, start - offset);
      at = Math.max(at, start);
      if (extent === undefined || at === end) return;
      const stop = Math.min(end, endsAt(extent));
      readExtent(extent, at, into, at - offset, stop - at);
      at = stop;
    }
  }

  /** Writes a copy of `bytes` at `offset`. */
  write(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    if (end === offset || this.writeInPlace(bytes, offset, end)) return;
    this.allocated += this.missingPages(offset, bytes.length);
    const grown = this.growingTail(offset);
    const low = grown?.offset ?? this.lowNeighbour(offset);
    const high = this.highNeighbour(end);
    const reserve = grown !== undefined || this.isOwnedEnd(offset);
    const extent = this.allocate(low, high - low, reserve && high === end);
    const buffer = extent.source as Uint8Array;
    countData(this.epoch, offset - low + high - end);
    if (low < offset) this.read(buffer.subarray(extent.start, extent.start + offset - low), low);
    buffer.set(bytes, extent.start + offset - low);
    if (end < high) this.read(buffer.subarray(extent.start + end - low, extent.start + extent.length), end);
    this.replace(low, high, [extent]);
  }

  /** Allocates the pages of a range that are holes, unwritten; data stays. fallocate(2) with mode 0 */
  fill(offset: number, length: number): void {
    const end = pageEnd(offset + length);
    let at = pageStart(offset);
    while (length > 0 && at < end) {
      const extent = extentAfter(this.list, at);
      const stop = extent === undefined ? end : Math.min(end, pageStart(extent.offset));
      if (stop > at) this.replace(at, stop, [blank(UNWRITTEN, at, stop)]);
      this.allocated += Math.max(0, stop - at) / PAGE_SIZE;
      at = extent === undefined ? end : pageEnd(endsAt(extent));
    }
  }

  /** Makes a range read as zero and allocates it; whole pages become unwritten. FALLOC_FL_ZERO_RANGE */
  zero(offset: number, length: number): void {
    this.fill(offset, length);
    const end = offset + length;
    const start = pageEnd(offset);
    const stop = pageStart(end);
    this.clearEdges(offset, end);
    if (start < stop) this.replace(start, stop, [blank(UNWRITTEN, start, stop)]);
  }

  /** Frees the whole pages of a range and makes the rest of it read as zero. FALLOC_FL_PUNCH_HOLE */
  punch(offset: number, length: number): void {
    const end = offset + length;
    this.clearEdges(offset, end);
    this.free(pageEnd(offset), pageStart(end));
  }

  /** Frees the pages wholly beyond `size`; the rest of the last page reads as zero. */
  truncate(size: number): void {
    const end = pageEnd(size);
    if (size < end) this.clear(size, end);
    if (end <= 0) {
      this.list = undefined;
      this.allocated = 0;
    } else this.free(end, Math.max(end, pageEnd(endOf(this.list))));
  }

  /**
   * Takes a range out and moves what lies behind it down. Both numbers are multiples of PAGE_SIZE, as
   * FALLOC_FL_COLLAPSE_RANGE demands; the caller answers EINVAL.
   */
  collapse(offset: number, length: number): void {
    this.free(offset, offset + length);
    this.shift(offset, -length);
  }

  /** Moves what lies at `offset` and behind it up by `length`, leaving a hole; both multiples of PAGE_SIZE. */
  insert(offset: number, length: number): void {
    this.replace(offset, offset, []);
    this.shift(offset, length);
  }

  /**
   * Puts a range of `from`, which may be this map, in place of as long a range at `toOffset`, sharing its extents. Whole
   * pages become what they are in the source, holes too; parts of pages are written. If the offsets lie differently in
   * their pages, everything is written: see {@link copyRange}.
   */
  cloneRange(from: ExtentMap, fromOffset: number, toOffset: number, length: number): void {
    if (length <= 0) return;
    if (this.shareAll(from, fromOffset, toOffset, length)) return;
    const end = toOffset + length;
    const pieces = from.lend(fromOffset, length, toOffset);
    const isAligned = (toOffset - fromOffset) % PAGE_SIZE === 0;
    const start = isAligned ? Math.min(end, pageEnd(toOffset)) : end;
    this.take(pieces, toOffset, end, start, Math.max(start, pageStart(end)));
  }

  /** Writes the bytes of a range of `from` at `toOffset`, sharing its extents; its holes are written as zeros. */
  copyRange(from: ExtentMap, fromOffset: number, toOffset: number, length: number): void {
    if (length <= 0) return;
    const end = toOffset + length;
    this.take(from.lend(fromOffset, length, toOffset), toOffset, end, end, end);
  }

  /** How many pages a write to the range would have to allocate. */
  missingPages(offset: number, length: number): number {
    if (length <= 0) return 0;
    const end = pageEnd(offset + length);
    const start = pageStart(offset);
    return (end - start) / PAGE_SIZE - countPages(this.list, start, end);
  }

  /** The first offset, at `offset` or behind it, in a page of data below `size`. SEEK_DATA */
  seekData(offset: number, size: number): number | undefined {
    return seekData(this.list, offset, size);
  }

  /** The first offset, at `offset` or behind it, in a page that is no data, or `size`. SEEK_HOLE */
  seekHole(offset: number, size: number): number {
    return seekHole(this.list, offset, size);
  }

  /** What the file consists of, in order. */
  *extents(): IterableIterator<{ offset: number; length: number; kind: ExtentKind }> {
    for (const extent of eachExtent(this.list)) {
      yield { offset: extent.offset, length: extent.length, kind: kindOf(extent) };
    }
  }

  private replace(start: number, end: number, fresh: Extent[]): void {
    this.list = replaceExtents(this.list, { owner: this.owner, epoch: this.epoch }, start, end, fresh);
  }

  /** Takes everything out of whole pages. */
  private free(start: number, end: number): void {
    if (start >= end) return;
    this.allocated -= countPages(this.list, start, end);
    this.replace(start, end, []);
  }

  /** Overwrites bytes of its own, or lets the extent at or before `offset` grow into room of its own. */
  private writeInPlace(bytes: Uint8Array, offset: number, end: number): boolean {
    let extent = extentAfter(this.list, offset);
    if (extent === undefined || extent.offset > offset) extent = extentAfter(this.list, offset - 1);
    if (extent === undefined || extent.owner !== this.owner || extent.offset > offset) return false;
    const start = extent.start + offset - extent.offset;
    if (end > endsAt(extent)) {
      if (start + bytes.length > extent.limit) return false;
      const next = extentAfter(this.list, endsAt(extent));
      if (next !== undefined && next.offset < end) return false;
      this.allocated += this.missingPages(offset, bytes.length);
      extent.length = end - extent.offset;
    }
    (extent.source as Uint8Array).set(bytes, start);
    return true;
  }

  /** The last extent, if a write at `offset` makes it longer and it is short enough to move. */
  private growingTail(offset: number): Extent | undefined {
    if (!this.isOwnedEnd(offset)) return undefined;
    const extent = extentAfter(this.list, offset - 1)!;
    return extent.length < GROWTH_MAX ? extent : undefined;
  }

  /** Whether `offset` is the end of the last extent and this is the map's own. */
  private isOwnedEnd(offset: number): boolean {
    const extent = extentAfter(this.list, offset - 1);
    return (
      extent !== undefined && extent.owner === this.owner && endsAt(extent) === offset && endOf(this.list) === offset
    );
  }

  /** Where the data begins that shares a page with a write at `offset`: it is taken along, lest pages fall to pieces. */
  private lowNeighbour(offset: number): number {
    const start = pageStart(offset);
    const extent = start < offset ? extentAfter(this.list, start) : undefined;
    return extent === undefined ? offset : Math.min(offset, Math.max(start, extent.offset));
  }

  /** Where the data ends that shares the last page with a write up to `end`. */
  private highNeighbour(end: number): number {
    const stop = pageEnd(end);
    let high = end;
    for (let at = end; at < stop; ) {
      const extent = extentAfter(this.list, at);
      if (extent === undefined || extent.offset >= stop) break;
      high = Math.min(stop, endsAt(extent));
      at = high;
    }
    return high;
  }

  /** An extent of this map's own for `length` bytes; with `reserve`, it has room to grow. */
  private allocate(offset: number, length: number, reserve: boolean): Extent {
    const ahead = Math.min(GROWTH_MAX, Math.max(GROWTH_MIN, length));
    const room = reserve ? length + ahead : length;
    if (room > SLAB_PIECE_MAX) return new Extent(offset, length, new Uint8Array(room), 0, room, this.owner);
    this.epoch.slab ??= new Slab();
    const start = this.epoch.slab.take(room);
    return new Extent(offset, length, this.epoch.slab.buffer, start, start + room, this.owner);
  }

  /** Clears the parts of the first and last page of a range that are not whole pages. */
  private clearEdges(start: number, end: number): void {
    const first = Math.min(end, pageEnd(start));
    const last = Math.max(first, pageStart(end));
    this.clear(start, first);
    this.clear(last, end);
  }

  /** Makes a part of one page read as zero without freeing the page. */
  private clear(start: number, end: number): void {
    if (start >= end) return;
    const page = pageStart(start);
    const extent = extentAfter(this.list, page);
    if (extent === undefined || extent.offset >= page + PAGE_SIZE || extent.source === UNWRITTEN) return;
    const behind = end < page + PAGE_SIZE ? extentAfter(this.list, end) : undefined;
    const isKept = Math.max(page, extent.offset) < start || (behind !== undefined && behind.offset < page + PAGE_SIZE);
    this.replace(start, end, isKept ? [] : [blank(ZERO, start, end)]);
  }

  private shift(offset: number, by: number): void {
    const extents = Array.from(eachExtent(this.list), (extent) =>
      extent.offset < offset ? extent : shifted(extent, by),
    );
    this.list = listOf(extents, this.owner);
  }

  /** The extents of a range as they are to lie at `toOffset`; nobody changes them from now on. */
  private lend(offset: number, length: number, toOffset: number): Extent[] {
    this.owner = new Owner();
    return piecesOf(this.list, offset, offset + length, toOffset - offset);
  }

  /** Shares the whole list when a whole file is cloned into an empty one. */
  private shareAll(from: ExtentMap, fromOffset: number, toOffset: number, length: number): boolean {
    if (this.list !== undefined || fromOffset !== 0 || toOffset !== 0 || endOf(from.list) > length) return false;
    if (length % PAGE_SIZE !== 0 && dataAfter(from.list, pageStart(length)) === undefined) return false;
    from.owner = new Owner();
    this.owner = new Owner();
    this.list = from.list;
    this.allocated = from.allocated;
    return true;
  }

  /** Puts `pieces` in place of a range; holes between them are kept in `[start, stop)` only and written as zeros elsewhere. */
  private take(pieces: Extent[], offset: number, end: number, start: number, stop: number): void {
    const low = pageStart(offset);
    const high = pageEnd(end);
    const before = countPages(this.list, low, high);
    this.touch(offset, end);
    const extents = written(pieces, offset, start).concat(within(pieces, start, stop), written(pieces, stop, end));
    this.replace(offset, end, extents);
    this.allocated += countPages(this.list, low, high) - before;
  }

  /** Turns unwritten pages of which a part is about to be written into data. */
  private touch(offset: number, end: number): void {
    for (const edge of [offset, end]) {
      const page = pageStart(edge);
      const extent = page < edge ? extentAfter(this.list, page) : undefined;
      if (extent === undefined || extent.source !== UNWRITTEN || extent.offset > page) continue;
      this.replace(page, page + PAGE_SIZE, [blank(ZERO, page, page + PAGE_SIZE)]);
    }
  }
}
