/** A map of ids from a user namespace to those of the machine, as it is written to /proc/<pid>/uid_map. */
import { raise } from '../abi/errno.ts';

/** One line of a map: `count` ids from `first` on stand for those from `lower` on. @see struct uid_gid_extent */
export interface IdExtent {
  readonly first: number;
  readonly lower: number;
  readonly count: number;
}

/** What an id without a counterpart is: no id at all. */
export const INVALID_ID = -1;
/** What a caller is told in its place. @see /proc/sys/kernel/overflowuid */
export const OVERFLOW_ID = 65534;
/** The number that is no id: -1 to C. */
const LIMIT = 2 ** 32 - 1;
/** The most lines. @see UID_GID_MAP_MAX_EXTENTS */
const MAX_EXTENTS = 340;

export class IdMap {
  readonly extents: readonly IdExtent[];

  constructor(extents: readonly IdExtent[]) {
    this.extents = extents;
  }

  get isEmpty(): boolean {
    return this.extents.length === 0;
  }

  /** The id below for one of the namespace. @see map_id_down() */
  down(id: number): number {
    return this.downRange(id, 1);
  }

  /** The first id below of a range that lies in one extent as a whole. @see map_id_range_down() */
  downRange(id: number, count: number): number {
    for (const { first, lower, count: size } of this.extents) {
      if (id >= first && id + count <= first + size) return id - first + lower;
    }
    return INVALID_ID;
  }

  /** The id of the namespace for one below. @see map_id_up() */
  up(id: number): number {
    for (const { first, lower, count } of this.extents) {
      if (id >= lower && id < lower + count) return id - lower + first;
    }
    return INVALID_ID;
  }
}

export const emptyIdMap = new IdMap([]);
/** Each id stands for itself. */
export const identityIdMap = new IdMap([{ first: 0, lower: 0, count: LIMIT }]);

/** A decimal number as C reads it: what does not belong ends it, what is too large loses its upper bits. */
function parseNumber(text: string): { value: number; rest: string } {
  const digits = /^\d*/.exec(text)![0];
  return { value: Number(BigInt.asUintN(32, BigInt(digits))), rest: text.slice(digits.length) };
}

/** One line: three numbers with blanks between. @throws Errno EINVAL */
function parseExtent(line: string): IdExtent {
  const numbers: number[] = [];
  let rest = line;
  for (let i = 0; i < 3; i++) {
    const read = parseNumber(rest.trimStart());
    numbers.push(read.value);
    rest = read.rest;
    if (i < 2 && !/^\s/.test(rest)) raise('EINVAL');
  }
  if (rest.trim() !== '') raise('EINVAL');
  const [first, lower, count] = numbers as [number, number, number];
  if (first === LIMIT || lower === LIMIT) raise('EINVAL');
  if (count === 0 || first + count > LIMIT || lower + count > LIMIT) raise('EINVAL');
  return { first, lower, count };
}

const overlap = (a: number, b: number, aCount: number, bCount: number): boolean =>
  Math.max(a, b) < Math.min(a + aCount, b + bCount);

/** The extents of what was written to a map. @throws Errno EINVAL @see map_write() */
export function parseIdMap(text: string): IdExtent[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const extents: IdExtent[] = [];
  for (const line of lines) {
    const made = parseExtent(line);
    for (const { first, lower, count } of extents) {
      if (overlap(first, made.first, count, made.count) || overlap(lower, made.lower, count, made.count))
        raise('EINVAL');
    }
    if (extents.length === MAX_EXTENTS) raise('EINVAL');
    extents.push(made);
  }
  return extents.length === 0 ? raise('EINVAL') : extents;
}
