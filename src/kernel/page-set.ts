/** Which pages of a file something is true of: the mark that Linux keeps in the page cache's xarray. */
import { PAGE_SIZE } from '../abi/flags.ts';
import type { Epoch } from './epoch.ts';
import { ExtentMap } from './extent-map.ts';
import { pageEnd, pageStart } from './extent-seek.ts';

/** Beyond every file; a whole number of pages. */
export const NO_END = 2 ** 52;

/** A run of bytes, from the first to behind the last. */
export interface PageRun {
  readonly start: number;
  readonly end: number;
}

/** The runs of pages of `map` that hold data, within `[start, end)`; neighbours come as one. */
export function* dataRuns(map: ExtentMap, start: number, end: number): IterableIterator<PageRun> {
  for (let at = start; at < end; ) {
    const data = map.seekData(at, end);
    if (data === undefined || data >= end) return;
    at = Math.min(end, map.seekHole(data, end));
    yield { start: data, end: at };
  }
}

/** The runs of pages of `map` that hold no data, within `[start, end)`. */
export function* holeRuns(map: ExtentMap, start: number, end: number): IterableIterator<PageRun> {
  for (let at = start; at < end; ) {
    const hole = map.seekHole(at, end);
    if (hole >= end) return;
    at = Math.min(end, map.seekData(hole, end) ?? end);
    yield { start: hole, end: at };
  }
}

/** A set of pages in the tables that file data is kept in, so that it is forked in no time too. */
export class PageSet {
  readonly #map: ExtentMap;
  readonly #nothing: ExtentMap;

  private constructor(map: ExtentMap) {
    this.#map = map;
    this.#nothing = ExtentMap.empty(map.epoch);
  }

  static empty(epoch: Epoch): PageSet {
    return new PageSet(ExtentMap.empty(epoch));
  }

  own(epoch: Epoch): PageSet {
    return new PageSet(this.#map.own(epoch));
  }

  /** How many pages are in the set. */
  get size(): number {
    return this.#map.pages;
  }

  /** Adds every page that the range touches. */
  add(start: number, end: number): void {
    const last = pageEnd(end);
    for (const hole of [...holeRuns(this.#map, pageStart(start), last)]) {
      this.#map.copyRange(this.#nothing, 0, hole.start, hole.end - hole.start);
    }
  }

  /** Takes every page out that the range touches. */
  delete(start: number, end: number): void {
    const first = pageStart(start);
    const last = pageEnd(end);
    if (first < last) this.#map.punch(first, last - first);
  }

  has(offset: number): boolean {
    return this.#map.missingPages(pageStart(offset), PAGE_SIZE) === 0;
  }

  /** The pages of the set within a range, neighbours together. */
  runs(start = 0, end = NO_END): IterableIterator<PageRun> {
    return dataRuns(this.#map, start, end);
  }

  /** The pages of a range that are not in the set. */
  missing(start: number, end: number): IterableIterator<PageRun> {
    return holeRuns(this.#map, start, end);
  }
}
