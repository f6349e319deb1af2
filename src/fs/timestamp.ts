/** Times that callers pass: dates, and seconds with a fraction. */
import { invalidArgType } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import type { Timespec } from '../abi/stat.ts';

/**
 * The moment that an argument of `utimes` names; `undefined`, which is the machine's now, for a negative number, where
 * Node takes its own clock. libuv drops what is below a microsecond.
 */
export function timespecOf(time: unknown): Timespec | undefined {
  const seconds = secondsOf(time);
  if (seconds === undefined) return undefined;
  const whole = Math.trunc(seconds);
  const fraction = Math.trunc((seconds - whole) * 1e9);
  const nsec = fraction - (fraction % 1000);
  return nsec < 0 ? { sec: whole - 1, nsec: nsec + 1e9 } : { sec: whole, nsec: nsec + 0 };
}

function secondsOf(time: unknown): number | undefined {
  if (typeof time === 'string' && Number.isFinite(Number(time)) && time !== '') return Number(time);
  if (typeof time === 'number' && Number.isFinite(time)) return time < 0 ? undefined : time;
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time.getTime() / 1000;
  throw invalidArgType('time', 'an instance of Date or an Time in seconds', time);
}

/** `fs._toUnixTimestamp`: seconds with a fraction. */
export function toUnixTimestamp(time: unknown): number {
  return secondsOf(time) ?? Number(time);
}
