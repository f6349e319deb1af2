/** Docker's names for what a home lies on. */
import { describe, expect, it } from 'vitest';
import { createMachine } from '../../../src/index.ts';
import {
  backingFilesystemName,
  FS_MAGIC_EXTFS,
  FS_MAGIC_TMPFS,
  fsMagicOf,
} from '../../../src/driver/backing-filesystem.ts';

describe('backing filesystem', () => {
  it('is known by what statfs tells of the directory above the home', () => {
    const { task } = createMachine();
    task.mkdir('/var');
    expect(fsMagicOf(task, '/var/overlay2')).toBe(FS_MAGIC_TMPFS);
    expect(fsMagicOf(task, '/overlay2/')).toBe(FS_MAGIC_TMPFS);
    expect(() => fsMagicOf(task, '/missing/overlay2')).toThrow('ENOENT');
  });

  it('has names of its own', () => {
    expect(backingFilesystemName(FS_MAGIC_EXTFS)).toBe('extfs');
    expect(backingFilesystemName(0x794c7630)).toBe('overlayfs');
    expect(backingFilesystemName(0x6165676c)).toBe('<unknown>');
  });
});
