/** `node:fs` over one task. */
import { Volume } from '@jsonjoy.com/fs-node';
import type { Superblock } from '@jsonjoy.com/fs-core';
import { createFsFromVolume } from 'memfs';
import type { Task } from '../kernel/task.ts';
import { constants } from './fs-constants.ts';
import { createCore } from './core.ts';
import { Dir } from './dir.ts';
import { Dirent } from './dirent.ts';
import type { IFs } from './ifs.ts';
import { overridesFor } from './overrides.ts';
import { Stats } from './stats.ts';
import { toUnixTimestamp } from './timestamp.ts';

/**
 * The complete `node:fs` as the programs of `task` would see it: synchronous, with callbacks, `promises`, streams,
 * `FileHandle`, `Dir`, watching, `cp` and `glob`.
 *
 * Errors are Node's (`code`, `errno`, `syscall`, `path`, `dest`, message); a synchronous call that would block throws
 * `WouldBlock`, the other forms wait. Relative paths start at the task's working directory.
 */
export function createFs(task: Task): IFs {
  // memfs declares private members, which makes its core a class of its own to TypeScript
  const volume = new Volume(createCore(task) as unknown as Superblock);
  const overrides = overridesFor(task, volume);
  for (const { members } of overrides) Object.assign(volume, members);
  const fs = createFsFromVolume(volume) as unknown as Record<string, unknown>;
  const promises = volume.promises as unknown as Record<string, unknown>;
  for (const override of overrides) {
    Object.assign(fs, override.members);
    Object.assign(promises, override.promises);
  }
  Object.assign(promises, { constants });
  Object.assign(fs, { constants, Stats, Dirent, Dir, _toUnixTimestamp: toUnixTimestamp });
  return fs as unknown as IFs;
}
