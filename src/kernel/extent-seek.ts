import { PAGE_SIZE } from '../abi/flags.ts';
import { type Extent, UNWRITTEN } from './extent.ts';
import { type Extents, extentAfter } from './extent-list.ts';

/** The start of the page that holds `offset`. */
export function pageStart(offset: number): number {
  return offset - (offset % PAGE_SIZE);
}

/** `offset` rounded up to a whole page. */
export function pageEnd(offset: number): number {
  return pageStart(offset + PAGE_SIZE - 1);
}

/** Where `extent` ends. */
export function endsAt(extent: Extent): number {
  return extent.offset + extent.length;
}

/** The allocated pages between two page boundaries. */
export function countPages(list: Extents, start: number, end: number): number {
  let count = 0;
  let at = start;
  while (at < end) {
    const extent = extentAfter(list, at);
    if (extent === undefined || extent.offset >= end) break;
    const from = Math.max(at, pageStart(extent.offset));
    at = Math.min(end, pageEnd(endsAt(extent)));
    count += (at - from) / PAGE_SIZE;
  }
  return count;
}

/** The first extent that ends after `offset` and is data. */
export function dataAfter(list: Extents, offset: number): Extent | undefined {
  let extent = extentAfter(list, offset);
  while (extent !== undefined && extent.source === UNWRITTEN) extent = extentAfter(list, endsAt(extent));
  return extent;
}

/** The first offset, at `offset` or behind it, in a page of data below `size`. */
export function seekData(list: Extents, offset: number, size: number): number | undefined {
  const extent = dataAfter(list, pageStart(offset));
  if (extent === undefined || offset >= size) return undefined;
  const found = Math.max(offset, pageStart(extent.offset));
  return found < size ? found : undefined;
}

/** The first offset, at `offset` or behind it, in a page that is no data, or `size`. */
export function seekHole(list: Extents, offset: number, size: number): number {
  let at = offset;
  while (at < size) {
    const extent = dataAfter(list, pageStart(at));
    if (extent === undefined || pageStart(extent.offset) > at) return at;
    at = pageEnd(endsAt(extent));
  }
  return size;
}
