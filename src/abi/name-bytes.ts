/**
 * Names are strings whose bytes are their UTF-8; a byte that is no UTF-8 stands as the lone surrogate U+DC00 + byte,
 * so that every name of a Linux filesystem survives a trip through an archive. Python calls it "surrogateescape".
 */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The string of a name's bytes. */
export function decodeName(bytes: Uint8Array): string {
  if (bytes.length < 128 && isASCIIBytes(bytes)) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  try {
    return strict.decode(bytes);
  } catch {
    return decodeEscaped(bytes);
  }
}

function isASCIIBytes(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}

function decodeEscaped(bytes: Uint8Array): string {
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    name += length === 0 ? String.fromCharCode(0xdc00 + bytes[at]!) : strict.decode(bytes.subarray(at, at + length));
    at += length || 1;
  }
  return name;
}

/** How many bytes the well-formed UTF-8 sequence at `at` has; 0 where there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length < 2 || at + length > bytes.length) return length === 1 ? 1 : 0;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

/** The bytes of a name. */
export function encodeName(name: string): Uint8Array {
  return /[\ud800-\udfff]/.test(name) ? encodeEscaped(name) : encoder.encode(name);
}

function encodeEscaped(name: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Whether every byte of the name belongs to well-formed UTF-8. */
export const isUTF8 = (name: string): boolean => !/[\ud800-\udfff]/.test(name) || !hasLoneSurrogate(name);

function hasLoneSurrogate(name: string): boolean {
  for (const character of name) {
    const code = character.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) return true;
  }
  return false;
}

/** Whether the name holds nothing but ASCII other than NUL. */
export function isASCII(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === 0 || code >= 0x80) return false;
  }
  return true;
}

/** Orders names by their bytes, as `strcmp` does. */
export function compareNames(a: string, b: string): number {
  if (isASCII(a) && isASCII(b)) return a < b ? -1 : a > b ? 1 : 0;
  const left = encodeName(a);
  const right = encodeName(b);
  const shorter = Math.min(left.length, right.length);
  for (let at = 0; at < shorter; at++) if (left[at] !== right[at]) return left[at]! - right[at]!;
  return left.length - right.length;
}

/** The shortest path of the same meaning, by its text alone: Go's `path.Clean`. */
export function cleanName(name: string): string {
  if (isClean(name)) return name;
  const rooted = name.startsWith('/');
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!rooted) parts.push(part);
  }
  return (rooted ? '/' : '') + parts.join('/') || '.';
}

/** Whether no part of the name is empty, `.` or `..`, which holds for nearly all names. */
function isClean(name: string): boolean {
  for (let at = name.startsWith('/') ? 1 : 0; at <= name.length; ) {
    const slash = name.indexOf('/', at);
    const end = slash < 0 ? name.length : slash;
    if (end - at < 3 && (end === at || name.charCodeAt(at) === 0x2e) && isDots(name, at, end)) return false;
    at = end + 1;
  }
  return true;
}

/** Whether what stands there is nothing, `.` or `..`. */
const isDots = (name: string, at: number, end: number): boolean => end - at < 2 || name.charCodeAt(at + 1) === 0x2e;

/** The last part of a cleaned name. */
export const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** The cleaned name without its last part: `.` for a name of one part. */
export function directoryName(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : name.slice(0, slash);
}
