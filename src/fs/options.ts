/** Options and flags, read as Node reads them. @see lib/internal/fs/utils.js of Node */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import {
  invalidArgType,
  invalidArgValue,
  outOfRange,
  withNativeCode,
} from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import { validateAbortSignal, validateInt32, validateUint32 } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } from '../abi/flags.ts';

/** Whatever a caller may put into an options object. */
export interface Options {
  readonly [name: string]: any;
}

export function checkEncoding(encoding: unknown): void {
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding as string)) {
    throw invalidArgValue('encoding', encoding, 'is invalid encoding');
  }
}

/** An options argument: an object, or the name of an encoding. */
export function optionsOf(options: unknown, defaults: Options = {}): Options {
  if (options === null || options === undefined || typeof options === 'function') return defaults;
  const read = typeof options === 'string' ? { ...defaults, encoding: options } : (options as Options);
  if (typeof read !== 'object') throw invalidArgType('options', 'one of type string or object', options);
  checkEncoding(read['encoding']);
  if (read['signal'] !== undefined) validateAbortSignal(read['signal'], 'options.signal');
  return read;
}

const flagsOfWord: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  sr: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  'sr+': O_RDWR | O_SYNC,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  xw: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  'w+': O_TRUNC | O_CREAT | O_RDWR,
  'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  'xw+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  a: O_APPEND | O_CREAT | O_WRONLY,
  ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  xa: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  sa: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  'a+': O_APPEND | O_CREAT | O_RDWR,
  'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'xa+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
  'sa+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};

/** The number of an open flag given as a word or a number; none is `'r'`. */
export function flagsOf(flags: unknown): number {
  if (typeof flags === 'number') {
    validateInt32(flags, 'flags');
    return flags;
  }
  if (flags === null || flags === undefined) return O_RDONLY;
  const known = typeof flags === 'string' && Object.hasOwn(flagsOfWord, flags) ? flagsOfWord[flags] : undefined;
  if (known === undefined) throw invalidArgValue('flags', flags);
  return known;
}

/** A mode given as a number or octal digits. */
export function modeOf(mode: unknown, fallback?: number, argument = 'mode'): number {
  let value = mode ?? fallback;
  if (typeof value === 'string') {
    if (!/^[0-7]+$/.test(value)) {
      throw invalidArgValue(argument, value, 'must be a 32-bit unsigned integer or an octal string');
    }
    value = Number.parseInt(value, 8);
  }
  validateUint32(value, argument);
  return value as number;
}

/** A descriptor, 0 … 2³¹ − 1. */
export function fdOf(fd: unknown): number {
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 && fd <= 0x7fffffff) return fd;
  validateInt32(fd, 'fd', 0);
  return fd as number;
}

/** The small number that access(2) and copyFile take, 0 … 7. */
export function smallModeOf(mode: unknown): number {
  if (mode === null || mode === undefined) return 0;
  if (typeof mode !== 'number') {
    throw withNativeCode(new TypeError('mode must be int32 or null/undefined'), 'ERR_INVALID_ARG_TYPE');
  }
  if (!(mode >= 0 && mode <= 7)) {
    throw withNativeCode(new RangeError('mode is out of range: >= 0 && <= 7'), 'ERR_OUT_OF_RANGE');
  }
  return Math.trunc(mode);
}

/** A user or group id; −1 and 2³² − 1 leave the file's own. */
export function idOf(id: unknown, argument: string): number {
  if (typeof id !== 'number') throw invalidArgType(argument, 'of type number', id);
  if (!Number.isInteger(id)) throw outOfRange(argument, 'an integer', id);
  if (id < -1 || id > 0xffffffff) throw outOfRange(argument, '>= -1 && <= 4294967295', id);
  return id === 0xffffffff ? -1 : id;
}

/** The bytes of what is to be written. */
export function dataOf(data: unknown, encoding: unknown): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, (encoding as BufferEncoding) || 'utf8');
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw invalidArgType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}
