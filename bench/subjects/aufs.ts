/** Our AUFS and our overlayfs over the same layers, each mounted as Docker's driver mounts it. */
import { MS_REMOUNT } from '../../src/abi/flags.ts';
import type { Library } from '../build.ts';
import { overlayWith } from './lowerdir.ts';
import { placeOf, stacked, type Stacking } from './stacked.ts';
import type { Subject } from './subject.ts';

/** A mount or remount takes 84 options. */
const BRANCHES_AT_ONCE = 60;

export type Aufs = typeof import('../../src/filesystem/aufs/index.ts').aufs;

/** Where the library lies, its AUFS lies too. */
export async function loadAufs(index: string): Promise<Aufs> {
  const { aufs } = await import(new URL('filesystem/aufs/index.js', index).href);
  return aufs;
}

/** Branches are appended by remounts, as many as one of them takes. */
export const aufsOf = (aufs: Aufs): Stacking => ({
  filesystems: [aufs],
  mount(task, layers) {
    for (const path of ['/dev', '/dev/shm']) task.mkdir(path);
    task.mount('none', '/merged', 'aufs', 'br:/writable/upper=rw,dio,xino=/dev/shm/aufs.xino,dirperm1');
    for (let at = 0; at < layers.length; at += BRANCHES_AT_ONCE) {
      const appended = layers.slice(at, at + BRANCHES_AT_ONCE).map((layer) => `append:${layer}=ro+wh`);
      task.mount('none', '/merged', 'aufs', appended.join(','), MS_REMOUNT);
    }
  },
});

function subject(library: Library, name: string, lowers: number, stacking: Stacking): Subject {
  return {
    name,
    lowers,
    caches: true,
    mount(stack) {
      const layers = stack.map((layer) => library.tree(Object.fromEntries(layer)));
      return placeOf(() => stacked(library, layers, stacking));
    },
  };
}

/** AUFS over that many branches below the writable one, and overlayfs over as many lowers. */
export const pairOf = (library: Library, aufs: Aufs, branches: number): [Subject, Subject] => [
  subject(library, 'aufs', branches, aufsOf(aufs)),
  subject(library, 'overlayfs', branches, overlayWith('')),
];
