/** Docker's names for what a home lies on. */
import { describe, expect, it } from 'vitest';
import { createMachine } from '../../../src/index.ts';
import {
  backingFilesystem,
  backingFilesystemName,
  FS_MAGIC_EXTFS,
  FS_MAGIC_TMPFS,
  fsMagicOf,
} from '../../../src/driver/backing-filesystem.ts';

describe('backing filesystem', () => {
  it('is what statfs tells', () => {
    const { task } = createMachine();
    task.mkdir('/var');
    expect(fsMagicOf(task, '/var')).toBe(FS_MAGIC_TMPFS);
    expect(backingFilesystem(task, '/var')).toBe('tmpfs');
    expect(() => fsMagicOf(task, '/missing')).toThrow('ENOENT');
  });

  it('has names of its own', () => {
    expect(backingFilesystemName(FS_MAGIC_EXTFS)).toBe('extfs');
    expect(backingFilesystemName(0x794c7630)).toBe('overlayfs');
    expect(backingFilesystemName(0x6165676c)).toBe('<unknown>');
  });
});
