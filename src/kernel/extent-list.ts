import type { Epoch } from './epoch.ts';
import { countCopy } from './epoch.ts';
import { Extent, headOf, tailOf } from './extent.ts';

const CHUNK_MAX = 64;
/** Chunks that come out smaller than this are joined with a small neighbour. */
const CHUNK_SMALL = 16;

interface Chunk {
  readonly owner: object;
  readonly extents: Extent[];
}

/** Sorted extents in chunks: a writer that does not own them copies the list of chunks and one chunk. */
class ExtentList {
  readonly owner: object;
  readonly chunks: Chunk[];

  constructor(owner: object, chunks: Chunk[]) {
    this.owner = owner;
    this.chunks = chunks;
  }
}

/** The extents of a file, which do not overlap. A single one stands for itself, because most files have just one. */
export type Extents = Extent | ExtentList | undefined;

/** Who writes, and where the copies it makes are counted. */
export interface Writer {
  readonly owner: object;
  readonly epoch: Epoch;
}

/** The first index whose extent ends after `offset`, or how many there are. */
function indexAfter(extents: readonly Extent[], offset: number): number {
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const extent = extents[middle]!;
    if (extent.offset + extent.length > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The last chunk that starts at or before `offset`, or the first one. */
function chunkAt(chunks: readonly Chunk[], offset: number): number {
  let low = 0;
  let high = chunks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (chunks[middle]!.extents[0]!.offset <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The first extent that ends after `offset`: the one that holds it, or the next. */
export function extentAfter(list: Extents, offset: number): Extent | undefined {
  if (list === undefined) return undefined;
  if (list instanceof Extent) return list.offset + list.length > offset ? list : undefined;
  const at = chunkAt(list.chunks, offset);
  const { extents } = list.chunks[at]!;
  const index = indexAfter(extents, offset);
  return index < extents.length ? extents[index] : list.chunks[at + 1]?.extents[0];
}

/** Where the last extent ends. */
export function endOf(list: Extents): number {
  if (list === undefined) return 0;
  const last = list instanceof Extent ? list : list.chunks.at(-1)!.extents.at(-1)!;
  return last.offset + last.length;
}

/** Every extent in order. */
export function* eachExtent(list: Extents): IterableIterator<Extent> {
  if (list instanceof Extent) yield list;
  else if (list !== undefined) for (const chunk of list.chunks) yield* chunk.extents;
}

/** Puts `fresh`, which lies within `[start, end)`, in place of all that lies there. */
export function replaceExtents(list: Extents, by: Writer, start: number, end: number, fresh: Extent[]): Extents {
  if (list instanceof ExtentList) return replaceInChunks(list, by, start, end, fresh);
  const extents = list === undefined ? fresh : spliced([list], start, end, fresh);
  return listOf(extents, by.owner);
}

/** `extents` in the cheapest form. */
export function listOf(extents: Extent[], owner: object): Extents {
  return extents.length < 2 ? extents[0] : new ExtentList(owner, chunksOf(extents, owner));
}

function chunksOf(extents: Extent[], owner: object): Chunk[] {
  if (extents.length === 0) return [];
  if (extents.length <= CHUNK_MAX) return [{ owner, extents }];
  const count = Math.ceil(extents.length / (CHUNK_MAX * 0.75));
  const size = Math.ceil(extents.length / count);
  const chunks: Chunk[] = [];
  for (let i = 0; i < extents.length; i += size) chunks.push({ owner, extents: extents.slice(i, i + size) });
  return chunks;
}

/** `extents` with `[start, end)` cut out and `fresh` put in. */
function spliced(extents: readonly Extent[], start: number, end: number, fresh: readonly Extent[]): Extent[] {
  const first = indexAfter(extents, start);
  const result = extents.slice(0, first);
  const behind: Extent[] = [];
  let i = first;
  for (; i < extents.length && extents[i]!.offset < end; i++) {
    const extent = extents[i]!;
    const isCutTwice = extent.offset + extent.length > end;
    if (extent.offset < start) result.push(headOf(extent, start, !isCutTwice));
    if (isCutTwice) behind.push(tailOf(extent, end));
  }
  for (const extent of fresh) result.push(extent);
  for (const extent of behind) result.push(extent);
  for (; i < extents.length; i++) result.push(extents[i]!);
  return result;
}

function replaceInChunks(list: ExtentList, by: Writer, start: number, end: number, fresh: Extent[]): Extents {
  if (appended(list, by, start, fresh)) return list;
  const { chunks } = list;
  let first = chunkAt(chunks, start);
  let last = Math.max(first, chunkAt(chunks, end - 1));
  let extents = spliced(gathered(chunks, by, first, last), start, end, fresh);
  if (extents.length < CHUNK_SMALL && isSmall(chunks[first - 1])) {
    first -= 1;
    extents = [...counted(chunks[first]!, by), ...extents];
  }
  if (extents.length < CHUNK_SMALL && isSmall(chunks[last + 1])) {
    last += 1;
    extents = [...extents, ...counted(chunks[last]!, by)];
  }
  if (last - first + 1 === chunks.length && extents.length < 2) return extents[0];
  return withChunks(list, by, first, last, chunksOf(extents, by.owner));
}

/** Adds behind the end without rebuilding a chunk, which is what writing a large file piece by piece does. */
function appended(list: ExtentList, by: Writer, start: number, fresh: Extent[]): boolean {
  const { extents, owner } = list.chunks.at(-1)!;
  const last = extents.at(-1)!;
  if (list.owner !== by.owner || fresh.length !== 1 || last.offset + last.length > start) return false;
  if (extents.length < CHUNK_MAX && owner === by.owner) extents.push(fresh[0]!);
  else list.chunks.push({ owner: by.owner, extents: fresh });
  return true;
}

function isSmall(chunk: Chunk | undefined): boolean {
  return chunk !== undefined && chunk.extents.length < CHUNK_SMALL;
}

/** The extents of the chunks `first` to `last`. */
function gathered(chunks: readonly Chunk[], by: Writer, first: number, last: number): Extent[] {
  if (first === last) return counted(chunks[first]!, by);
  return chunks.slice(first, last + 1).flatMap((chunk) => counted(chunk, by));
}

/** The extents of `chunk`, which is about to be replaced: a copy if it is not the writer's. */
function counted(chunk: Chunk, by: Writer): Extent[] {
  if (chunk.owner !== by.owner) countCopy(by.epoch, chunk.extents.length);
  return chunk.extents;
}

/** `list` with other chunks in place of `first` to `last`: the same object if it is the writer's. */
function withChunks(list: ExtentList, by: Writer, first: number, last: number, fresh: Chunk[]): ExtentList {
  const { chunks } = list;
  if (list.owner === by.owner && fresh.length === 1 && first === last) {
    chunks[first] = fresh[0]!;
    return list;
  }
  if (list.owner === by.owner && fresh.length <= CHUNK_MAX) {
    chunks.splice(first, last - first + 1, ...fresh);
    return list;
  }
  if (list.owner !== by.owner) countCopy(by.epoch, chunks.length);
  return new ExtentList(by.owner, [...chunks.slice(0, first), ...fresh, ...chunks.slice(last + 1)]);
}
