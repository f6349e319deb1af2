/** The host's directory as an object like node:fs, as somebody would give it to memfs. */
import * as fs from 'node:fs';
import type { FsLike } from '../../src/filesystem/memfs/index.ts';

const { O_RDONLY, O_NOATIME } = fs.constants;

/** In the host's own order: `readdirSync` would sort it. */
function namesOf(path: string): string[] {
  const names: string[] = [];
  const directory = fs.opendirSync(path);
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) names.push(entry.name);
  } finally {
    directory.closeSync();
  }
  return names;
}

export const hostObject = (root: string): FsLike => ({
  lstatSync: (path) => fs.lstatSync(root + path),
  readlinkSync: (path) => fs.readlinkSync(root + path, { encoding: 'buffer' }),
  readdirSync: (path) => namesOf(root + path),
  openSync: (path) => fs.openSync(root + path, O_RDONLY | O_NOATIME),
  readSync: fs.readSync,
  closeSync: fs.closeSync,
});
