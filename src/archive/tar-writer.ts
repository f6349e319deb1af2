/**
 * Writes headers byte for byte as Go's archive/tar does for Docker: ustar wherever it can say everything, else a PAX
 * header of exactly the fields that do not fit.
 *
 * @see Go archive/tar writer.go, common.go (Header.allowedFormats), strconv.go
 */
import { ArchiveError } from './archive-error.ts';
import { concatenate } from './codecs.ts';
import { cleanName, encodeName, isASCII } from '../abi/name-bytes.ts';
import { formatRecords, formatTime, type PaxRecords, XATTR_RECORD_PREFIX } from './pax-record.ts';
import { BLOCK_SIZE, isHeaderOnly, paddingOf, type TarEntry, type TarHeader, XHDTYPE } from './tar-entry.ts';
import { checksumsOf, type Field, fieldOf, fields } from './tar-header.ts';

/** The name without its last part, and that part; the first ends in `/` or is empty. Go's `path.Split`. */
function splitName(name: string): [string, string] {
  const slash = name.lastIndexOf('/') + 1;
  return [name.slice(0, slash), name.slice(slash)];
}

/** Splits a long name at a slash, so that its parts fit the prefix and name fields of ustar. */
function splitPrefix(name: string): [prefix: string, name: string] | undefined {
  if (name.length <= fields.name[1] || !isASCII(name)) return undefined;
  const reach = name.length > fields.prefix[1] + 1 ? fields.prefix[1] + 1 : name.length - (name.endsWith('/') ? 1 : 0);
  const slash = name.slice(0, reach).lastIndexOf('/');
  const rest = name.length - slash - 1;
  if (slash <= 0 || rest > fields.name[1] || rest === 0 || slash > fields.prefix[1]) return undefined;
  return [name.slice(0, slash), name.slice(slash + 1)];
}

/** Whether the digits fit, with one byte left for the NUL. */
const fitsOctal = (field: Field, value: number): boolean => value >= 0 && value < 8 ** (fields[field][1] - 1);

interface Plan {
  readonly records: PaxRecords;
  readonly ustar: boolean;
}

/** What of the header needs PAX records, and whether plain ustar is enough all the same. */
function planOf(header: TarHeader): Plan {
  const records: PaxRecords = new Map();
  let ustar = true;
  const text = (field: 'name' | 'linkname' | 'uname' | 'gname', key: string): void => {
    const value = header[field];
    if (value.includes('\0')) throw new ArchiveError('ERR_TAR_HEADER', `NUL in ${field}`, { entry: header.name });
    if (isASCII(value) && value.length <= fields[field][1]) return;
    if (field !== 'name' || splitPrefix(value) === undefined) ustar = false;
    records.set(key, encodeName(value));
  };
  const number = (field: 'uid' | 'gid' | 'size'): void => {
    if (fitsOctal(field, header[field])) return;
    ustar = false;
    records.set(field, encodeName(String(header[field])));
  };
  text('name', 'path');
  text('linkname', 'linkpath');
  text('uname', 'uname');
  text('gname', 'gname');
  number('uid');
  number('gid');
  number('size');
  if (header.mtime.nsec !== 0 || !fitsOctal('mtime', header.mtime.sec)) {
    ustar = false;
    records.set('mtime', encodeName(formatTime(header.mtime)));
  }
  for (const [name, value] of header.xattrs) {
    ustar = false;
    records.set(XATTR_RECORD_PREFIX + name, value);
  }
  return { records, ustar };
}

/** Numbers that have no PAX record must fit their fields. */
function verifyNumbers(header: TarHeader): void {
  for (const field of ['mode', 'devmajor', 'devminor'] as const) {
    if (fitsOctal(field, header[field])) continue;
    throw new ArchiveError('ERR_TAR_HEADER', `${JSON.stringify(header.name)}: ${field} ${header[field]} does not fit`, {
      entry: header.name,
    });
  }
}

function putText(block: Uint8Array, field: Field, value: Uint8Array): void {
  const target = fieldOf(block, field);
  target.set(value.subarray(0, target.length));
  if (value.length <= target.length || target.at(-1) !== 0x2f) return;
  // A cut that ends in a slash would make readers take a file for a directory.
  let end = target.length;
  while (end > 0 && target[end - 1] === 0x2f) end--;
  target[end] = 0;
}

/** A number that does not fit is written as 0: a PAX record tells it. */
function putOctal(block: Uint8Array, field: Field, value: number): void {
  const digits = fitsOctal(field, value) ? value.toString(8) : '0';
  putText(block, field, encodeName(digits.padStart(fields[field][1] - 1, '0')));
}

/** Magic, version and checksum: six digits, NUL, space. */
function seal(block: Uint8Array): Uint8Array {
  putText(block, 'magic', encodeName('ustar\x0000'));
  putText(block, 'checksum', encodeName(`${checksumsOf(block).unsigned.toString(8).padStart(6, '0')}\0 `));
  return block;
}

/** ASCII alone, what is not is left out: the name for readers that know no PAX. */
const toASCII = (name: string): string => [...name].filter((character) => isASCII(character)).join('');

/** The PAX header with its records: named after the file, owned by nobody, of no time. */
function encodeRecords(header: TarHeader, records: PaxRecords): Uint8Array {
  const body = formatRecords(records);
  const block = new Uint8Array(BLOCK_SIZE);
  const [directory, base] = splitName(header.name);
  const name = toASCII(cleanName(`${directory}PaxHeaders.0/${base}`)).slice(0, fields.name[1]);
  putText(block, 'name', encodeName(name.replace(/\/+$/, '')));
  block[fields.type[0]] = XHDTYPE.charCodeAt(0);
  for (const field of ['mode', 'uid', 'gid', 'mtime'] as const) putOctal(block, field, 0);
  putOctal(block, 'size', body.length);
  return concatenate([seal(block), body, new Uint8Array(paddingOf(body.length))]);
}

/**
 * The blocks of one header: a PAX header before it only when something does not fit.
 *
 * @throws ArchiveError `ERR_TAR_HEADER` for what no archive can say
 */
export function encodeHeader(header: TarHeader): Uint8Array {
  verifyNumbers(header);
  const { records, ustar } = planOf(header);
  const [prefix, name] = (ustar ? splitPrefix(header.name) : undefined) ?? ['', header.name];
  const block = new Uint8Array(BLOCK_SIZE);
  const text = (value: string): Uint8Array => encodeName(ustar ? value : toASCII(value));
  putText(block, 'name', text(name));
  putText(block, 'linkname', text(header.linkname));
  block[fields.type[0]] = header.type.charCodeAt(0);
  for (const field of ['mode', 'uid', 'gid', 'size', 'devmajor', 'devminor'] as const) {
    putOctal(block, field, header[field]);
  }
  putOctal(block, 'mtime', header.mtime.sec);
  putText(block, 'uname', text(header.uname));
  putText(block, 'gname', text(header.gname));
  putText(block, 'prefix', encodeName(prefix));
  return ustar ? seal(block) : concatenate([encodeRecords(header, records), seal(block)]);
}

/**
 * A whole archive, piece by piece: headers, bodies, padding and the two zero blocks at the end.
 *
 * @throws ArchiveError `ERR_TAR_SIZE` when a body is not as long as its header says
 */
export function* writeArchive(entries: Iterable<TarEntry>): Generator<Uint8Array, void> {
  for (const { header, body } of entries) {
    yield encodeHeader(header);
    if (!isHeaderOnly(header.type)) yield* writeBody(header, body);
  }
  yield new Uint8Array(2 * BLOCK_SIZE);
}

function* writeBody({ name, size }: TarHeader, body: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let written = 0;
  for (const chunk of body) {
    written += chunk.length;
    if (written > size) break;
    yield chunk;
  }
  if (written !== size) {
    const message = `${JSON.stringify(name)}: the body is not of the ${size} bytes that the header announced`;
    throw new ArchiveError('ERR_TAR_SIZE', message, { entry: name });
  }
  const padding = paddingOf(size);
  if (padding > 0) yield new Uint8Array(padding);
}
