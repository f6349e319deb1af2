/** Steps that many cases begin with. */
import { O_DIRECTORY, O_RDONLY } from '../../src/abi/flags.ts';
import type { Recorded } from './recorder.ts';

export const tmpfs = (t: Recorded, at: string, data = '', flags = 0): void => t.mount('src', at, 'tmpfs', data, flags);

/** Two directories and a file; a filesystem on the first directory. */
export function mounted(t: Recorded): void {
  for (const path of ['/a', '/b', '/a/under']) t.mkdir(path);
  t.put('/file');
  tmpfs(t, '/a');
  t.mkdir('/a/dir');
  t.put('/a/f', 'in a');
}

export const list = (t: Recorded, path: string): void => {
  const fd = t.open(path, O_RDONLY | O_DIRECTORY);
  t.getdents(fd);
  t.close(fd);
};
