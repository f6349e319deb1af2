/** Layers as snapshots: prepared, written to, committed, and prepared upon. After containerd's suite for snapshotters. */
import { MNT_DETACH, MS_BIND, MS_RDONLY, MS_REMOUNT } from '../../abi/flags.ts';
import { codeOf, expectEqual, expectRefused, expectTrue } from '../expectation.ts';
import { namesIn, putFile, readText, removeTree } from '../task-files.ts';
import type { DriverBench, Fill } from './driver-bench.ts';
import { BASE, type DriverCase, depthOf } from './driver-case.ts';

/** What a commit keeps of a tree: whole seconds, no links to files of layers below. */
const COMMITTED = { times: 'none', attributes: 'capability', links: false } as const;

/** Prepares a container on `parent`, fills it and commits it as `id`; the container goes. */
function commitOf(bench: DriverBench, id: string, parent: string | undefined, fill: Fill): string {
  bench.makeWritable(`active-${id}`, parent, fill);
  const shown = bench.list(`active-${id}`, COMMITTED);
  bench.commit(id, `active-${id}`, parent);
  bench.driver.remove(`active-${id}`);
  expectEqual(`what ${id} shows of what was committed`, bench.list(id, COMMITTED), shown);
  return id;
}

/** The files of a tree as `path: text`. */
const filesOf =
  (files: Readonly<Record<string, string>>): Fill =>
  (root, task) => {
    for (const [path, text] of Object.entries(files)) {
      for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
        if (task.statIfPresent(`${root}/${path.slice(0, at)}`) === undefined)
          task.mkdir(`${root}/${path.slice(0, at)}`);
      }
      putFile(task, `${root}/${path}`, text);
    }
  };

/** Every path of a tree. */
function pathsOf(bench: DriverBench, id: string): string[] {
  return bench.list(id, COMMITTED).map((line) => line.slice(0, line.search(/ \d+ \d+:/)));
}

/** Four layers that rewrite, add to and remove from one another, committed one by one. */
function chain(bench: DriverBench): string[] {
  const ids = [
    commitOf(bench, 'one', undefined, filesOf({ foo: 'foo 1', 'a/b/c': 'c 1' })),
    commitOf(bench, 'two', 'one', filesOf({ bar: 'bar 2', 'a/b/d': 'd 2' })),
    commitOf(bench, 'three', 'two', (root, task) => {
      putFile(task, `${root}/foo`, 'foo three');
      task.unlink(`${root}/bar`);
      removeTree(task, `${root}/a`);
    }),
  ];
  return ids;
}

const CHAIN_PATHS = [
  ['/', '/a', '/a/b', '/a/b/c', '/foo'],
  ['/', '/a', '/a/b', '/a/b/c', '/a/b/d', '/bar', '/foo'],
  ['/', '/foo'],
];

const life: readonly DriverCase[] = [
  {
    name: 'what is written is committed, shown by the layer, and shown by what is prepared on it',
    run(bench) {
      chain(bench);
      bench.makeWritable('next', 'three', filesOf({ new: 'n' }));
      expectEqual('the paths of the next', pathsOf(bench, 'next'), ['/', '/foo', '/new']);
      expectEqual('the file that was rewritten', bench.text('next', 'foo'), 'foo three');
      commitOf(bench, 'four', 'three', filesOf({ new: 'n' }));
      expectEqual('the paths of the fourth', pathsOf(bench, 'four'), ['/', '/foo', '/new']);
    },
  },
  {
    name: 'an active layer exists, is mounted where it is shown, and tells the same as often as it is asked',
    run(bench) {
      bench.make(BASE);
      bench.makeWritable('active', BASE);
      const { driver } = bench;
      expectTrue('it exists', driver.exists('active'));
      const before = driver.metadata('active');
      const shown = driver.get('active');
      expectTrue('it is shown in the home', shown.startsWith(`${bench.home}/`));
      expectTrue('it is a directory', bench.task.stat(shown).nlink > 0);
      expectTrue(
        'only its own is mounted',
        bench.mounts().every((point) => point === shown),
      );
      expectEqual('what is told of it meanwhile', driver.metadata('active'), before);
      driver.put('active');
      expectEqual('what is told of it afterwards', driver.metadata('active'), before);
    },
  },
  {
    name: 'a committed layer exists without being mounted, and what is told of it lies in the home',
    run(bench) {
      const ids = chain(bench);
      const { driver } = bench;
      expectEqual('what is mounted', bench.mounts(), []);
      for (const id of ids) {
        expectTrue(`${id} exists`, driver.exists(id));
        const values = Object.values(driver.metadata(id) ?? {}).flatMap((value) => value.split(':'));
        const outside = values.filter((value) => value.startsWith('/') && !value.startsWith(`${bench.home}/`));
        expectEqual(`what ${id} tells that lies elsewhere`, outside, []);
      }
      const told = ids.map((id) => JSON.stringify(driver.metadata(id)));
      const distinct = new Set(told).size;
      expectTrue(
        'each is told apart, or nothing is told',
        distinct === ids.length || told.every((one) => one === undefined),
      );
      const status = driver.status();
      expectTrue(
        'the status is pairs of words',
        status.every(([key, value]) => key !== '' && typeof value === 'string'),
      );
      expectEqual('the status when asked again', driver.status(), status);
    },
  },
  {
    name: 'a layer upon a layer upon a layer has the contents of all three',
    run(bench) {
      const ids = chain(bench);
      expectEqual(
        'the paths',
        ids.map((id) => pathsOf(bench, id)),
        CHAIN_PATHS,
      );
      expectEqual(
        'the changes of each',
        ids.map((id, at) => bench.changes(id, ids[at - 1])),
        [
          ['A /a', 'A /a/b', 'A /a/b/c', 'A /foo'],
          ['C /a', 'C /a/b', 'A /a/b/d', 'A /bar'],
          ['D /a', 'D /bar', 'C /foo'],
        ],
      );
    },
  },
  {
    name: 'nothing is prepared or shown on a layer that is missing or was removed',
    run(bench) {
      const { driver } = bench;
      bench.make('gone');
      driver.remove('gone');
      for (const parent of ['missing', 'gone']) {
        expectTrue(`create on ${parent} throws`, codeOf(() => driver.create('next', parent)) !== undefined);
        expectTrue(
          `createReadWrite on ${parent} throws`,
          codeOf(() => driver.createReadWrite('next', parent)) !== undefined,
        );
        expectTrue(`get of ${parent} throws`, codeOf(() => driver.get(parent)) !== undefined);
        expectTrue('nothing came of it', !driver.exists('next') && !driver.exists(parent));
      }
      expectEqual('what is mounted', bench.mounts(), []);
    },
  },
  {
    name: 'options that a layer of an image cannot take are refused; what is told of other layers stays',
    run(bench) {
      const { driver } = bench;
      bench.make(BASE);
      const before = driver.metadata(BASE);
      const options = { storageOptions: { size: '10M' } };
      expectRefused('a size for a read-only layer', ['ERR_DRIVER_STORAGE_OPTION'], () =>
        driver.create('sized', BASE, options),
      );
      expectTrue('the layer is not there', !driver.exists('sized'));
      bench.make('plain', BASE);
      bench.driver.create('labelled', BASE, { mountLabel: '', storageOptions: {} });
      expectTrue('empty options are none', driver.exists('labelled'));
      expectEqual('what is told of the base', driver.metadata(BASE), before);
    },
  },
  {
    name: 'what is removed is gone, also after a start; what stands beside it stays',
    run(bench) {
      const { driver } = bench;
      const ids = chain(bench);
      bench.makeWritable('left', 'two', filesOf({ own: 'left' }));
      bench.makeWritable('right', 'two', filesOf({ own: 'right' }));
      driver.remove('left');
      driver.remove('three');
      bench.restart();
      const there = [...ids, 'left', 'right'].map((id) => bench.driver.exists(id));
      expectEqual('which layers are there', there, [true, true, false, false, true]);
      expectTrue('get of a removed one throws', codeOf(() => bench.driver.get('left')) !== undefined);
      expectEqual('the file of the one beside it', bench.text('right', 'own'), 'right');
      bench.driver.remove('left');
      bench.makeWritable('left', 'two');
      expectEqual('the paths of a new one of that name', pathsOf(bench, 'left'), CHAIN_PATHS[1]);
    },
  },
  {
    name: 'each layer is found by its id alone, before and after a start',
    run(bench) {
      const ids = chain(bench);
      bench.makeWritable('active', 'two');
      const found = () => [...ids, 'active', 'missing'].filter((id) => bench.driver.exists(id));
      const paths = () => ids.map((id) => pathsOf(bench, id));
      expectEqual('which are found', found(), [...ids, 'active']);
      bench.restart();
      expectEqual('which are found again', found(), [...ids, 'active']);
      expectEqual('what they show', paths(), CHAIN_PATHS);
    },
  },
  {
    name: 'other layers can be asked for in the middle of a diff',
    run(bench) {
      const ids = chain(bench);
      const expected = bench.diff('two', 'one');
      const chunks: number[] = [];
      for (const chunk of bench.driver.diff('two', 'one')) {
        chunks.push(...chunk);
        for (const id of ids) {
          expectTrue(`${id} exists`, bench.driver.exists(id));
          bench.driver.metadata(id);
        }
        expectEqual('what another layer shows', bench.text('three', 'foo'), 'foo three');
        expectEqual('what the layer itself shows', bench.text('two', 'bar'), 'bar 2');
      }
      expectEqual('the diff', Uint8Array.from(chunks), expected);
      expectEqual('what is mounted', bench.mounts(), []);
    },
  },
  {
    name: 'stopping the driver twice is no mistake',
    run(bench) {
      const ids = chain(bench);
      bench.driver.cleanup();
      bench.driver.cleanup();
      expectEqual('what is mounted', bench.mounts(), []);
      bench.restart();
      expectEqual(
        'the paths',
        ids.map((id) => pathsOf(bench, id)),
        CHAIN_PATHS,
      );
    },
  },
];

const contents: readonly DriverCase[] = [
  {
    name: 'a file that is rewritten above shows what was written last',
    run(bench) {
      commitOf(bench, 'one', undefined, filesOf({ foo: 'foo\n', 'etc/hosts': 'one\n' }));
      commitOf(bench, 'two', 'one', filesOf({ foo: 'foo and more\n' }));
      commitOf(bench, 'three', 'two', filesOf({ foo: 'f\n', 'etc/hosts': 'three\n' }));
      expectEqual(
        'the file in each layer',
        ['one', 'two', 'three'].map((id) => bench.text(id, 'foo')),
        ['foo\n', 'foo and more\n', 'f\n'],
      );
      expectEqual('the other one on top', bench.text('three', 'etc/hosts'), 'three\n');
    },
  },
  {
    name: 'a directory that is removed and made again shows nothing of the one below',
    run(bench) {
      commitOf(bench, 'one', undefined, filesOf({ 'dir1/a': 'a', 'dir1/sub/b': 'b', 'dir2/c': 'c' }));
      commitOf(bench, 'two', 'one', (root, task) => {
        removeTree(task, `${root}/dir1`);
        task.mkdir(`${root}/dir1`, 0o755);
        filesOf({ 'dir1/new': 'n' })(root, task);
      });
      const paths = ['/', '/dir1', '/dir1/new', '/dir2', '/dir2/c'];
      expectEqual('its paths', pathsOf(bench, 'two'), paths);
      bench.makeWritable('next', 'two', filesOf({ 'dir1/more': 'm' }));
      expectEqual('the paths of the next', pathsOf(bench, 'next'), [
        ...paths.slice(0, 2),
        '/dir1/more',
        ...paths.slice(2),
      ]);
    },
  },
  {
    name: 'an owner that was changed above stays changed',
    run(bench) {
      commitOf(bench, 'one', undefined, filesOf({ 'opt/a/file': 'a', 'opt/b/file': 'b' }));
      commitOf(bench, 'two', 'one', (root, task) => {
        for (const path of ['opt', 'opt/a', 'opt/a/file']) task.chown(`${root}/${path}`, 1, 1);
      });
      commitOf(bench, 'three', 'two', (root, task) => task.chown(`${root}/opt/b/file`, 7, 8));
      const owners = bench.list('three', COMMITTED).map((line) =>
        line
          .match(/^(\S+) \d+ (\S+)/)!
          .slice(1)
          .join(' '),
      );
      const expected = ['/ 0:0', '/opt 1:1', '/opt/a 1:1', '/opt/a/file 1:1', '/opt/b 0:0', '/opt/b/file 7:8'];
      expectEqual('the owners', owners, expected);
    },
  },
  {
    name: 'a directory keeps its own mode and owner through a commit, whatever lies in it',
    run(bench) {
      commitOf(bench, 'one', undefined, (root, task) => {
        filesOf({ 'dir1/file': '1', 'dir2/file': '2', 'dir3/sub/file': '3' })(root, task);
        task.chmod(`${root}/dir1`, 0o700);
        task.chown(`${root}/dir1`, 1000, 1000);
        task.chmod(`${root}/dir3`, 0o1777);
      });
      commitOf(bench, 'two', 'one', (root, task) => {
        putFile(task, `${root}/dir1/file`, 'changed');
        putFile(task, `${root}/dir3/sub/file`, 'changed');
        task.chmod(`${root}/dir2`, 0o2750);
        task.chown(`${root}/dir2`, 5, 6);
      });
      const modes = bench.list('two', COMMITTED).filter((line) => /^\/dir\d /.test(line));
      expectEqual('the directories', modes, ['/dir1 40700 1000:1000', '/dir2 42750 5:6', '/dir3 41777 0:0']);
    },
  },
  {
    name: 'what was deleted stays deleted in the layers above',
    run(bench) {
      const first = { 'dir/file': 'f', 'dir/kept': 'k', lone: 'l', 'etc/passwd': 'p' };
      commitOf(bench, 'one', undefined, filesOf(first));
      commitOf(bench, 'two', 'one', (root, task) => {
        task.unlink(`${root}/dir/file`);
        task.unlink(`${root}/lone`);
      });
      commitOf(bench, 'three', 'two', (root, task) => removeTree(task, `${root}/etc`));
      bench.makeWritable('next', 'three', filesOf({ new: 'n' }));
      expectEqual('the paths of the grandchild', pathsOf(bench, 'next'), ['/', '/dir', '/dir/kept', '/new']);
    },
  },
  {
    name: 'a file of a layer below can be moved',
    run(bench) {
      commitOf(bench, 'one', undefined, filesOf({ 'dir1/f1': 'f1', 'dir2/f2': 'f2' }));
      commitOf(bench, 'two', 'one', (root, task) => {
        task.rename(`${root}/dir1/f1`, `${root}/dir2/f1`);
        task.rename(`${root}/dir2/f2`, `${root}/f2`);
      });
      expectEqual('the paths', pathsOf(bench, 'two'), ['/', '/dir1', '/dir2', '/dir2/f1', '/f2']);
      expectEqual(
        'the files',
        ['dir2/f1', 'f2'].map((path) => bench.text('two', path)),
        ['f1', 'f2'],
      );
    },
  },
  {
    name: 'a read-only view of a layer shows all of it and takes no write',
    run(bench) {
      const { task, driver } = bench;
      chain(bench);
      task.mkdir('/view', 0o755);
      task.mount(driver.get('two'), '/view', '', '', MS_BIND);
      task.mount('', '/view', '', '', MS_BIND | MS_REMOUNT | MS_RDONLY);
      expectEqual('what it shows', namesIn(task, '/view'), ['a', 'bar', 'foo']);
      expectEqual('what a file says', readText(task, '/view/bar'), 'bar 2');
      const attempts = [
        () => putFile(task, '/view/bar', 'x'),
        () => putFile(task, '/view/new', 'x'),
        () => task.unlink('/view/foo'),
        () => task.chmod('/view/a', 0o700),
      ];
      expectEqual(
        'what writing leads to',
        attempts.map(codeOf),
        attempts.map(() => 'EROFS'),
      );
      task.umount('/view', MNT_DETACH);
      driver.put('two');
      expectEqual('the paths', pathsOf(bench, 'two'), CHAIN_PATHS[1]);
    },
  },
  {
    name: 'the root of every layer is 0755 and of root',
    run(bench) {
      commitOf(bench, 'one', undefined, filesOf({ a: 'a' }));
      bench.makeWritable('active', 'one');
      bench.makeWritable('alone');
      for (const id of ['one', 'active', 'alone'])
        expectEqual(`the root of ${id}`, bench.list(id, COMMITTED)[0], '/ 40755 0:0');
    },
  },
  {
    name: 'files of a layer below can be renamed and a new one put in their place',
    run(bench) {
      commitOf(bench, 'one', undefined, filesOf({ 'dir1/foo': 'foo', bar: 'bar' }));
      commitOf(bench, 'two', 'one', (root, task) => {
        task.rename(`${root}/bar`, `${root}/bar.old`);
        filesOf({ bar: 'new bar', 'dir2/foo': 'two' })(root, task);
        task.rename(`${root}/dir2`, `${root}/dir3`);
        task.rename(`${root}/dir1/foo`, `${root}/dir3/foo`);
      });
      expectEqual('the paths', pathsOf(bench, 'two'), ['/', '/bar', '/bar.old', '/dir1', '/dir3', '/dir3/foo']);
      const files = ['bar', 'bar.old', 'dir3/foo'].map((path) => bench.text('two', path));
      expectEqual('the files', files, ['new bar', 'bar', 'foo']);
    },
  },
  {
    name: 'directories of a layer below can be renamed',
    skip: ({ nonStandard }) =>
      nonStandard.has('directory-rename') || nonStandard.has('filled-directory-rename')
        ? 'rename of a directory of a layer below gives EXDEV'
        : undefined,
    run(bench) {
      commitOf(bench, 'one', undefined, filesOf({ 'somefiles/f1': 'f1', 'somefiles/sub/f2': 'f2', other: 'o' }));
      commitOf(bench, 'two', 'one', (root, task) => {
        task.rename(`${root}/somefiles`, `${root}/differentdir`);
        filesOf({ 'differentdir/f3': 'f3' })(root, task);
      });
      const directory = [
        '/differentdir',
        '/differentdir/f1',
        '/differentdir/f3',
        '/differentdir/sub',
        '/differentdir/sub/f2',
      ];
      expectEqual('the paths', pathsOf(bench, 'two'), ['/', ...directory, '/other']);
    },
  },
  {
    name: 'a deep stack of committed layers shows the files of all of them',
    run(bench) {
      // A container's layer lies on top while it is written to.
      const height = depthOf(bench.driver.features) - 1;
      let parent: string | undefined;
      for (let depth = 1; depth <= height; depth++) {
        const id = `layer-${depth}`;
        bench.makeWritable(`active-${depth}`, parent, filesOf({ bottom: id, [`file-${depth}`]: id }));
        bench.commit(id, `active-${depth}`, parent);
        bench.driver.remove(`active-${depth}`);
        parent = id;
      }
      bench.makeWritable('top', parent);
      bench.see('top', (root) => {
        expectEqual('how many files there are', namesIn(bench.task, root).length, height + 1);
        for (let depth = 1; depth <= height; depth++) {
          expectEqual(`the file of layer ${depth}`, readText(bench.task, `${root}/file-${depth}`), `layer-${depth}`);
        }
        expectEqual('the file of all', readText(bench.task, `${root}/bottom`), parent);
      });
    },
  },
];

/** Group by group. */
export const snapshotCases: Readonly<Record<string, readonly DriverCase[]>> = {
  'the life of a snapshot': life,
  'the contents of a snapshot': contents,
};
