import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWithOracle as describe } from '../../differential/slice.ts';
import { applyLayer } from '../../../src/archive/apply.ts';
import { changes, type DiffOptions, diffEntries, packLayer } from '../../../src/archive/diff.ts';
import { S_IFCHR, S_IFSOCK } from '../../../src/abi/mode.ts';
import { createMachine } from '../../../src/index.ts';
import type { Task } from '../../../src/kernel/task.ts';
import type { TarHeader } from '../../../src/archive/tar-entry.ts';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import { golden, goldenText, whole } from './golden.ts';
import { chrootedTask, inDirectory } from './chrooted-task.ts';
import { entry, makeTar } from './make-tar.ts';

/** The users of the machine on which the recordings were made. */
const users = new Map([
  [0, 'root'],
  [1000, 'cloudsdk'],
]);
const groups = new Map([
  [0, 'root'],
  [50, 'staff'],
]);
const names = { user: (uid: number) => users.get(uid) ?? '', group: (gid: number) => groups.get(gid) ?? '' };

/** The directory that the recorded child layer was made from, but for what no layer tar holds. */
function withChild(test: (task: Task, upper: string) => void): void {
  inDirectory((upper) => onTask(chrootedTask(), upper, test));
}

function withSimulatedChild(test: (task: Task, upper: string) => void): void {
  const { task } = createMachine();
  task.mkdir('/upper', 0o755);
  onTask(task, '/upper', test);
}

function onTask(task: Task, upper: string, test: (task: Task, upper: string) => void): void {
  applyLayer(task, upper, golden('layer/child.tar'), { form: 'overlay' });
  // Docker sets times before 1970 to 1970 when it unpacks, and unpacked whiteouts share no inode.
  task.utimensat(-100, join(upper, 'w/neg'), { sec: -5, nsec: 0 }, { sec: -5, nsec: 0 });
  test(task, upper);
}

const whiteouts = ['deldir', 'delete', 'delfifo', 'rendir', 'renfile'];
const whiteoutTime = [...readArchive(golden('layer/child.tar'))].find(({ header }) => header.name === 'w/.wh.deldir')!
  .header.mtime;

describe('the tar of a layer', () => {
  it.each([
    ['the real kernel', withChild],
    ['a machine in memory', withSimulatedChild],
  ])('is the one that docker commit wrote, byte for byte, on %s', (_, withLayer) => {
    withLayer((task, upper) => {
      // As the kernel leaves them: removals share one whiteout inode, the rename of a file made its own.
      for (const name of ['delete', 'delfifo', 'rendir']) {
        task.unlink(join(upper, 'w', name));
        task.link(join(upper, 'w/deldir'), join(upper, 'w', name));
      }
      for (const name of whiteouts) task.utimensat(-100, join(upper, 'w', name), whiteoutTime, whiteoutTime);
      task.utimensat(-100, join(upper, 'w'), undefined, { sec: 1600001000, nsec: 5 });
      expect(Buffer.from(whole(packLayer(task, upper, { names }))).equals(golden('layer/child.tar'))).toBe(true);
    });
  });

  it('has the order of the recording, whatever the names', () => {
    const recorded = goldenText('order/o2.dump').matchAll(/type=([0-6]) name='(.*?)' mode/g);
    const expected = [...recorded].map(([, type, name]) => [type, name]);
    const entries = expected.map(([type, name]) => entry(name === 'd/' && type === '0' ? 'd/é = 6' : name!));
    inDirectory((upper) => {
      const task = chrootedTask();
      applyLayer(task, upper, makeTar(...[...entries].reverse()), { form: 'overlay' });
      const found = [...diffEntries(task, upper)].map(({ header }) => header.name);
      expect(found).toEqual(entries.map(({ header }) => header.name));
      expect(found.at(-1)).toBe('d/é');
    });
  });

  it('leaves out sockets, foreign attributes and overlay notes, and cuts capabilities to revision 2', () => {
    inDirectory((upper) => {
      const task = chrootedTask();
      task.mknod(join(upper, 'socket'), S_IFSOCK | 0o755, 0);
      fs.writeFileSync(join(upper, 'file'), 'x');
      task.setxattr(join(upper, 'file'), 'user.color', Uint8Array.of(1));
      task.setxattr(join(upper, 'file'), 'trusted.overlay.origin', Uint8Array.of(1));
      const revision3 = Uint8Array.from([1, 0, 0, 3, 0, 4, ...new Array(14).fill(0), 7, 0, 0, 0]);
      fs.writeFileSync(join(upper, 'program'), 'x');
      const fake: Task = new Proxy(task, {
        get: (target, call) => {
          if (call === 'llistxattr')
            return (path: string) => (path.endsWith('program') ? ['security.capability'] : target.llistxattr(path));
          return call === 'lgetxattr' ? () => revision3 : target[call as keyof Task];
        },
      });
      const headers = [...diffEntries(fake, upper)].map(({ header }) => header);
      expect(headers.map(({ name, xattrs }) => [name, [...xattrs]])).toEqual([
        ['file', []],
        ['program', [['security.capability', Uint8Array.from([1, 0, 0, 2, 0, 4, ...new Array(14).fill(0)])]]],
      ]);
    });
  });

  it('links what shares an inode, symlinks and devices too', () => {
    inDirectory((upper) => {
      const task = chrootedTask();
      fs.writeFileSync(join(upper, 'b'), 'body');
      fs.mkdirSync(join(upper, 'a'));
      fs.linkSync(join(upper, 'b'), join(upper, 'a/z'));
      fs.symlinkSync('b', join(upper, 'c'));
      task.linkat(-100, join(upper, 'c'), -100, join(upper, 'd'), 0);
      const short = ({ name, type, linkname, size }: TarHeader): unknown[] => [name, type, linkname, size];
      expect([...diffEntries(task, upper)].map(({ header }) => short(header))).toEqual([
        ['a/', '5', '', 0],
        ['a/z', '0', '', 4],
        ['b', '1', 'a/z', 0],
        ['c', '2', 'b', 0],
        ['d', '1', 'c', 0],
      ]);
    });
  });

  it.each(['redirect', 'metacopy'])('refuses a directory with an overlay %s', (feature) => {
    inDirectory((upper) => {
      const task = chrootedTask();
      fs.mkdirSync(join(upper, 'd'));
      task.setxattr(join(upper, 'd'), `trusted.overlay.${feature}`, new TextEncoder().encode('/x'));
      expect(() => [...packLayer(task, upper)]).toThrow(
        expect.objectContaining({ code: 'ERR_DIFF_FEATURE', entry: 'd' }),
      );
    });
  });

  it('is refused when a file changes its size meanwhile', () => {
    inDirectory((upper) => {
      fs.writeFileSync(join(upper, 'f'), 'body');
      const pack = packLayer(chrootedTask(), upper);
      pack.next();
      fs.writeFileSync(join(upper, 'f'), 'longer body');
      expect(() => [...pack]).toThrow(expect.objectContaining({ code: 'ERR_TAR_SIZE', entry: 'f' }));
    });
  });
});

describe('changes', () => {
  const base = new Set(
    [...readArchive(golden('base/base-pax.tar'))].map(({ header }) => `/${header.name.replace(/\/$/, '')}`),
  );
  const exists = (path: string): boolean => base.has(path);
  const list = (path: string): string[] =>
    [...base]
      .filter((name) => name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/'))
      .map((name) => name.slice(path.length + 1));
  const lines = (task: Task, upper: string, options?: DiffOptions): string[] =>
    [...changes(task, upper, { exists, list }, options)].map(({ kind, path }) => `${kind} ${path}`);

  it('are what a commit writes', () => {
    withChild((task, upper) => {
      const written = [...diffEntries(task, upper)]
        .map(({ header }) => header.name)
        .filter((name) => !name.endsWith('.wh..wh..opq'))
        .map((name) => `/${name}`.replace(/\/$/, '').replace(/\/\.wh\.([^/]+)$/, '/$1'));
      expect([...changes(task, upper, { exists })].map(({ path }) => path)).toEqual(written);
      const opaque = [...changes(task, upper, { exists })].filter((change) => change.opaque);
      expect(opaque).toEqual([
        { kind: 'C', path: '/w/file2dir', opaque: true },
        { kind: 'C', path: '/w/opaque', opaque: true },
      ]);
    });
  });

  it('are those of docker diff, but for what the trees alone cannot show', () => {
    withChild((task, upper) => {
      const recorded = goldenText('layer/docker-diff.txt').replaceAll('new\nline', 'new\\nline').trim().split('\n');
      const found = lines(task, upper).map((line) => line.replace('\n', '\\n'));
      const onlyHere = found.filter((line) => !recorded.includes(line));
      const onlyThere = recorded.filter((line) => !found.includes(line));
      expect(onlyHere).toEqual(['C /w/delrecreate', 'C /w/hard1', 'C /w/touchsame']);
      expect(onlyThere).toEqual(['A /w/sock']);
    });
  });

  it('know the notes of a mount with userxattr', () => {
    inDirectory((upper) => {
      const task = chrootedTask();
      fs.mkdirSync(join(upper, 'w'));
      task.setxattr(join(upper, 'w'), 'user.overlay.opaque', Uint8Array.of(0x79));
      task.mknod(join(upper, 'w/delete'), S_IFCHR, 0);
      const below = { exists };
      expect([...changes(task, upper, below, { overlayPrefix: 'user.overlay.' })]).toEqual([
        { kind: 'C', path: '/w', opaque: true },
        { kind: 'D', path: '/w/delete' },
      ]);
      expect([...changes(task, upper, below)][0]).toEqual({ kind: 'C', path: '/w' });
    });
  });
});
