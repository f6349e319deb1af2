/** The names that stand in a tar header beside the numbers of a file's owner. */
import { ErrnoException } from '../abi/errno.ts';
import { O_RDONLY } from '../abi/flags.ts';
import { decodeName } from '../abi/name-bytes.ts';
import type { Task } from '../kernel/task.ts';
import { concatenate } from './codecs.ts';
import { readChunks } from './read-chunks.ts';

/** The names of users and groups that a header tells beside the numbers; `''` where there is none. */
export interface OwnerNames {
  /** The name of a user, `''` where there is none. */
  user(uid: number): string;
  /** The name of a group, `''` where there is none. */
  group(gid: number): string;
}

/** No names at all: what an archive tells on a host without /etc/passwd. */
export const noOwnerNames: OwnerNames = Object.freeze({ user: () => '', group: () => '' });

/**
 * The names that the machine's own /etc/passwd and /etc/group give, below the task's root. A file is read again for
 * each number that has no name yet; a name that was found is kept, as by the daemon, which asks once for each.
 *
 * @see Go os/user lookup_unix.go (findUserId, findGroupId, readColonFile), archive/tar stat_unix.go (userMap)
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { machineOwnerNames } from 'lowerdir/archive';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/etc');
 * fs.writeFileSync('/etc/passwd', 'root:x:0:0::/:/bin/sh\nbob:x:1000:50::/:\n');
 * machineOwnerNames(task).user(1000); // => 'bob'
 * machineOwnerNames(task).group(50); // => ''
 * ```
 */
export function machineOwnerNames(task: Task): OwnerNames {
  const lookUp = (file: string, colons: number): ((id: number) => string) => {
    const known = new Map<number, string>();
    return (id) => {
      const name = known.get(id) ?? findName(readText(task, file), id, colons);
      if (name !== '') known.set(id, name);
      return name;
    };
  };
  return { user: lookUp('/etc/passwd', 6), group: lookUp('/etc/group', 3) };
}

/**
 * The name in the first line of that number. Lines with too few colons, names that begin with `+` or `-` and users of
 * an unreadable group number are passed over, as by Go.
 */
function findName(text: string, id: number, colons: number): string {
  for (const line of text.split('\n')) {
    const fields = line.trim().split(':');
    const [name = '', , number, group = ''] = fields;
    if (line.trim().startsWith('#') || fields.length <= colons || number !== String(id)) continue;
    if (name === '' || name.startsWith('+') || name.startsWith('-')) continue;
    if (colons === 6 && !/^[-+]?[0-9]+$/.test(group)) continue;
    return name;
  }
  return '';
}

/** `''` for a file that cannot be read. */
function readText(task: Task, file: string): string {
  try {
    const fd = task.open(file, O_RDONLY);
    try {
      return decodeName(concatenate([...readChunks(task, fd, Number.POSITIVE_INFINITY)]));
    } finally {
      task.close(fd);
    }
  } catch (error) {
    if (error instanceof ErrnoException) return '';
    throw error;
  }
}
