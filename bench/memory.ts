/**
 * Memory per file, in processes of their own: for a layer nobody has looked into yet, and after one stat of each file.
 * The files are empty, so that names and inodes are compared and not contents, which take the same everywhere.
 */
import { runChild } from './child.ts';

export interface MemorySample {
  readonly subject: 'lowerdir' | 'aufs' | 'memfs';
  /** Bytes of heap and buffers per file. */
  readonly untouched: number;
  readonly looked: number;
}

/** @param index where the library lies */
export function measureMemory(index: string, files: number): MemorySample[] {
  return (['lowerdir', 'aufs', 'memfs'] as const).map((subject) => ({
    subject,
    ...runChild<{ untouched: number; looked: number }>('./memory-child.ts', subject, index, files),
  }));
}
