/** Layers are made, shown, stacked and removed. After moby's graphtest and the tests of overlay2. */
import { S_ISUID, S_ISVTX } from '../../abi/mode.ts';
import type { Task } from '../../kernel/task.ts';
import { codeOf, expectEqual, expectRefused, expectTrue } from '../expectation.ts';
import { namesIn, putFile, readText, removeTree, setTime } from '../task-files.ts';
import { BASE, type DriverCase, depthOf } from './driver-case.ts';
import type { DriverBench } from './driver-bench.ts';

/** A directory and a file whose modes and owners are easily lost. */
function fillBase(root: string, task: Task): void {
  task.mkdir(`${root}/a subdir`, 0o705);
  task.chown(`${root}/a subdir`, 1, 2);
  task.chmod(`${root}/a subdir`, 0o705 | S_ISVTX);
  putFile(task, `${root}/a file`, 'Some data');
  task.chown(`${root}/a file`, 0, 0);
  task.chmod(`${root}/a file`, 0o222 | S_ISUID);
}

const BASE_TREE = ['/ 40755 0:0', '/a file 104222 0:0 "S o m e \\32 d a t a"', '/a subdir 41705 1:2'];

const expectBase = (bench: DriverBench, id: string): void =>
  expectEqual(`the tree of ${id}`, bench.list(id, { times: 'none' }), BASE_TREE);

/**
 * Each layer tells in one file that it is on top, in a second one, which the topmost leaves alone, that it is the next,
 * and in a directory of its own which one it is.
 */
function addDeepLayer(bench: DriverBench, id: string, parent: string, depth: number, isTop: boolean): void {
  bench.make(id, parent, (root, task) => {
    putFile(task, `${root}/top-id`, id);
    if (!isTop) putFile(task, `${root}/next-id`, id);
    task.mkdir(`${root}/layer-${depth}`, 0o755);
    putFile(task, `${root}/layer-${depth}/layer-id`, id);
    putFile(task, `${root}/layer-${depth}/parent-id`, parent);
  });
}

/** A chain of that many layers upon a base; answers their ids, the topmost last. */
function stack(bench: DriverBench, height: number): string[] {
  bench.make(BASE, undefined, (root, task) => putFile(task, `${root}/top-id`, BASE));
  const ids = [BASE];
  for (let depth = 1; depth <= height; depth++) {
    addDeepLayer(bench, `deep-${depth}`, ids[depth - 1]!, depth, depth === height);
    ids.push(`deep-${depth}`);
  }
  return ids;
}

function expectStack(bench: DriverBench, ids: readonly string[]): void {
  const top = ids.at(-1)!;
  bench.see(top, (root) => {
    expectEqual('who is on top', readText(bench.task, `${root}/top-id`), top);
    expectEqual('who is the next', readText(bench.task, `${root}/next-id`), ids.at(-2));
    for (const [depth, id] of ids.entries()) {
      if (depth === 0) continue;
      const told = ['layer-id', 'parent-id'].map((name) => readText(bench.task, `${root}/layer-${depth}/${name}`));
      expectEqual(`what layer ${depth} tells`, told, [id, ids[depth - 1]]);
    }
  });
}

const MIB = 1 << 20;

function appendMebibytes(task: Task, path: string, count: number): void {
  const fd = task.open(path, 0o2101, 0o644);
  try {
    const chunk = new Uint8Array(MIB).fill(0x78);
    for (let written = 0; written < count * MIB; ) written += task.write(fd, chunk);
  } finally {
    task.close(fd);
  }
}

const starting: readonly DriverCase[] = [
  {
    name: 'a driver starts in an empty home and tells its name, its home and its features',
    run(bench) {
      const { driver, parts } = bench;
      expectEqual('its name', driver.name, parts.driver.name);
      expectEqual('its home', driver.home, bench.home);
      expectTrue('its home is there', bench.task.statIfPresent(bench.home) !== undefined);
      expectTrue('no layer is there', !driver.exists(BASE));
      if (parts.features === undefined) return;
      const told = (features: typeof parts.features) => ({
        ...features,
        nonStandard: [...features.nonStandard].sort(),
      });
      expectEqual('its features', told(driver.features), told(parts.features));
    },
  },
  {
    name: 'when all layers are removed nothing is left: no mount, no block, no inode',
    run(bench) {
      // What a driver makes with its first layer stays.
      bench.driver.remove(bench.make('first'));
      const before = bench.room();
      const ids = stack(bench, 3);
      bench.makeWritable('container', ids.at(-1), (root, task) => {
        putFile(task, `${root}/new`, 'x'.repeat(10_000));
        removeTree(task, `${root}/layer-1`);
      });
      for (const id of ['container', ...ids.toReversed()]) bench.driver.remove(id);
      expectEqual('what is mounted', bench.mounts(), []);
      expectEqual('the room that is left', bench.room(), before);
      for (const id of ids) expectTrue(`${id} is gone`, !bench.driver.exists(id));
      bench.driver.cleanup();
      expectEqual('what is mounted at the end', bench.mounts(), []);
      expectEqual('what is wrong on the disk', bench.machine.check?.() ?? [], []);
    },
  },
  {
    name: 'a driver that is stopped twice and started again has all of its layers',
    run(bench) {
      const ids = stack(bench, 3);
      bench.makeWritable('container', 'deep-3', (root, task) => putFile(task, `${root}/mine`, 'kept'));
      bench.driver.cleanup();
      bench.restart();
      expectStack(bench, ids);
      expectEqual('the file of the container', bench.text('container', 'mine'), 'kept');
    },
  },
];

const layers: readonly DriverCase[] = [
  {
    name: 'an empty layer is an empty directory of root',
    run(bench) {
      bench.make('empty');
      expectTrue('it exists', bench.driver.exists('empty'));
      expectEqual('its tree', bench.list('empty', { times: 'none' }), ['/ 40755 0:0']);
    },
  },
  {
    name: 'a layer keeps modes, owners and contents when it is hidden and shown again',
    run(bench) {
      bench.make(BASE, undefined, fillBase);
      expectBase(bench, BASE);
    },
  },
  {
    name: 'a layer on top of another shows all of it',
    run(bench) {
      bench.make(BASE, undefined, fillBase);
      bench.make('snap', BASE);
      expectBase(bench, 'snap');
      bench.makeWritable('container', BASE);
      expectBase(bench, 'container');
    },
  },
  {
    name: 'a layer on top of another shows times to the nanosecond',
    run(bench) {
      const times = [123_456_789, 1, 999_999_999].map((nsec, at) => ({ sec: 1_000_000_000 + at, nsec }));
      bench.make(BASE, undefined, (root, task) => {
        task.mkdir(`${root}/d`, 0o755);
        putFile(task, `${root}/d/file`, 'x');
        task.symlink('file', `${root}/d/link`);
        for (const [at, path] of ['d/link', 'd/file', 'd'].entries()) setTime(task, `${root}/${path}`, times[at]!);
      });
      const shown = bench.list(BASE).slice(1);
      expectEqual('the times of the base', shown, [
        '/d 40755 0:0 1000000002.999999999',
        '/d/file 100644 0:0 1000000001.000000001 "x"',
        '/d/link 120777 0:0 1000000000.123456789 -> file',
      ]);
      bench.make('snap', BASE);
      bench.makeWritable('container', BASE);
      for (const id of ['snap', 'container']) expectEqual(`the times of ${id}`, bench.list(id).slice(1), shown);
    },
  },
  {
    name: 'a deep stack of layers shows every one of them',
    run(bench) {
      expectStack(bench, stack(bench, depthOf(bench.driver.features)));
    },
  },
  {
    name: 'one layer more than can be stacked is refused and leaves nothing',
    skip: ({ maxDepth }) => (Number.isFinite(maxDepth) ? undefined : 'any number of layers can be stacked'),
    run(bench) {
      const { driver } = bench;
      let parent = bench.make(BASE);
      for (let depth = 1; depth <= driver.features.maxDepth; depth++) parent = bench.make(`deep-${depth}`, parent);
      const before = bench.room();
      expectRefused('one more', ['ERR_DRIVER_DEPTH'], () => driver.create('too deep', parent));
      expectTrue('it is not there', !driver.exists('too deep'));
      expectEqual('the room that is left', bench.room(), before);
    },
  },
  {
    name: 'a writable layer takes no more than its size',
    skip: ({ quota }) => (quota ? undefined : 'the driver limits no sizes'),
    run(bench) {
      bench.make(BASE);
      bench.makeWritable('small', BASE, undefined, { storageOptions: { size: '50M' } });
      bench.see('small', (root) => {
        appendMebibytes(bench.task, `${root}/half`, 25);
        const code = codeOf(() => appendMebibytes(bench.task, `${root}/more`, 50));
        expectTrue(
          `50 MiB more are refused with EDQUOT or ENOSPC, not ${code}`,
          code === 'EDQUOT' || code === 'ENOSPC',
        );
      });
    },
  },
  {
    name: 'a layer on top of one that is not there is refused and leaves nothing',
    run(bench) {
      const { driver } = bench;
      bench.make(BASE);
      const before = bench.room();
      expectTrue('create throws', codeOf(() => driver.create('orphan', 'missing')) !== undefined);
      expectTrue('createReadWrite throws', codeOf(() => driver.createReadWrite('orphan', 'missing')) !== undefined);
      expectTrue('it is not there', !driver.exists('orphan'));
      expectEqual('the room that is left', bench.room(), before);
    },
  },
  {
    name: 'a layer option that nobody knows is refused and leaves nothing',
    run(bench) {
      bench.make(BASE);
      const before = bench.room();
      const options = { storageOptions: { nonsense: '1' } };
      const create = () => bench.driver.createReadWrite('odd', BASE, options);
      expectRefused('the option', ['ERR_DRIVER_STORAGE_OPTION'], create);
      expectTrue('the layer is not there', !bench.driver.exists('odd'));
      expectEqual('the room that is left', bench.room(), before);
    },
  },
  {
    name: 'a layer that is asked for twice is shown until it was given back twice',
    run(bench) {
      const { driver, task } = bench;
      bench.make(BASE, undefined, (root) => putFile(task, `${root}/low`, 'low'));
      bench.makeWritable('container', BASE, (root) => putFile(task, `${root}/own`, 'own'));
      const [first, second] = [driver.get('container'), driver.get('container')];
      expectEqual('the second path', second, first);
      driver.put('container');
      expectEqual('what is shown in between', namesIn(task, second), ['low', 'own']);
      putFile(task, `${second}/between`, 'x');
      driver.put('container');
      expectEqual('what is mounted in the end', bench.mounts(), []);
      expectEqual('the file of in between', bench.text('container', 'between'), 'x');
      driver.put('container');
      expectEqual(
        'what was there',
        bench.see('container', (root) => namesIn(task, root)),
        ['between', 'low', 'own'],
      );
    },
  },
  {
    name: 'a layer that is not there cannot be shown; one without a name cannot be removed',
    run(bench) {
      const { driver } = bench;
      expectTrue('get throws', codeOf(() => driver.get('missing')) !== undefined);
      expectRefused('remove', ['ERR_DRIVER_ID'], () => driver.remove(''));
      driver.remove('missing');
      expectEqual('what is mounted', bench.mounts(), []);
    },
  },
];

/** Group by group. */
export const layerCases = { 'start and stop': starting, layers } as const;
