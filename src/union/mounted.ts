/** A layer from a directory of a machine, as it is at that moment. */
import { AT_FDCWD } from '../abi/flags.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, pathFrom, resolvePath } from '../kernel/namei.ts';
import { graft } from '../machine/graft.ts';
import type { Machine } from '../machine/machine.ts';
import type { LayerSource } from './layer-source.ts';

/**
 * The directory `path` of `machine`, frozen now: what the machine does to it afterwards is not seen. Other filesystems
 * mounted below it are not part of it.
 *
 * @throws ErrnoException ENOENT, ENOTDIR
 *
 * @example
 * ```ts
 * import { createMachine, mounted, union } from 'lowerdir';
 * const machine = createMachine();
 * machine.fs.mkdirSync('/srv');
 * machine.fs.writeFileSync('/srv/a', 'before');
 * const layer = mounted(machine, '/srv');
 * machine.fs.writeFileSync('/srv/a', 'after');
 * union([layer]).fs.readFileSync('/a', 'utf8'); // => 'before'
 * ```
 */
export function mounted(machine: Machine, path: string): LayerSource {
  const real = machine.task.realpath(path);
  machine.task.stat(`${real}/.`);
  const frozen = machine.fork();
  const place = resolvePath(frozen.task, AT_FDCWD, real, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  const { superblock } = place.mount;
  const below = pathFrom({ mount: place.mount, dentry: place.mount.root }, place)!;
  return Object.freeze({
    name: real,
    attach(host: Machine, at: string): string {
      graft(host, superblock, at, real);
      return below === '/' ? at : `${at}${below}`;
    },
  });
}
