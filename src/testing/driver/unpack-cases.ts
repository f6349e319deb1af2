/** A tar is unpacked into a layer. After moby's tests of applying layers. */
import { AT_FDCWD } from '../../abi/flags.ts';
import type { TarEntry } from '../../archive/tar-entry.ts';
import { codeOf, expectEqual, expectTrue } from '../expectation.ts';
import { namesIn, putFile, readText, setTime } from '../task-files.ts';
import type { DriverBench } from './driver-bench.ts';
import { BASE, type DriverCase } from './driver-case.ts';
import { directoryEntry, fileEntry, layerTar, linkEntry, OLD, symlinkEntry } from './layer-tar.ts';

const VICTIM = 'hello, world';

/** Puts something beside the layers that no tar may reach: in the home, on the machine's root, where symlinks lead. */
function plantVictims(bench: DriverBench): string[] {
  const { task, home } = bench;
  const directories = [`${home}/victim`, '/victim', '/tmp-victim'];
  for (const directory of directories) {
    task.mkdir(directory, 0o755);
    putFile(task, `${directory}/hello`, VICTIM);
  }
  return directories;
}

/** Tries to unpack the tar of each attempt; whatever comes of it, nothing outside the layer is touched. */
function expectContained(bench: DriverBench, attempts: readonly (readonly TarEntry[])[]): void {
  const victims = plantVictims(bench);
  bench.make(BASE, undefined, (root) => putFile(bench.task, `${root}/inside`, 'in'));
  for (const [at, entries] of attempts.entries()) {
    const id = `attempt-${at}`;
    bench.driver.create(id, BASE);
    codeOf(() => bench.apply(id, BASE, layerTar(...entries)));
    for (const victim of victims) {
      expectEqual(`what lies in ${victim} after attempt ${at}`, namesIn(bench.task, victim), ['hello']);
      expectEqual(`the file of ${victim}`, readText(bench.task, `${victim}/hello`), VICTIM);
      expectEqual(`its names`, bench.task.stat(`${victim}/hello`).nlink, 1);
      expectEqual(`its mode`, bench.task.stat(`${victim}/hello`).mode, 0o100644);
    }
    expectEqual('what is mounted', bench.mounts(), []);
    bench.driver.remove(id);
    expectTrue('the layer can be removed', !bench.driver.exists(id));
  }
  expectEqual('the file of the base', bench.text(BASE, 'inside'), 'in');
}

const UP = '../'.repeat(12);

const breakouts: readonly DriverCase[] = [
  {
    name: 'a name that leads out of the layer stays within it or is refused',
    run(bench) {
      const names = ['../victim/dotdot', `${UP}victim/dotdot`, 'a/../../victim/dotdot', `${UP}tmp-victim/hello`];
      expectContained(
        bench,
        names.map((name) => [fileEntry(name, 'caught')]),
      );
    },
  },
  {
    name: 'a hard link reaches nothing outside of the layer, and one to nothing is refused',
    run(bench) {
      const targets = ['../victim/hello', `${UP}victim/hello`, '/../victim/hello', 'no/such/file'];
      expectContained(bench, [
        ...targets.map((target) => [linkEntry('dotdot', target)]),
        ...targets.map((target) => [linkEntry('dotdot', target), fileEntry('dotdot', 'through the link')]),
      ]);
      bench.driver.create('refused', BASE);
      const code = codeOf(() => bench.apply('refused', BASE, layerTar(linkEntry('link', 'no/such/file'))));
      expectTrue('a link to nothing is refused', code !== undefined);
    },
  },
  {
    name: 'nothing is written through a symlink that leads out of the layer',
    run(bench) {
      const targets = ['../victim', `${UP}victim`, '/victim', '/../victim', `${bench.home}/victim`];
      expectContained(bench, [
        ...targets.map((target) => [symlinkEntry('out', target), fileEntry('out/hello', 'through')]),
        ...targets.map((target) => [symlinkEntry('out', target), fileEntry('out/new', 'new')]),
        ...targets.map((target) => [symlinkEntry('out', `${target}/hello`), fileEntry('out', 'replaces the link')]),
        ...targets.map((target) => [symlinkEntry('out', `${target}/hello`), linkEntry('hard', 'out')]),
        ...targets.map((target) => [symlinkEntry('out', target), directoryEntry('out/', { mode: 0o700 })]),
        ...targets.map((target) => [symlinkEntry('out', target), fileEntry('out/.wh.hello')]),
        ...targets.map((target) => [symlinkEntry('out', target), fileEntry('out/.wh..wh..opq')]),
        ...targets.map((target) => [symlinkEntry('a', target), symlinkEntry('b', 'a/hello'), linkEntry('c', 'b')]),
      ]);
    },
  },
  {
    name: 'a symlink of the layer below is not followed out of the layer',
    run(bench) {
      const victims = plantVictims(bench);
      bench.make(BASE, undefined, (root, task) => {
        task.symlink('/victim', `${root}/absolute`);
        task.symlink(`${UP}victim`, `${root}/relative`);
        task.symlink('/victim/hello', `${root}/file`);
      });
      const tar = layerTar(fileEntry('absolute/a', 'x'), fileEntry('relative/b', 'x'), fileEntry('file', 'replaced'));
      bench.driver.create('top', BASE);
      codeOf(() => bench.apply('top', BASE, tar));
      for (const victim of victims) {
        expectEqual(`what lies in ${victim}`, namesIn(bench.task, victim), ['hello']);
        expectEqual(`the file of ${victim}`, readText(bench.task, `${victim}/hello`), VICTIM);
      }
    },
  },
];

/** The trees of four layers that are unpacked one upon the other, and what each must leave. */
const whiteoutLayers: readonly (readonly [tar: readonly TarEntry[], expected: readonly string[]])[] = [
  [
    [
      fileEntry('.baz'),
      fileEntry('bar'),
      directoryEntry('foo/'),
      fileEntry('foo/.abc'),
      fileEntry('foo/.bcd', 'data'),
      directoryEntry('foo/bar/'),
      fileEntry('foo/bar/a'),
      directoryEntry('foo/cde/'),
      fileEntry('foo/cde/def'),
      fileEntry('foo/cde/efg'),
      fileEntry('foobar'),
    ],
    [
      '.baz',
      'bar',
      'foo',
      'foo/.abc',
      'foo/.bcd',
      'foo/bar',
      'foo/bar/a',
      'foo/cde',
      'foo/cde/def',
      'foo/cde/efg',
      'foobar',
    ],
  ],
  [
    [
      directoryEntry('foo/'),
      fileEntry('foo/.bcd', 'anew'),
      directoryEntry('foo/cde/'),
      fileEntry('foo/cde/def'),
      fileEntry('foo/.wh..wh..opq'),
      fileEntry('foo/fgh'),
    ],
    ['.baz', 'bar', 'foo', 'foo/.bcd', 'foo/cde', 'foo/cde/def', 'foo/fgh', 'foobar'],
  ],
  [
    [fileEntry('.wh..baz'), fileEntry('.wh.foobar'), directoryEntry('foo/'), fileEntry('foo/.wh.cde')],
    ['bar', 'foo', 'foo/.bcd', 'foo/fgh'],
  ],
];

const whiteouts: readonly DriverCase[] = [
  {
    name: 'whiteouts and opaque directories of a tar remove what the layers below have, and only that',
    run(bench) {
      let parent: string | undefined;
      for (const [at, [entries, expected]] of whiteoutLayers.entries()) {
        const id = `layer-${at}`;
        bench.driver.create(id, parent);
        bench.apply(id, parent, layerTar(...entries));
        const paths = bench.list(id, { times: 'none' }).map((line) => line.slice(1, line.indexOf(' ')));
        expectEqual(`the paths of layer ${at}`, paths.slice(1), expected);
        parent = id;
      }
      expectEqual('the file that was unpacked anew', bench.text('layer-2', 'foo/.bcd'), 'anew');
    },
  },
  {
    name: 'a mark in the root of a layer hides all that lies below',
    skip: ({ nativeDiff }) =>
      nativeDiff ? 'a union filesystem does not look for a mark on the root of a layer' : undefined,
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        task.mkdir(`${root}/d`);
        for (const name of ['d/a', 'b']) putFile(task, `${root}/${name}`, name);
      });
      bench.driver.create('top', BASE);
      bench.apply('top', BASE, layerTar(fileEntry('.wh..wh..opq'), fileEntry('new', 'n')));
      expectEqual(
        'what is left',
        bench.see('top', (root) => namesIn(bench.task, root)),
        ['new'],
      );
      expectEqual('the changes', bench.changes('top', BASE), ['D /b', 'D /d', 'A /new']);
    },
  },
  {
    name: 'an opaque directory hides all of the layers below it, wherever in the tar the mark stands',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        for (const name of ['d', 'd/sub', 'd/sub/deep']) task.mkdir(`${root}/${name}`);
        for (const name of ['d/a', 'd/sub/b', 'd/sub/deep/c', 'beside']) putFile(task, `${root}/${name}`, name);
      });
      const mark = fileEntry('d/.wh..wh..opq');
      const rest = [directoryEntry('d/sub/'), fileEntry('d/sub/new', 'n')];
      for (const [id, tar] of Object.entries({
        first: [directoryEntry('d/'), mark, ...rest],
        last: [directoryEntry('d/'), ...rest, mark],
      })) {
        bench.driver.create(id, BASE);
        bench.apply(id, BASE, layerTar(...tar));
        const paths = bench.list(id).map((line) => line.slice(0, line.indexOf(' ')));
        expectEqual(`the paths of ${id}`, paths, ['/', '/beside', '/d', '/d/sub', '/d/sub/new']);
      }
    },
  },
  {
    name: 'a name that a layer removed can be made again in the one above, and removed again, ten times',
    run(bench) {
      let parent = bench.make(BASE, undefined, (root, task) => task.mkdir(`${root}/d`, 0o755));
      for (let turn = 0; turn < 10; turn++) {
        bench.makeWritable(`made-${turn}`, parent, (root, task) => {
          putFile(task, `${root}/d/file`, `turn ${turn}`);
          task.mkdir(`${root}/dir`, 0o755);
          putFile(task, `${root}/dir/of-${turn}`, 'x');
        });
        bench.commit(`with-${turn}`, `made-${turn}`, parent);
        expectEqual(`the file of turn ${turn}`, bench.text(`with-${turn}`, 'd/file'), `turn ${turn}`);
        expectEqual(
          'the directory',
          bench.see(`with-${turn}`, (root) => namesIn(bench.task, `${root}/dir`)),
          [`of-${turn}`],
        );
        bench.makeWritable(`removed-${turn}`, `with-${turn}`, (root, task) => {
          task.unlink(`${root}/d/file`);
          task.unlink(`${root}/dir/of-${turn}`);
          task.rmdir(`${root}/dir`);
        });
        bench.commit(`without-${turn}`, `removed-${turn}`, `with-${turn}`);
        parent = `without-${turn}`;
        expectEqual(
          'what is left',
          bench.see(parent, (root) => [namesIn(bench.task, root), namesIn(bench.task, `${root}/d`)]),
          [['d'], []],
        );
      }
    },
  },
  {
    name: 'a name that was removed is there again when the same layer makes it anew',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        putFile(task, `${root}/file`, 'old');
        task.mkdir(`${root}/dir`, 0o755);
        putFile(task, `${root}/dir/old`, 'old');
      });
      bench.makeWritable('top', BASE, (root, task) => {
        task.unlink(`${root}/file`);
        putFile(task, `${root}/file`, 'anew');
        task.unlink(`${root}/dir/old`);
        task.rmdir(`${root}/dir`);
        putFile(task, `${root}/dir`, 'a file now');
      });
      bench.commit('again', 'top', BASE);
      const files = ['file', 'dir'].map((path) => bench.text('again', path));
      expectEqual('the files', files, ['anew', 'a file now']);
      const names = bench.entries('top', BASE).map(({ header }) => header.name);
      expectEqual('the entries', names, ['dir', 'file']);
    },
  },
];

/** A file capability of revision 2: cap_net_raw, effective and permitted. */
const CAPABILITY = Uint8Array.of(1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

const attributes: readonly DriverCase[] = [
  {
    name: 'owners, modes, set-id bits, times and targets are those of the tar',
    run(bench) {
      bench.make(BASE);
      bench.driver.create('top', BASE);
      const time = { sec: 1_234_567_890, nsec: 0 };
      const tar = layerTar(
        directoryEntry('d/', { mode: 0o1771, uid: 10, gid: 20, mtime: time }),
        fileEntry('d/file', 'text', { mode: 0o4755, uid: 1000, gid: 50, mtime: OLD }),
        symlinkEntry('d/link', 'file', { uid: 7, gid: 8, mtime: time }),
      );
      bench.apply('top', BASE, tar);
      const times = (id: string) => bench.list(id).slice(1);
      const expected = [
        '/d 41771 10:20 1234567890.000000000',
        '/d/file 104755 1000:50 1000000000.000000000 "t e x t"',
        '/d/link 120777 7:8 1234567890.000000000 -> file',
      ];
      expectEqual('the tree', times('top'), expected);
      bench.makeWritable('next', 'top');
      expectEqual('the tree in the layer above', times('next'), expected);
    },
  },
  {
    name: 'a directory keeps the time that the tar tells, though files come into it and are removed from it',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        task.mkdir(`${root}/d`, 0o755);
        putFile(task, `${root}/d/old`, 'old');
      });
      bench.driver.create('top', BASE);
      const time = { sec: 1_111_111_111, nsec: 0 };
      const inside = [
        fileEntry('d/.wh.old'),
        fileEntry('d/new', 'n'),
        directoryEntry('d/sub/', { mtime: OLD }),
        fileEntry('d/sub/f'),
      ];
      bench.apply('top', BASE, layerTar(directoryEntry('d/', { mtime: time }), ...inside));
      const told = bench.list('top', { times: 'seconds' }).filter((line) => /^\/d(\/sub)? /.test(line));
      expectEqual('the directories', told, ['/d 40755 0:0 1111111111', '/d/sub 40755 0:0 1000000000']);
    },
  },
  {
    name: 'a time of the tar is kept by a commit, the nanoseconds of a container are not',
    run(bench) {
      bench.make(BASE);
      bench.makeWritable('top', BASE, (root, task) => {
        putFile(task, `${root}/file`, 'x');
        task.utimensat(AT_FDCWD, `${root}/file`, OLD, { sec: 1_222_222_222, nsec: 987_654_321 });
      });
      expectEqual('in the container', bench.list('top').at(-1), '/file 100644 0:0 1222222222.987654321 "x"');
      bench.commit('again', 'top', BASE);
      expectEqual('in the layer', bench.list('again').at(-1), '/file 100644 0:0 1222222222.000000000 "x"');
    },
  },
  {
    name: 'a file capability goes through a commit, other extended attributes do not',
    run(bench) {
      bench.make(BASE);
      bench.makeWritable('top', BASE, (root, task) => {
        putFile(task, `${root}/ping`, 'ping', 0o755);
        task.setxattr(`${root}/ping`, 'security.capability', CAPABILITY);
        task.setxattr(`${root}/ping`, 'trusted.mine', Uint8Array.of(1));
      });
      bench.commit('again', 'top', BASE);
      bench.see('again', (root) => {
        expectEqual('the attributes', bench.task.listxattr(`${root}/ping`), ['security.capability']);
        expectEqual('the capability', bench.task.getxattr(`${root}/ping`, 'security.capability'), CAPABILITY);
      });
      expectEqual('the changes', bench.changes('again', BASE), ['A /ping']);
    },
  },
  {
    name: 'a capability or a mode alone is a change',
    run(bench) {
      const { task } = bench;
      bench.make(BASE, undefined, (root) => {
        for (const name of ['chmod', 'chown', 'capability', 'same']) {
          putFile(task, `${root}/${name}`, name);
          setTime(task, `${root}/${name}`, OLD);
        }
      });
      bench.makeWritable('top', BASE, (root) => {
        task.chmod(`${root}/chmod`, 0o755);
        task.chown(`${root}/chown`, 1, 1);
        task.setxattr(`${root}/capability`, 'security.capability', CAPABILITY);
      });
      expectEqual('the changes', bench.changes('top', BASE), ['C /capability', 'C /chmod', 'C /chown']);
      bench.commit('again', 'top', BASE);
      const keep = { times: 'files', attributes: 'capability' } as const;
      expectEqual('the tree', bench.list('again', keep), bench.list('top', keep));
    },
  },
  {
    name: 'a tar that ends too early is refused, and the layer can be removed',
    run(bench) {
      bench.make(BASE);
      bench.make('first', BASE);
      const before = bench.room();
      const tar = layerTar(fileEntry('one', 'x'.repeat(2000)), fileEntry('two', 'y'.repeat(2000)));
      for (const length of [100, 700, 3000, 4000]) {
        bench.driver.create('broken', BASE);
        const code = codeOf(() => bench.apply('broken', BASE, tar.subarray(0, length)));
        expectTrue(
          `${length} bytes of it are refused with ERR_TAR_TRUNCATED, not ${code}`,
          code === 'ERR_TAR_TRUNCATED',
        );
        expectEqual('what is mounted', bench.mounts(), []);
        bench.driver.remove('broken');
      }
      expectEqual('the room that is left', bench.room(), before);
    },
  },
  {
    name: 'an unpacking that is given up leaves nothing shown, and the layer can be removed',
    run(bench) {
      bench.make(BASE);
      bench.make('first', BASE);
      const before = bench.room();
      const tar = layerTar(directoryEntry('d/'), fileEntry('d/file', 'x'.repeat(2000)));
      for (const length of [0, 512, 1500]) {
        bench.driver.create('given-up', BASE);
        const writer = bench.driver.applyDiff('given-up', BASE);
        writer.write(tar.subarray(0, length));
        writer.abort();
        expectEqual('what is mounted', bench.mounts(), []);
        bench.driver.remove('given-up');
      }
      expectEqual('the room that is left', bench.room(), before);
    },
  },
  {
    name: 'a tar is taken in whatever pieces it comes',
    run(bench) {
      bench.make(BASE);
      const tar = layerTar(directoryEntry('d/'), fileEntry('d/file', 'text'), fileEntry('long', 'l'.repeat(1500)));
      for (const piece of [1, 7, 512, 100_000]) {
        const id = `in-${piece}`;
        bench.driver.create(id, BASE);
        const writer = bench.driver.applyDiff(id, BASE);
        for (let at = 0; at < tar.length; at += piece) writer.write(tar.subarray(at, at + piece));
        expectEqual(`the size in pieces of ${piece}`, writer.end(), 1504);
        expectEqual('the file', bench.text(id, 'd/file'), 'text');
      }
    },
  },
];

/** Group by group. */
export const unpackCases: Readonly<Record<string, readonly DriverCase[]>> = {
  'tars that lead out of the layer': breakouts,
  'whiteouts in tars': whiteouts,
  'attributes in tars': attributes,
};
