/** ZenFS with its CopyOnWrite backend: one layer below, one above. */
import { flatten, type LayerTree } from '../tree.ts';
import type { FsCalls, Mounted, Subject } from './subject.ts';

/** What is used of it. Its own typings would bring a second set of Node's into the project. */
interface ZenFS {
  readonly fs: FsCalls & { mkdirSync(path: string): void };
  readonly InMemory: object;
  readonly CopyOnWriteFS: new (readable: object, writable: object) => object;
  resolveMountConfigSync(configuration: object): object;
  mount(point: string, filesystem: object): void;
  umount(point: string): void;
}

const name: string = '@zenfs/core';

/** Its mounts are global: they take turns at one place. */
const PLACE = '/bench';

export const zenfs: Subject = {
  name: 'zenfs cow',
  lowers: 0,
  caches: false,
  async mount(stack) {
    const zen = (await import(name)) as ZenFS;
    const tree = flatten(stack);
    let filesystem = copyOnWrite(zen, tree);
    let mounted = false;
    const leave = (): void => {
      if (mounted) zen.umount(PLACE);
      mounted = false;
    };
    const place: Mounted = {
      fs: zen.fs,
      prefix: `${PLACE}/`,
      enter() {
        if (!mounted) zen.mount(PLACE, filesystem);
        mounted = true;
      },
      reset() {
        leave();
        filesystem = copyOnWrite(zen, tree);
        place.enter!();
      },
      close: leave,
    };
    return place;
  },
};

function copyOnWrite(zen: ZenFS, tree: LayerTree): object {
  const readable = zen.resolveMountConfigSync({ backend: zen.InMemory });
  zen.mount('/fill', readable);
  for (const [path, content] of tree) {
    if (content === null) zen.fs.mkdirSync(`/fill/${path}`);
    else zen.fs.writeFileSync(`/fill/${path}`, content);
  }
  zen.umount('/fill');
  return new zen.CopyOnWriteFS(readable, zen.resolveMountConfigSync({ backend: zen.InMemory }));
}
