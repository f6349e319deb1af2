/** File names on their way in and out: what callers may pass for a path, and the encodings in which names come back. */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import {
  invalidArgType,
  invalidArgValue,
  invalidUrlScheme,
  withCode,
} from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';

/** `isWellFormed` and `toWellFormed` of ES2024, which Node 20 has. */
interface WellFormed {
  isWellFormed(): boolean;
  toWellFormed(): string;
}

const wellFormed = (text: string): boolean => (text as string & WellFormed).isWellFormed();

/**
 * The kernel's form of a path argument: a string, bytes or a `file:` URL.
 *
 * @throws TypeError ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE (a NUL byte), ERR_INVALID_URL_SCHEME …
 */
export function pathname(path: unknown, argument = 'path'): string {
  if (typeof path === 'string' && !path.includes('\0')) {
    return wellFormed(path) ? path : (path as string & WellFormed).toWellFormed();
  }
  return unusualPathname(path, argument);
}

function unusualPathname(path: unknown, argument: string): string {
  const given = isUrl(path) ? pathOfUrl(path) : path;
  if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
    throw invalidArgType(argument, 'of type string or an instance of Buffer or URL', given);
  }
  const name = typeof given === 'string' ? given : nameOfBytes(given);
  if (name.includes('\0')) {
    throw invalidArgValue(argument, given, 'must be a string, Uint8Array, or URL without null bytes');
  }
  return name;
}

interface FileUrl {
  readonly href: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly pathname: string;
}

function isUrl(value: unknown): value is FileUrl {
  const url = value as Partial<FileUrl> | null | undefined;
  return typeof url === 'object' && !!url?.href && !!url.protocol && typeof url.pathname === 'string';
}

/** @see url.fileURLToPath() */
function pathOfUrl(url: FileUrl): string {
  if (url.protocol !== 'file:') throw invalidUrlScheme('file');
  if (url.hostname !== '') {
    throw withCode(new TypeError('File URL host must be "localhost" or empty on linux'), 'ERR_INVALID_FILE_URL_HOST');
  }
  if (/%2f/i.test(url.pathname)) {
    throw withCode(new TypeError('File URL path must not include encoded / characters'), 'ERR_INVALID_FILE_URL_PATH');
  }
  return decodeURIComponent(url.pathname);
}

/** The kernel's form of a name's bytes: UTF-8 as text, each byte that is none as the lone surrogate U+DC00 + byte. */
export function nameOfBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (!text.includes('\ufffd')) return text;
  let name = '';
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    if (length === 0) name += String.fromCharCode(0xdc00 + bytes[i]!);
    else name += Buffer.from(bytes.subarray(i, i + length)).toString('utf8');
    i += length || 1;
  }
  return name;
}

/** How many bytes the UTF-8 sequence at `at` has; 0 where there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || first >= 0xf5 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}

/** The bytes of a name in the kernel's form. */
export function bytesOfName(name: string): Buffer {
  if (wellFormed(name)) return Buffer.from(name, 'utf8');
  const parts: Uint8Array[] = [];
  for (const point of name) {
    const code = point.codePointAt(0)!;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Uint8Array.of(code - 0xdc00) : Buffer.from(point, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** A name in the encoding that the caller asked for; `'buffer'` gives its bytes. */
export function encodeName(name: string, encoding: string | null | undefined): string | Buffer {
  if (!encoding || encoding === 'utf8' || encoding === 'utf-8') {
    return wellFormed(name) ? name : bytesOfName(name).toString('utf8');
  }
  const bytes = bytesOfName(name);
  return encoding === 'buffer' ? bytes : bytes.toString(encoding as BufferEncoding);
}

/** Whether every name is plain text, whose UTF-16 units have the order of its bytes. */
function arePlain(names: readonly string[]): boolean {
  // one search in all of them together is many times faster than one in each
  return !/[\ud800-\udfff]/.test(names.join(''));
}

/** The names in the kernel's form, ordered by their bytes as scandir(3) orders them. */
export function sortNames(names: string[]): string[] {
  return arePlain(names) ? names.sort() : names.sort((a, b) => Buffer.compare(bytesOfName(a), bytesOfName(b)));
}

/** The names as text, in the order of their bytes. */
export function sortedText(names: string[]): string[] {
  return arePlain(names) ? names.sort() : sortNames(names).map((name) => encodeName(name, 'utf8') as string);
}
