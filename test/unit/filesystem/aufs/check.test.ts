/** What can be wrong inside a union is told: each fault is put into a machine by hand. */
import { describe, expect, test } from 'vitest';
import type { AufsInode } from '../../../../src/filesystem/aufs/inode.ts';
import { AufsSuperblock } from '../../../../src/filesystem/aufs/super.ts';
import { lookupDentry } from '../../../../src/kernel/lookup.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { aufsMachine, DOCKER_OPTIONS, write } from './machine.ts';

interface Parts {
  readonly machine: Machine;
  readonly superblock: AufsSuperblock;
  readonly file: AufsInode;
  readonly directory: AufsInode;
}

function mounted(): Parts {
  const machine = aufsMachine('/rw', '/ro', '/mnt', '/dev', '/dev/shm');
  const { task } = machine;
  for (const path of ['/ro/d', '/rw/d']) task.mkdir(path);
  for (const path of ['/ro/a', '/ro/file']) write(task, path, 'content');
  task.mount('none', '/mnt', 'aufs', `br:/rw=rw:/ro=ro+wh,${DOCKER_OPTIONS}`);
  task.link('/mnt/a', '/mnt/b');
  for (const name of ['d', 'file']) task.stat(`/mnt/${name}`);
  const superblock = [...machine.kernel.superblocks].find((each) => each instanceof AufsSuperblock)!;
  const of = (name: string) => lookupDentry(superblock.root, name).inode as AufsInode;
  return { machine, superblock, file: of('file'), directory: of('d') };
}

const faults: Readonly<Record<string, (parts: Parts) => void>> = {
  'shows no real object': ({ file }) => {
    file.stack = [];
  },
  'has its branches in disorder': ({ directory }) => {
    directory.stack = directory.stack.toReversed();
  },
  'shows objects of different types': ({ file, directory }) => {
    directory.stack = [directory.stack[0]!, file.stack[0]!];
  },
  'shows an object of a branch that is gone': ({ superblock }) => {
    superblock.branches = superblock.branches.slice(0, 1);
  },
  'shows an object outside of its branch': ({ superblock, directory }) => {
    directory.stack = [{ ...directory.stack[0]!, dentry: superblock.root }];
  },
  'is not held': ({ superblock: { plinks } }) => {
    for (const inode of plinks) inode.holds = 0;
  },
  'takes itself for number 7': ({ superblock }) => {
    superblock.branches[1]!.index = 7;
  },
};

describe('check', () => {
  test('of a sound machine, and of its fork', () => {
    const { machine } = mounted();
    expect([...machine.check(), ...machine.fork().check()]).toEqual([]);
  });

  test.each(Object.entries(faults))('%s', (told, put) => {
    const parts = mounted();
    put(parts);
    expect(parts.machine.check()).toEqual(expect.arrayContaining([expect.stringContaining(told)]));
  });
});
