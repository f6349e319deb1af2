/** `node:fs` on what the real kernel mounts: a plain tmpfs, and overlayfs over tmpfs. */
import fs from 'node:fs';
import path from 'node:path';
import { flatten, type Stack } from '../tree.ts';
import { type Scratch, writeTree } from './scratch.ts';
import type { Mounted, Subject } from './subject.ts';

let places = 0;

/** Paths are relative to the working directory, so that a walk has as many components as elsewhere. */
export function tmpfs(scratch: Scratch): Subject {
  return {
    name: 'tmpfs',
    lowers: 0,
    caches: false,
    mount(stack) {
      const tree = flatten(stack);
      const at = path.join(scratch.directory, `tmpfs-${places++}`);
      const remove = (): void => {
        process.chdir('/');
        fs.rmSync(at, { recursive: true });
      };
      writeTree(scratch, at, tree);
      return {
        fs,
        prefix: '',
        enter: () => process.chdir(at),
        reset() {
          remove();
          writeTree(scratch, at, tree);
          process.chdir(at);
        },
        close: remove,
      };
    },
  };
}

/** @param options for the mount, besides its layers */
export function overlay(scratch: Scratch, lowers: number, options: string): Subject {
  return {
    name: 'overlay',
    lowers,
    caches: true,
    mount(stack) {
      const at = path.join(scratch.directory, `overlay-${places++}`);
      for (const [index, layer] of stack.entries()) writeTree(scratch, path.join(at, `${index}`), layer);
      return overlayMount(scratch, at, stack, options === '' ? '' : `,${options}`);
    },
  };
}

function overlayMount(scratch: Scratch, at: string, stack: Stack, options: string): Mounted {
  const task = scratch.task!;
  const merged = path.join(at, 'merged');
  const mount = (): void => {
    process.chdir(at);
    for (const name of ['upper', 'work', 'merged']) fs.mkdirSync(name);
    const lowerdir = stack.map((_, index) => index).join(':');
    task.mount('overlay', 'merged', 'overlay', `lowerdir=${lowerdir},upperdir=upper,workdir=work${options}`);
    process.chdir(merged);
  };
  const umount = (): void => {
    process.chdir(at);
    task.umount('merged');
    for (const name of ['upper', 'work', 'merged']) fs.rmSync(name, { recursive: true });
  };
  mount();
  return {
    fs,
    prefix: '',
    enter: () => process.chdir(merged),
    reset() {
      umount();
      mount();
    },
    close() {
      umount();
      process.chdir('/');
      fs.rmSync(at, { recursive: true });
    },
  };
}
