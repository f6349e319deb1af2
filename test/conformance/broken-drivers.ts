/**
 * Drivers that are wrong in one thing, each a small wrapper around a right one: what the suite must find. A suite that
 * lets all drivers pass looks like one that works.
 */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, MNT_DETACH } from '../../src/abi/flags.ts';
import { isDirectory, isRegular } from '../../src/abi/mode.ts';
import type { Stat } from '../../src/abi/stat.ts';
import { concatenate } from '../../src/archive/codecs.ts';
import { LNKTYPE, REGTYPE, SYMTYPE, type TarEntry } from '../../src/archive/tar-entry.ts';
import { readArchive } from '../../src/archive/tar-reader.ts';
import { writeArchive } from '../../src/archive/tar-writer.ts';
import { applyArchive, type DiffWriter, type Driver, type DriverType } from '../../src/driver/driver.ts';
import { overlay2 } from '../../src/driver/overlay2/index.ts';
import { vfs } from '../../src/driver/vfs/index.ts';
import type { Task } from '../../src/kernel/task.ts';
import { makeParents } from '../../src/testing/build.ts';
import { namesIn, removeTree } from '../../src/testing/task-files.ts';

/** A driver that is wrong in one thing. */
export interface BrokenDriver {
  /** What it does wrong. */
  readonly breaks: string;
  readonly driver: DriverType;
  /** A case that finds it, among others perhaps. */
  readonly foundBy: string;
}

/** What of a driver is replaced; `right` is the driver that is not broken. */
type Flaw = (right: Driver, task: Task) => Partial<Driver>;

function flawed(base: DriverType, flaw: Flaw): DriverType {
  const init: DriverType['init'] = (parts) => {
    const right = base.init(parts);
    const wrong = flaw(right, parts.task);
    return new Proxy(right, {
      get(target, key: keyof Driver) {
        const value = key in wrong ? wrong[key] : target[key];
        return typeof value === 'function'
          ? (value as (...values: unknown[]) => unknown).bind(key in wrong ? wrong : target)
          : value;
      },
    });
  };
  return { name: base.name, init };
}

// — tars that are changed on their way —

type Change = (entries: TarEntry[]) => TarEntry[];

/** A diff whose entries are changed. */
const changedDiff =
  (change: Change): Flaw =>
  (right) => ({
    *diff(id, parent) {
      yield* writeArchive(change([...readArchive(concatenate([...right.diff(id, parent)]))]));
    },
  });

/** A tar whose entries are changed before it is unpacked. */
const changedApply =
  (change: Change): Flaw =>
  (right) => ({
    applyDiff(id, parent): DiffWriter {
      const chunks: Uint8Array[] = [];
      return {
        write: (chunk) => void chunks.push(chunk.slice()),
        end: () => {
          const entries = [...readArchive(concatenate(chunks))];
          return applyArchive(right, id, parent, concatenate([...writeArchive(change(entries))]));
        },
        abort: () => {},
      };
    },
  });

const header =
  (change: (entry: TarEntry['header']) => Partial<TarEntry['header']>): Change =>
  (entries) =>
    entries.map((entry) => ({ ...entry, header: { ...entry.header, ...change(entry.header) } }));

const without =
  (name: RegExp): Change =>
  (entries) =>
    entries.filter((entry) => !name.test(entry.header.name));

/** Links become files of their own with the content of what they name. */
const unlinked: Change = (entries) => {
  const files = new Map(entries.map((entry) => [entry.header.name, entry]));
  return entries.map((entry) => {
    const first = entry.header.type === LNKTYPE ? files.get(entry.header.linkname) : undefined;
    return first === undefined ? entry : { ...first, header: { ...first.header, name: entry.header.name } };
  });
};

// — trees that are changed behind a driver's back —

/** Runs `use` in the tree of a layer. */
function inTree<T>(driver: Driver, id: string, use: (root: string) => T): T {
  const root = driver.get(id);
  try {
    return use(root);
  } finally {
    driver.put(id);
  }
}

/** Every object below a directory, with its path. */
function* objectsBelow(task: Task, directory: string): Generator<[path: string, stat: Stat], void> {
  for (const name of namesIn(task, directory)) {
    const path = `${directory}/${name}`;
    const stat = task.lstat(path);
    yield [path, stat];
    if (isDirectory(stat.mode)) yield* objectsBelow(task, path);
  }
}

/** Layers that are changed as soon as they are made on top of another. */
const changedChild =
  (change: (task: Task, root: string, parentRoot: string) => void): Flaw =>
  (right, task) => {
    const spoil = (id: string, parent?: string) => {
      if (parent === undefined) return;
      inTree(right, parent, (parentRoot) => inTree(right, id, (root) => change(task, root, parentRoot)));
    };
    return {
      create(id, parent, options) {
        right.create(id, parent, options);
        spoil(id, parent);
      },
      createReadWrite(id, parent, options) {
        right.createReadWrite(id, parent, options);
        spoil(id, parent);
      },
    };
  };

/** The files of a copy become names of the files below: what is written to one is written to the other. */
function shareFiles(task: Task, root: string, parentRoot: string): void {
  for (const [path, stat] of [...objectsBelow(task, parentRoot)]) {
    const copied = `${root}${path.slice(parentRoot.length)}`;
    if (!isRegular(stat.mode)) continue;
    task.unlink(copied);
    task.link(path, copied);
  }
}

/** Where a symlink of the layer's tree is in the way of an entry, the entry goes where it leads. */
const followedSymlinks: Flaw = (right, task) => ({
  applyDiff(id, parent) {
    const chunks: Uint8Array[] = [];
    const end = (): number => {
      const tar = concatenate(chunks);
      inTree(right, id, (root) => {
        for (const { header: entry, body } of readArchive(tar)) writeThrough(task, root, entry, concatenate([...body]));
      });
      return applyArchive(right, id, parent, tar);
    };
    return { write: (chunk) => void chunks.push(chunk.slice()), end, abort: () => {} };
  },
});

/** Makes symlinks and writes files with nothing to keep them inside. */
function writeThrough(task: Task, root: string, entry: TarEntry['header'], bytes: Uint8Array): void {
  try {
    if (entry.type === SYMTYPE) task.symlink(entry.linkname, `${root}/${entry.name}`);
    if (entry.type !== REGTYPE) return;
    const fd = task.open(`${root}/${entry.name}`, 0o1101, 0o644);
    task.write(fd, bytes);
    task.close(fd);
  } catch {
    // What cannot be written cannot do harm.
  }
}

const copied = (breaks: string, flaw: Flaw, foundBy: string): BrokenDriver => ({
  breaks,
  driver: flawed(vfs(), flaw),
  foundBy,
});
const united = (breaks: string, flaw: Flaw, foundBy: string): BrokenDriver => ({
  breaks,
  driver: flawed(overlay2(), flaw),
  foundBy,
});

export const brokenDrivers: readonly BrokenDriver[] = [
  united(
    'a whiteout is lost from the diff',
    changedDiff(without(/(^|\/)\.wh\.(?!\.wh\.)[^/]+$/)),
    'a removed file is a whiteout in the tar, and the tar unpacked removes it again',
  ),
  copied(
    'what is written to a container leaks into the layer below',
    changedChild(shareFiles),
    'a layer never changes, whatever is done above it',
  ),
  united(
    'the mark of an opaque directory is forgotten on the way out',
    changedDiff(without(/\.wh\.\.wh\.\.opq$/)),
    'a directory that is removed and made again shows nothing of the one below',
  ),
  united(
    'the mark of an opaque directory is forgotten on the way in',
    changedApply(without(/\.wh\.\.wh\.\.opq$/)),
    'an opaque directory hides all of the layers below it, wherever in the tar the mark stands',
  ),
  copied(
    'directories have the time of the unpacking',
    (right, task) => ({
      applyDiff(id, parent) {
        const writer = right.applyDiff(id, parent);
        const end = (): number => {
          const size = writer.end();
          inTree(right, id, (root) => {
            for (const [path, stat] of objectsBelow(task, root)) {
              if (isDirectory(stat.mode)) task.utimensat(AT_FDCWD, path);
            }
          });
          return size;
        };
        return { write: (chunk) => writer.write(chunk), end, abort: () => writer.abort() };
      },
    }),
    'a directory keeps the time that the tar tells, though files come into it and are removed from it',
  ),
  united(
    'a diff lacks the directories above a change',
    changedDiff((entries) => entries.filter((entry) => !entry.header.name.endsWith('/'))),
    'a directory keeps its own mode and owner through a commit, whatever lies in it',
  ),
  united(
    'the first put unmounts',
    (right, task) => ({
      put(id) {
        const path = `${right.home}/${id}/merged`;
        if (task.statIfPresent(path) === undefined) return;
        task.umount(path, MNT_DETACH);
        right.put(id);
      },
    }),
    'a layer that is asked for twice is shown until it was given back twice',
  ),
  united(
    'get is not counted',
    (right) => {
      const shown = new Map<string, string>();
      return {
        get(id) {
          const path = shown.get(id) ?? right.get(id);
          shown.set(id, path);
          return path;
        },
        put(id) {
          if (shown.delete(id)) right.put(id);
        },
      };
    },
    'a layer that is asked for twice is shown until it was given back twice',
  ),
  united(
    'remove leaves what the layer was kept in',
    (right, task) => ({
      remove(id) {
        right.remove(id);
        if (id === '') return;
        makeParents(task, `${right.home}/left/${id}/`);
      },
    }),
    'when all layers are removed nothing is left: no mount, no block, no inode',
  ),
  copied(
    'changes miss a mode that was changed',
    (right, task) => ({
      changes(id, parent) {
        if (parent === undefined) return right.changes(id, parent);
        const sameSize = (path: string) =>
          inTree(right, id, (root) =>
            inTree(right, parent, (parentRoot) => {
              const [a, b] = [task.lstat(root + path), task.lstat(parentRoot + path)];
              return a.mode !== b.mode && a.size === b.size && a.mtime.nsec === b.mtime.nsec;
            }),
          );
        return right.changes(id, parent).filter(({ kind, path }) => kind !== 'C' || !sameSize(path));
      },
    }),
    'a capability or a mode alone is a change',
  ),
  united(
    'a file of several names is several files in the diff',
    changedDiff(unlinked),
    'of hard links in a layer the first name in the tar is the file, the others name it',
  ),
  copied(
    'the size counts a file once for each of its names',
    (right, task) => ({
      diffSize(id, parent) {
        return inTree(right, id, (root) => {
          const sizes = right.changes(id, parent).map(({ kind, path }) => {
            const stat = kind === 'D' ? undefined : task.lstat(root + path);
            return stat !== undefined && isRegular(stat.mode) ? stat.size : 0;
          });
          return sizes.reduce((sum, size) => sum + size, 0);
        });
      },
    }),
    'the size counts a file of several names once',
  ),
  united(
    'owners of a tar are passed over',
    changedApply(header(() => ({ uid: 0, gid: 0 }))),
    'owners, modes, set-id bits, times and targets are those of the tar',
  ),
  united(
    'extended attributes of a tar are passed over',
    changedApply(header(() => ({ xattrs: new Map() }))),
    'a file capability goes through a commit, other extended attributes do not',
  ),
  copied(
    'every layer exists',
    () => ({ exists: () => true }),
    'nothing is prepared or shown on a layer that is missing or was removed',
  ),
  copied(
    'a layer is made though there is none to put it on',
    (right) => ({
      create(id, parent, options) {
        right.create(id, parent !== undefined && right.exists(parent) ? parent : undefined, options);
      },
    }),
    'a layer on top of one that is not there is refused and leaves nothing',
  ),
  united(
    'the layers of a deep stack are read in the wrong order',
    (right, task) => {
      const reverse = (id: string): void => {
        const file = `${right.home}/${id}/lower`;
        if (task.statIfPresent(file) === undefined) return;
        const fd = task.open(file, 2);
        const into = new Uint8Array(4096);
        const lower = new TextDecoder().decode(into.subarray(0, task.read(fd, into)));
        const [first, ...rest] = lower.split(':');
        task.pwrite(fd, new TextEncoder().encode([...rest, first].join(':')), 0);
        task.close(fd);
      };
      return {
        create(id, parent, options) {
          right.create(id, parent, options);
          reverse(id);
        },
      };
    },
    'a deep stack of layers shows every one of them',
  ),
  united(
    'what is told of a layer is told of its parent',
    (right) => {
      const parents = new Map<string, string>();
      return {
        create(id, parent, options) {
          right.create(id, parent, options);
          if (parent !== undefined) parents.set(id, parent);
        },
        metadata: (id) => right.metadata(parents.get(id) ?? id),
      };
    },
    'a committed layer exists without being mounted, and what is told of it lies in the home',
  ),
  copied(
    'a symlink is followed while a tar is unpacked',
    followedSymlinks,
    'nothing is written through a symlink that leads out of the layer',
  ),
  united(
    'a whiteout stays in the diff after the name was made anew',
    changedDiff((entries) =>
      entries.flatMap((entry) => {
        const { name, type } = entry.header;
        if (type !== REGTYPE || /\.wh\./.test(name)) return [entry];
        const hidden = { ...entry.header, name: name.replace(/[^/]+$/, '.wh.$&'), size: 0, linkname: '' };
        return [entry, { header: hidden, body: [] }];
      }),
    ),
    'a name that was removed is there again when the same layer makes it anew',
  ),
  copied(
    'times are cut to whole seconds in a copy',
    changedChild((task, root) => {
      for (const [path, { mtime }] of [...objectsBelow(task, root)].reverse()) {
        const time = { sec: mtime.sec, nsec: 0 };
        task.utimensat(AT_FDCWD, path, time, time, AT_SYMLINK_NOFOLLOW);
      }
    }),
    'a layer on top of another shows times to the nanosecond',
  ),
  copied(
    'a layer that cannot be made is left half made',
    (right, task) => ({
      createReadWrite(id, parent, options) {
        try {
          right.createReadWrite(id, parent, options);
        } catch (error) {
          task.mkdir(`${right.home}/dir/${id}`, 0o755);
          throw error;
        }
      },
    }),
    'a layer on top of one that is not there is refused and leaves nothing',
  ),
  united(
    'status and features promise what is not kept',
    (right) => ({ features: { ...right.features, nonStandard: new Set() } }),
    'an empty directory of a layer below is renamed, or EXDEV',
  ),
  united(
    'a mount is left when the driver stops',
    (right) => ({
      put() {},
      cleanup() {
        void right;
      },
    }),
    'stopping the driver twice is no mistake',
  ),
  copied(
    'a diff holds more than was changed',
    (right) => ({ diff: (id) => right.diff(id) }),
    'the tar of a layer over several layers holds only what the layer itself has changed',
  ),
  copied(
    'what is unpacked keeps no set-id bits',
    changedApply(header(({ mode, type }) => (type === SYMTYPE ? {} : { mode: mode & ~0o6000 }))),
    'owners, modes, set-id bits, times and targets are those of the tar',
  ),
  united(
    'a diff that is broken off leaves the layer mounted',
    (right) => ({
      *diff(id, parent) {
        right.get(id);
        yield* right.diff(id, parent);
        right.put(id);
      },
    }),
    'a diff that is broken off leaves nothing shown',
  ),
  copied(
    'a removed layer can still be shown',
    (right, task) => ({
      remove(id) {
        if (id === '' || !right.exists(id)) {
          right.remove(id);
          return;
        }
        inTree(right, id, (root) => {
          for (const name of namesIn(task, root)) removeTree(task, `${root}/${name}`);
        });
      },
    }),
    'nothing is prepared or shown on a layer that is missing or was removed',
  ),
];
