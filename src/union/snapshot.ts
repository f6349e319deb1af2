/** Layers that live in memory: built once, in a machine that nobody else sees, and grafted wherever they are stacked. */
import { applyLayer } from '../archive/apply.ts';
import { tmpfs } from '../filesystem/tmpfs/super.ts';
import { ExternalClock } from '../kernel/clock.ts';
import type { Superblock } from '../kernel/superblock.ts';
import type { Task } from '../kernel/task.ts';
import { graft } from '../machine/graft.ts';
import { Machine } from '../machine/machine.ts';
import type { LayerSource } from './layer-source.ts';

/** The layer that `fill` makes in an empty directory, when it is first needed. */
export function builtLayer(name: string, fill: (task: Task) => void): LayerSource {
  let built: Superblock | undefined;
  return Object.freeze({
    name,
    attach(machine: Machine, at: string) {
      built ??= build(fill);
      graft(machine, built, at, name);
      return at;
    },
  });
}

/** The layer that a tar unpacks to, deletions as whiteouts. */
export function layerOfTar(diffID: string, tar: Uint8Array): LayerSource & { diffID: string; tar(): Uint8Array } {
  const fill = (task: Task): void => {
    applyLayer(task, '/', tar, { form: 'overlay', breakout: 'contain' });
  };
  return Object.freeze({ ...builtLayer(diffID, fill), diffID, tar: () => tar });
}

/** Times that nobody sets are the beginning of time, so that the same source gives the same layer. */
function build(fill: (task: Task) => void): Superblock {
  const machine = new Machine({ filesystems: [tmpfs], clock: new ExternalClock(() => 0) });
  machine.boot();
  machine.task.umask(0);
  fill(machine.task);
  return machine.task.fs.root.mount.superblock;
}
