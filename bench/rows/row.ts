/** One line of the table: an operation, the stack that it works on, and what must come out. */
import type { FsCalls, Mounted } from '../subjects/subject.ts';
import type { Shape, Stack } from '../tree.ts';

export interface Row {
  readonly name: string;
  /** Which targets apply. */
  readonly kind: 'read' | 'write' | 'change';
  /** The calls it makes; a subject that lacks one is left out. */
  readonly calls: readonly (keyof FsCalls)[];
  /** Bytes that one operation carries through the call. */
  readonly bytes: number;
  /** It means nothing without layers. */
  readonly layered?: boolean;
  /** It is also measured on a fresh mount, each name once. */
  readonly cold?: boolean;
  /** Each batch needs a mount that nothing was written to. */
  readonly fresh?: boolean;
  /** At most so many operations in a batch. */
  readonly limit?: number;
  stack(shape: Shape): Stack;
  /** Untimed, before each batch. */
  prepare?(place: Mounted, count: number): void;
  /** The timed loop; answers a sum over what it read. */
  run(place: Mounted, count: number): number;
  /** The sum that must come out. */
  expected(count: number): number;
  /** Untimed, behind each batch that started fresh. @throws Error where the tree is not as it must be */
  check?(place: Mounted, count: number): void;
}

/** How many different names a loop goes through; a power of two. */
export const NAMES = 64;

export const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Paths as one place spells them, each a flat string. */
export function pathsAt(place: Mounted, names: readonly string[]): string[] {
  return names.map((name) => Buffer.from(`${place.prefix}${name}`).toString());
}

/** The sum of `value` over the first `count` indices, which go round `NAMES`. */
export function sumOver(count: number, value: (index: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i & (NAMES - 1));
  return sum;
}
