/** cp and glob; the walk of glob is memfs's, kept from asking the host for its working directory. */
import type { Volume } from '@jsonjoy.com/fs-node';
import { globSync, globWalk } from '@jsonjoy.com/fs-node/lib/glob.js';
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { validateFunction } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import type { Task } from '../kernel/task.ts';
import { Dirent } from './dirent.ts';
import { copyForms } from './copy-tree.ts';
import type { Calls, Method, Methods } from './forms.ts';
import { cwdOf } from './name-calls.ts';
import type { Options } from './options.ts';
import { pathname } from './pathname.ts';
import { settle } from './settle.ts';

export function treeMethods(task: Task, calls: Calls, volume: Volume): { methods: Methods; promises: Methods } {
  const place = (options: Options | undefined): any => ({
    ...options,
    cwd: posix.resolve(cwdOf(task), options?.['cwd'] === undefined ? '.' : pathname(options['cwd'], 'options.cwd')),
  });
  const shown = (match: unknown): unknown => (typeof match === 'string' ? match : direntLike(match as MemfsEntry));
  const glob: Method = (pattern, options, last) => {
    const callback = typeof options === 'function' ? options : last;
    validateFunction(callback, 'callback');
    const given = place(typeof options === 'function' ? undefined : options);
    settle(
      () => globSync(volume, pattern, given).map(shown),
      (error, found) => callback(error, found),
    );
  };
  const cp = copyForms(task, calls);
  return {
    methods: {
      glob,
      globSync: (pattern, options) => globSync(volume, pattern, place(options)).map(shown),
      cp: (from, to, options, last) => {
        const callback = typeof options === 'function' ? options : last;
        validateFunction(callback, 'cb');
        cp.promise(from, to, typeof options === 'function' ? undefined : options).then(() => callback(null), callback);
      },
      cpSync: cp.sync,
    },
    promises: {
      cp: cp.promise,
      glob: async function* (pattern: any, options?: any) {
        for (const match of globWalk(volume, pattern, place(options))) yield shown(match);
      } as unknown as Method,
    },
  };
}

interface MemfsEntry {
  readonly name: string;
  readonly parentPath: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isCharacterDevice(): boolean;
}

/** An entry of memfs's as one of ours. */
function direntLike(entry: MemfsEntry): Dirent {
  const asks = [() => false, 'isFile', 'isDirectory', 'isSymbolicLink', 'isFIFO', 'isSocket', 'isCharacterDevice'];
  const kind = asks.findIndex((ask) => typeof ask === 'string' && entry[ask as 'isFile']());
  return new Dirent(entry.name, kind === -1 ? 7 : kind, entry.parentPath);
}
