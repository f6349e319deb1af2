import { type Extent, UNWRITTEN, ZERO, blank, lent } from './extent.ts';
import { type Extents, extentAfter } from './extent-list.ts';
import { endsAt } from './extent-seek.ts';

/** The extents of a range, `by` bytes further on, as anybody may hold them. */
export function piecesOf(list: Extents, start: number, end: number, by: number): Extent[] {
  const pieces: Extent[] = [];
  let extent = extentAfter(list, start);
  while (extent !== undefined && extent.offset < end) {
    pieces.push(lent(extent, start, end, by));
    extent = extentAfter(list, endsAt(extent));
  }
  return pieces;
}

/** The parts of `pieces` within a range. */
export function within(pieces: readonly Extent[], start: number, end: number): Extent[] {
  if (start >= end) return [];
  return pieces.filter((e) => e.offset < end && endsAt(e) > start).map((e) => lent(e, start, end, 0));
}

/** The parts of `pieces` within a range, with zeros for what is missing or unwritten. */
export function written(pieces: readonly Extent[], start: number, end: number): Extent[] {
  const result: Extent[] = [];
  let at = start;
  for (const piece of within(pieces, start, end)) {
    if (piece.source === UNWRITTEN) continue;
    if (piece.offset > at) result.push(blank(ZERO, at, piece.offset));
    result.push(piece);
    at = endsAt(piece);
  }
  if (at < end) result.push(blank(ZERO, at, end));
  return result;
}
