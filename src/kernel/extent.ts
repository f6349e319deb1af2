import { Seed, readSeeded } from './seeded.ts';

/**
 * Who alone may change the bytes of an extent: a token that one map holds. When a map shares its extents it takes
 * another token, and everything it had becomes unchangeable at once.
 */
export class Owner {}

/** Bytes that read as zero without being stored. */
class Nothing {
  readonly kind: 'zero' | 'unwritten';

  constructor(kind: 'zero' | 'unwritten') {
    this.kind = kind;
  }
}

/** Written zeros: what is left in a page of which a part was cleared. */
export const ZERO = new Nothing('zero');
/** Whole pages that were reserved and never written: allocated, but no data for SEEK_DATA. */
export const UNWRITTEN = new Nothing('unwritten');

export type ExtentKind = 'bytes' | 'zero' | 'seeded' | 'unwritten';
/** Where the content of an extent comes from. */
export type Source = Uint8Array | Seed | typeof ZERO;

/** A run of a file's bytes that have one source. Only its owner may let it grow or change its bytes. */
export class Extent {
  readonly offset: number;
  length: number;
  readonly source: Source;
  /** Where the first byte lies in the source. */
  readonly start: number;
  /** The end of the part of the source that is this extent's alone; it may grow up to here. */
  readonly limit: number;
  /** `undefined` when the bytes belong to nobody and must not change. */
  readonly owner: object | undefined;

  constructor(offset: number, length: number, source: Source, start: number, limit: number, owner: object | undefined) {
    this.offset = offset;
    this.length = length;
    this.source = source;
    this.start = start;
    this.limit = limit;
    this.owner = owner;
  }
}

export function kindOf(extent: Extent): ExtentKind {
  const { source } = extent;
  if (source instanceof Uint8Array) return 'bytes';
  return source instanceof Seed ? 'seeded' : source.kind;
}

/** An extent of zeros: {@link ZERO} or {@link UNWRITTEN}. */
export function blank(source: typeof ZERO, offset: number, end: number): Extent {
  return new Extent(offset, end - offset, source, 0, 0, undefined);
}

/** The part of `extent` before `end`. It keeps the room to grow only if nothing else is left of the extent. */
export function headOf(extent: Extent, end: number, growable: boolean): Extent {
  const length = end - extent.offset;
  const limit = growable ? extent.limit : extent.start + length;
  return new Extent(extent.offset, length, extent.source, extent.start, limit, extent.owner);
}

/** The part of `extent` from `offset` on. */
export function tailOf(extent: Extent, offset: number): Extent {
  const cut = offset - extent.offset;
  return new Extent(offset, extent.length - cut, extent.source, extent.start + cut, extent.limit, extent.owner);
}

/** The same content `by` bytes further on. */
export function shifted(extent: Extent, by: number): Extent {
  const { offset, length, source, start, limit, owner } = extent;
  return new Extent(offset + by, length, source, start, limit, owner);
}

/** The part of `extent` within `[start, end)` at `start + by`, as anybody may hold it: unchangeable. */
export function lent(extent: Extent, start: number, end: number, by: number): Extent {
  const from = Math.max(start, extent.offset);
  const to = Math.min(end, extent.offset + extent.length);
  return new Extent(from + by, to - from, extent.source, extent.start + from - extent.offset, 0, undefined);
}

/** Below this many bytes a loop is cheaper than the view that `set` needs. */
const LOOP_MAX = 64;

/** Writes the bytes of `extent` from `offset` (in the file) on into `into[at, at + length)`. */
export function readExtent(extent: Extent, offset: number, into: Uint8Array, at: number, length: number): void {
  const { source } = extent;
  const start = extent.start + offset - extent.offset;
  if (source instanceof Uint8Array) {
    if (length > LOOP_MAX) into.set(source.subarray(start, start + length), at);
    else for (let i = 0; i < length; i++) into[at + i] = source[start + i]!;
  } else if (source instanceof Seed) readSeeded(source, start, into, at, length);
  else into.fill(0, at, at + length);
}
