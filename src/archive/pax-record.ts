/** PAX records: `LENGTH KEY=VALUE\n`, where the length counts itself. @see pax(1), "pax Extended Header" */
import type { Timespec } from '../abi/stat.ts';
import { ArchiveError } from './archive-error.ts';
import { concatenate } from './codecs.ts';
import { compareNames, decodeName, encodeName } from '../abi/name-bytes.ts';

/** The keys of one extended header; values are bytes because an xattr may be any. */
export type PaxRecords = Map<string, Uint8Array>;

export const XATTR_RECORD_PREFIX = 'SCHILY.xattr.';

const refuse = (message: string): never => {
  throw new ArchiveError('ERR_TAR_HEADER', message);
};

/** Records that name something: a NUL inside would cut what the kernel sees. */
const textKeys = new Set(['path', 'linkpath', 'uname', 'gname']);

/** Reads the body of an `x` or `g` entry; later records win. */
export function parseRecords(body: Uint8Array): PaxRecords {
  const records: PaxRecords = new Map();
  for (let at = 0; at < body.length; ) {
    const end = at + recordLength(body, at);
    const equals = body.indexOf(0x3d, at);
    const space = body.indexOf(0x20, at);
    if (end > body.length || equals < 0 || equals >= end - 1 || equals < space || body[end - 1] !== 0x0a) {
      refuse('malformed PAX record');
    }
    const key = decodeName(body.subarray(space + 1, equals));
    if (key === '') refuse('PAX record without a key');
    const value = body.subarray(equals + 1, end - 1);
    if (value.includes(0) && textKeys.has(key)) refuse(`NUL in the PAX record ${key}`);
    records.set(key, value);
    at = end;
  }
  return records;
}

function recordLength(body: Uint8Array, at: number): number {
  const space = body.indexOf(0x20, at);
  const digits = space < 0 || space - at > 16 ? '' : decodeName(body.subarray(at, space));
  if (!/^[0-9]+$/.test(digits)) refuse('PAX record without a length');
  const length = Number(digits);
  return length > digits.length + 2 ? length : refuse('PAX record of an impossible length');
}

/** The body of an extended header, records sorted by key as Go's archive/tar does. */
export function formatRecords(records: PaxRecords): Uint8Array {
  const keys = [...records.keys()].sort(compareNames);
  return concatenate([new Uint8Array(0), ...keys.map((key) => formatRecord(key, records.get(key)!))]);
}

function formatRecord(key: string, value: Uint8Array): Uint8Array {
  if (key === '' || key.includes('=') || key.includes('\0')) refuse(`invalid PAX record key ${JSON.stringify(key)}`);
  if (!key.startsWith(XATTR_RECORD_PREFIX) && value.includes(0)) refuse(`NUL in the PAX record ${key}`);
  const rest = encodeName(` ${key}=`);
  const length = rest.length + value.length + 1;
  let total = length + String(length).length;
  if (String(total).length !== String(length).length) total = length + String(total).length;
  return concatenate([encodeName(String(total)), rest, value, Uint8Array.of(0x0a)]);
}

/** A moment as PAX writes it: `12`, `12.5`, `-5`, `-0.25`. */
export function formatTime({ sec, nsec }: Timespec): string {
  if (nsec === 0) return String(sec);
  const [sign, whole, part] = sec < 0 ? ['-', -(sec + 1), 1e9 - nsec] : ['', sec, nsec];
  return `${sign}${whole}.${String(part).padStart(9, '0')}`.replace(/0+$/, '');
}

/** Reads a moment; digits beyond the nanosecond are dropped. */
export function parseTime(text: string): Timespec {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text) ?? refuse(`PAX time ${JSON.stringify(text)}`);
  const whole = Number(match[2]);
  const part = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { sec: whole, nsec: part };
  return part === 0 ? { sec: 0 - whole, nsec: 0 } : { sec: -whole - 1, nsec: 1e9 - part };
}

/** Reads a whole decimal number that JavaScript can hold. */
export function parseInteger(key: string, text: string): number {
  const value = Number(text);
  if (!/^-?[0-9]+$/.test(text) || !Number.isSafeInteger(value)) refuse(`PAX record ${key}=${text}`);
  return value;
}
