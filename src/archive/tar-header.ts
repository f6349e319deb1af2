/**
 * Reads one header block in the dialects that occur in layers: V7, POSIX ustar (with PAX), GNU and star.
 *
 * @see pax(1) "ustar Interchange Format", GNU tar's "Basic Tar Format"
 */
import { ArchiveError, type ArchiveErrorCode } from './archive-error.ts';
import { decodeName, encodeName } from '../abi/name-bytes.ts';
import { type PaxRecords, parseInteger, parseTime, XATTR_RECORD_PREFIX } from './pax-record.ts';
import { BLOCK_SIZE, DIRTYPE, isHeaderOnly, REGTYPE, type TarHeader } from './tar-entry.ts';

/** Where each field of a header block begins and how long it is. */
export const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const;

/** The name of a field. */
export type Field = keyof typeof fields;

/** The bytes of a field, as a view into the block. */
export function fieldOf(block: Uint8Array, field: Field): Uint8Array {
  const [at, length] = fields[field];
  return block.subarray(at, at + length);
}

/** Whether the block holds nothing but zeros: two of them end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== 0) return false;
  return true;
}

/** The string up to the first NUL. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes[0] === 0) return '';
  const end = bytes.indexOf(0);
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end));
}

function refuse(code: ArchiveErrorCode, message: string, entry: string): never {
  throw new ArchiveError(code, entry === '' ? message : `${JSON.stringify(entry)}: ${message}`, { entry });
}

/** Octal digits between spaces and NULs, or GNU's base 256: the first bit set, then two's complement. */
function numberOf(block: Uint8Array, field: Field, entry: string): number {
  let [from, to] = fields[field] as readonly [number, number];
  to += from;
  if ((block[from]! & 0x80) !== 0) return base256(fieldOf(block, field), field, entry);
  while (from < to && isFiller(block[from]!)) from++;
  while (to > from && isFiller(block[to - 1]!)) to--;
  let value = 0;
  for (let at = from; at < to && block[at] !== 0; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) refuse('ERR_TAR_HEADER', `malformed ${field}`, entry);
    value = value * 8 + digit;
  }
  return value;
}

const isFiller = (byte: number): boolean => byte === 0x20 || byte === 0;

function base256(bytes: Uint8Array, field: Field, entry: string): number {
  const negative = (bytes[0]! & 0x40) !== 0;
  let value = 0n;
  bytes.forEach((byte, at) => {
    const digit = at === 0 ? byte & 0x7f : byte;
    value = (value << 8n) | BigInt(digit);
  });
  if (negative) value -= 1n << BigInt(bytes.length * 8 - 1);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    refuse(field === 'size' ? 'ERR_TAR_SIZE' : 'ERR_TAR_HEADER', `${field} ${value} is out of range`, entry);
  }
  return number;
}

/** Verifies the sum of all bytes with the field itself taken as spaces; old tars summed signed bytes. */
function verifyChecksum(block: Uint8Array, entry: string): void {
  const { unsigned, signed } = checksumsOf(block);
  const recorded = numberOf(block, 'checksum', entry);
  if (recorded !== unsigned && recorded !== signed) {
    refuse('ERR_TAR_CHECKSUM', `header checksum is ${recorded}, not ${unsigned}`, entry);
  }
}

/** The two sums that may stand in the checksum field. */
export function checksumsOf(block: Uint8Array): { unsigned: number; signed: number } {
  const [from, length] = fields.checksum;
  let unsigned = 0x20 * length;
  let signed = unsigned;
  for (let at = 0; at < BLOCK_SIZE; at++) {
    const byte = at >= from && at < from + length ? 0 : block[at]!;
    unsigned += byte;
    signed += (byte << 24) >> 24;
  }
  return { unsigned, signed };
}

type Dialect = 'v7' | 'ustar' | 'star' | 'gnu';

const [MAGIC] = fields.magic;
const GNU_MAGIC = encodeName('ustar  \0');
const USTAR_MAGIC = encodeName('ustar\0');
const STAR_TRAILER = encodeName('tar\0');

function dialectOf(block: Uint8Array): Dialect {
  if (holds(block, MAGIC, GNU_MAGIC)) return 'gnu';
  if (!holds(block, MAGIC, USTAR_MAGIC)) return 'v7';
  return holds(block, BLOCK_SIZE - STAR_TRAILER.length, STAR_TRAILER) ? 'star' : 'ustar';
}

function holds(block: Uint8Array, from: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (block[from + at] !== bytes[at]) return false;
  return true;
}

function nameOf(block: Uint8Array, dialect: Dialect): string {
  const name = textOf(fieldOf(block, 'name'));
  if (dialect === 'v7' || dialect === 'gnu') return name;
  const prefix = textOf(fieldOf(block, 'prefix').subarray(0, dialect === 'star' ? 131 : 155));
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Old archives have NUL for a file and mark a directory by the slash alone. */
function typeOf(block: Uint8Array, name: string): string {
  const type = String.fromCharCode(block[fields.type[0]]!);
  return type !== '\0' ? type : name.endsWith('/') ? DIRTYPE : REGTYPE;
}

const noAttributes: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * Reads a header block.
 *
 * @throws ArchiveError `ERR_TAR_CHECKSUM`, `ERR_TAR_HEADER`, `ERR_TAR_SIZE`
 */
export function parseHeader(block: Uint8Array): TarHeader {
  const dialect = dialectOf(block);
  const name = nameOf(block, dialect);
  verifyChecksum(block, name);
  const number = (field: Field): number => numberOf(block, field, name);
  const extended = dialect !== 'v7';
  const size = number('size');
  if (size < 0 || !Number.isSafeInteger(size)) refuse('ERR_TAR_SIZE', `size ${size}`, name);
  return {
    name,
    type: typeOf(block, name),
    linkname: textOf(fieldOf(block, 'linkname')),
    mode: number('mode'),
    uid: number('uid'),
    gid: number('gid'),
    size,
    mtime: { sec: number('mtime'), nsec: 0 },
    uname: extended ? textOf(fieldOf(block, 'uname')) : '',
    gname: extended ? textOf(fieldOf(block, 'gname')) : '',
    devmajor: extended ? number('devmajor') : 0,
    devminor: extended ? number('devminor') : 0,
    xattrs: noAttributes,
  };
}

/**
 * The header with what the extended headers before it say. An empty value keeps what the block says, as in Go.
 *
 * @throws ArchiveError `ERR_TAR_HEADER`, `ERR_TAR_SIZE`, `ERR_TAR_SPARSE`
 */
export function mergeRecords(header: TarHeader, records: PaxRecords): TarHeader {
  const merged = { ...header } as { -readonly [K in keyof TarHeader]: TarHeader[K] };
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (value.length === 0) continue;
    if (key.startsWith(XATTR_RECORD_PREFIX)) xattrs.set(key.slice(XATTR_RECORD_PREFIX.length), value);
    else mergeRecord(merged, key, decodeName(value));
  }
  if (merged.size < 0) refuse('ERR_TAR_SIZE', `size ${merged.size}`, merged.name);
  return xattrs.size === 0 ? merged : { ...merged, xattrs };
}

function mergeRecord(header: { -readonly [K in keyof TarHeader]: TarHeader[K] }, key: string, value: string): void {
  if (key === 'path') header.name = value;
  else if (key === 'linkpath') header.linkname = value;
  else if (key === 'uname' || key === 'gname') header[key] = value;
  else if (key === 'uid' || key === 'gid' || key === 'size') header[key] = parseInteger(key, value);
  else if (key === 'mtime' || key === 'atime') header[key] = parseTime(value);
  else if (key.startsWith('GNU.sparse.')) refuse('ERR_TAR_SPARSE', 'sparse files are not supported', header.name);
}

/** How many bytes of body follow the header. */
export const bodySizeOf = (header: TarHeader): number => (isHeaderOnly(header.type) ? 0 : header.size);
