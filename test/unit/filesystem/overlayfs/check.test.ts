/** What can be wrong inside an overlay is told: each fault is put into a machine by hand. */
import { describe, expect, test } from 'vitest';
import { MS_RDONLY } from '../../../../src/abi/flags.ts';
import { S_IFDIR } from '../../../../src/abi/mode.ts';
import { overlayInode } from '../../../../src/filesystem/overlayfs/entry.ts';
import type { OverlayInode } from '../../../../src/filesystem/overlayfs/inode.ts';
import { OverlaySuperblock } from '../../../../src/filesystem/overlayfs/super.ts';
import { vfsMknod } from '../../../../src/kernel/create.ts';
import { lookupDentry } from '../../../../src/kernel/lookup.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';
import { makeStack, mountStack, write } from './observe.ts';

function mounted(): { machine: Machine; superblock: OverlaySuperblock; file: OverlayInode; directory: OverlayInode } {
  const machine = createMachine({ seed: 1 });
  makeStack(machine.task);
  mountStack(machine.task);
  write(machine.task, '/t/m/file', 'content');
  machine.task.stat('/t/m/d');
  const superblock = [...machine.kernel.superblocks].find((one) => one instanceof OverlaySuperblock)!;
  const of = (name: string) => overlayInode(lookupDentry(superblock.root, name));
  return { machine, superblock, file: of('file'), directory: of('d') };
}

const faults: Readonly<Record<string, (parts: ReturnType<typeof mounted>) => void>> = {
  'can be written to': ({ superblock }) => {
    superblock.lowerLayers[0]!.mount.flags &= ~MS_RDONLY;
  },
  'shows no real object': ({ file }) => {
    file.upper = undefined;
  },
  '(without a name) is of another type than its real object': ({ file }) => {
    file.mode = S_IFDIR | 0o755;
    file.alias = undefined;
  },
  'has an old size': ({ file }) => {
    file.size++;
  },
  'is a file with 3 lower objects': ({ file, directory }) => {
    const [path] = directory.lower;
    file.lower = [path!, path!, path!];
  },
  'has an upper object on another filesystem': ({ machine, directory }) => {
    directory.upper = machine.task.fs.root.dentry;
  },
  'was left in the work directory': ({ machine, superblock }) => {
    const { workdir } = superblock;
    vfsMknod(machine.kernel, workdir!, lookupDentry(workdir!, '#left'), 0o010644, 0);
  },
};

describe('check', () => {
  test('of a sound machine', () => expect(mounted().machine.check()).toEqual([]));

  test.each(Object.entries(faults))('%s', (told, put) => {
    const parts = mounted();
    put(parts);
    expect(parts.machine.check()).toEqual(expect.arrayContaining([expect.stringContaining(told)]));
  });

  test('of an overlay without a work directory', () => {
    const { machine } = mounted();
    machine.task.mkdir('/t/ro');
    machine.task.mount('overlay', '/t/ro', 'overlay', 'lowerdir=/t/l1:/t/l2');
    expect(machine.check()).toEqual([]);
  });
});
