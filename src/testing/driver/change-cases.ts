/** What of a layer differs from the one below it, how it is told and how much it takes. After moby's tests of changes. */
import { S_IFIFO } from '../../abi/mode.ts';
import type { Task } from '../../kernel/task.ts';
import { LNKTYPE, REGTYPE } from '../../archive/tar-entry.ts';
import { baseName } from '../../abi/name-bytes.ts';
import { expectEqual, expectTrue } from '../expectation.ts';
import { putFile, removeTree, setTime } from '../task-files.ts';
import type { DriverBench } from './driver-bench.ts';
import { BASE, type DriverCase } from './driver-case.ts';
import { OLD } from './layer-tar.ts';

/** Directories with files in them, symlinks, odd modes: what the other trees are changed from. */
function fillSample(root: string, task: Task): void {
  for (const name of ['dir1', 'dir1/dir1-1', 'dir2', 'dir3', 'dir3/dir3-1', 'dir4', 'dir4/dir3-1', 'dir5']) {
    task.mkdir(`${root}/${name}`, 0o700);
  }
  for (const name of ['file1', 'file2', 'file3', 'file4', 'file5', 'file6', 'file7'])
    putFile(task, `${root}/${name}`, `${name}\n`);
  for (const name of ['dir1/file1-1', 'dir1/file1-2', 'dir2/file2-1', 'dir2/file2-2', 'dir3/file3-1', 'dir4/file4-1']) {
    putFile(task, `${root}/${name}`, `${name}\n`, 0o666);
  }
  putFile(task, `${root}/dir1/dir1-1/deep`, 'deep\n');
  task.symlink('target1', `${root}/symlink1`);
  task.symlink('target2', `${root}/symlink2`);
  task.symlink('nowhere/at/all', `${root}/symlink3`);
  task.chmod(`${root}/file6`, 0o600);
}

/** Changes of every kind. */
function mutate(root: string, task: Task): void {
  removeTree(task, `${root}/dir1`);
  removeTree(task, `${root}/dir2`);
  task.mkdir(`${root}/dir2`, 0o700);
  putFile(task, `${root}/dir2/new`, 'n');
  task.unlink(`${root}/file1`);
  putFile(task, `${root}/file2`, 'another length of file2\n');
  task.unlink(`${root}/file3`);
  task.symlink('target3', `${root}/file3`);
  task.unlink(`${root}/file4`);
  task.mkdir(`${root}/file4`, 0o755);
  putFile(task, `${root}/file4/in`, 'in\n');
  setTime(task, `${root}/file5`, OLD);
  task.chmod(`${root}/file6`, 0o640);
  task.chown(`${root}/file7`, 3, 4);
  removeTree(task, `${root}/dir5`);
  putFile(task, `${root}/dir5`, 'no directory any more\n');
  task.chmod(`${root}/dir4`, 0o711);
  putFile(task, `${root}/dir3/dir3-1/deep`, 'deep\n');
  task.unlink(`${root}/symlink1`);
  task.unlink(`${root}/symlink2`);
  task.symlink('target1', `${root}/symlink2`);
  task.mknod(`${root}/fifo`, S_IFIFO | 0o600, 0);
  task.mkdir(`${root}/dirnew`, 0o755);
}

const MUTATED = [
  'D /dir1',
  'C /dir2',
  'D /dir2/file2-1',
  'D /dir2/file2-2',
  'A /dir2/new',
  'C /dir3',
  'C /dir3/dir3-1',
  'A /dir3/dir3-1/deep',
  'C /dir4',
  'C /dir5',
  'A /dirnew',
  'A /fifo',
  'D /file1',
  'C /file2',
  'C /file3',
  'C /file4',
  'A /file4/in',
  'C /file5',
  'C /file6',
  'C /file7',
  'D /symlink1',
  'C /symlink2',
];

/** The sample, and a layer on top of it with every change. */
function sample(bench: DriverBench): void {
  bench.make(BASE, undefined, fillSample);
  bench.makeWritable('mutated', BASE, mutate);
}

const COMMITTED = { times: 'files', attributes: 'capability', links: false } as const;

/** Two hundred bytes more in two files, one of which has three names. */
function fillHardLinks(root: string, task: Task): void {
  task.mkdir(`${root}/d`, 0o755);
  putFile(task, `${root}/d/file`, 'f'.repeat(1000));
  task.link(`${root}/d/file`, `${root}/link-1`);
  task.link(`${root}/d/file`, `${root}/link-2`);
  putFile(task, `${root}/other`, 'o'.repeat(200));
}

/** The names in the order of a layer's tar, links with the file that they name. */
const namesOf = (bench: DriverBench, id: string, parent?: string): string[] =>
  bench
    .entries(id, parent)
    .map(({ header }) => (header.type === LNKTYPE ? `${header.name} = ${header.linkname}` : header.name));

/** How many files the third part of is changed, added and removed. */
const MANY = 20;

const telling: readonly DriverCase[] = [
  {
    name: 'a file that is changed, added, removed is told as C, A, D',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        for (const name of ['changed', 'kept', 'removed']) putFile(task, `${root}/${name}`, name);
      });
      bench.makeWritable('top', BASE, (root, task) => {
        putFile(task, `${root}/changed`, 'changed more');
        putFile(task, `${root}/added`, 'added');
        task.unlink(`${root}/removed`);
      });
      expectEqual('the changes', bench.changes('top', BASE), ['A /added', 'C /changed', 'D /removed']);
    },
  },
  {
    name: 'of twenty files a third each is changed, added and removed, and exactly these and their directory are told',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        task.mkdir(`${root}/dir`, 0o755);
        for (let at = 0; at < MANY; at++) putFile(task, `${root}/dir/file-${at}`, `text ${at}`);
      });
      const expected = ['C /dir'];
      bench.makeWritable('top', BASE, (root, task) => {
        for (let at = 0; at < MANY; at++) {
          const [kind, path] = [['C', 'A', 'D'][at % 3]!, `/dir/${at % 3 === 1 ? `file-new-${at}` : `file-${at}`}`];
          if (kind === 'D') task.unlink(root + path);
          else putFile(task, root + path, `another text ${at}`);
          expected.push(`${kind} ${path}`);
        }
      });
      const sorted = expected.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
      expectEqual('the changes', bench.changes('top', BASE), sorted);
      expectEqual('how many', sorted.length, MANY + 1);
    },
  },
  {
    name: 'a layer in which nothing was done has no changes, and its tar no entries',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.makeWritable('same', BASE);
      expectEqual('the changes', bench.changes('same', BASE), []);
      expectEqual('the entries', namesOf(bench, 'same', BASE), []);
      bench.see('same', (root) => bench.task.stat(`${root}/dir1/file1-1`));
      expectEqual('the changes after it was looked at', bench.changes('same', BASE), []);
    },
  },
  {
    name: 'a layer with nothing below it is told as additions of all that it holds',
    run(bench) {
      bench.make(BASE, undefined, fillHardLinks);
      expectEqual('the changes', bench.changes(BASE), ['A /d', 'A /d/file', 'A /link-1', 'A /link-2', 'A /other']);
    },
  },
  {
    name: 'the directories above a change are told once each, as changed, before it',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.makeWritable('top', BASE, (root, task) => {
        putFile(task, `${root}/dir1/dir1-1/deep`, 'deeper\n');
        putFile(task, `${root}/dir1/dir1-1/new`, 'n');
        task.unlink(`${root}/dir1/file1-1`);
      });
      const told = bench.driver.changes('top', BASE).map(({ path }) => path);
      for (const path of told) {
        const parent = path.slice(0, path.lastIndexOf('/'));
        expectTrue(`${parent} comes before ${path}`, parent === '' || told.indexOf(parent) < told.indexOf(path));
      }
      expectEqual('the changes', bench.changes('top', BASE), [
        'C /dir1',
        'C /dir1/dir1-1',
        'C /dir1/dir1-1/deep',
        'A /dir1/dir1-1/new',
        'D /dir1/file1-1',
      ]);
    },
  },
  {
    name: 'a directory that a middle layer added is told as changed when the top layer changes a file in it',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        for (const name of ['dir1', 'dir1/dir2', 'dir1/dir2/dir3']) task.mkdir(`${root}/${name}`, 0o755);
      });
      bench.make('middle', BASE, (root, task) => putFile(task, `${root}/dir1/dir2/dir3/file1`, 'one'));
      bench.makeWritable('top', 'middle', (root, task) => putFile(task, `${root}/dir1/dir2/dir3/file1`, 'three'));
      const directories = ['C /dir1', 'C /dir1/dir2', 'C /dir1/dir2/dir3'];
      expectEqual('those of the middle', bench.changes('middle', BASE), [...directories, 'A /dir1/dir2/dir3/file1']);
      expectEqual('those of the top', bench.changes('top', 'middle'), [...directories, 'C /dir1/dir2/dir3/file1']);
    },
  },
  {
    name: 'changes of every kind are told, each once and nothing else',
    run(bench) {
      sample(bench);
      expectEqual('the changes', bench.changes('mutated', BASE), MUTATED);
    },
  },
];

const packing: readonly DriverCase[] = [
  {
    name: 'the tar of a layer, unpacked on the same base, makes the same tree and the same changes',
    run(bench) {
      sample(bench);
      bench.commit('again', 'mutated', BASE);
      expectEqual('the tree', bench.list('again', COMMITTED), bench.list('mutated', COMMITTED));
      expectEqual('the changes', bench.changes('again', BASE), MUTATED);
      expectEqual('the size', bench.driver.diffSize('again', BASE), bench.driver.diffSize('mutated', BASE));
    },
  },
  {
    name: 'ten files, some rewritten, one removed with a whole directory: diff and apply on the base give the same',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => {
        for (let at = 0; at < 10; at++) putFile(task, `${root}/file-${at}`, `base ${at}`);
        for (const name of ['var', 'var/lib', 'var/lib/docker']) task.mkdir(`${root}/${name}`, 0o755);
        putFile(task, `${root}/var/lib/docker/a`, 'a');
        putFile(task, `${root}/bin`, 'b');
      });
      bench.makeWritable('upper', BASE, (root, task) => {
        for (let at = 0; at < 10; at++) putFile(task, `${root}/file-${at}`, `upper text of ${at}`);
        task.unlink(`${root}/bin`);
        removeTree(task, `${root}/var/lib`);
      });
      const size = bench.commit('diffed', 'upper', BASE);
      expectEqual('the size', size, bench.driver.diffSize('upper', BASE));
      expectEqual('the tree', bench.list('diffed', COMMITTED), bench.list('upper', COMMITTED));
      expectTrue('what was removed is gone', !bench.list('diffed').some((line) => /^\/(bin|var\/lib)/.test(line)));
    },
  },
  {
    name: 'the tar of a layer over several layers holds only what the layer itself has changed',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.make('middle', BASE, (root, task) => putFile(task, `${root}/middle`, 'm'));
      bench.makeWritable('top', 'middle', (root, task) => putFile(task, `${root}/top`, 't'));
      expectEqual('the entries', namesOf(bench, 'top', 'middle'), ['top']);
      expectEqual('the same once more', bench.diff('top', 'middle'), bench.diff('top', 'middle'));
    },
  },
  {
    name: 'a diff that is broken off leaves nothing shown',
    run(bench) {
      sample(bench);
      for (const parent of [BASE, undefined]) {
        for (const chunk of bench.driver.diff('mutated', parent)) if (chunk.length > 0) break;
        expectEqual('what is mounted', bench.mounts(), []);
      }
      bench.driver.remove('mutated');
      expectTrue('the layer can be removed', !bench.driver.exists('mutated'));
    },
  },
  {
    name: 'a diff against a layer further below holds what all between have changed',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.make('middle', BASE, (root, task) => putFile(task, `${root}/middle`, 'm'));
      bench.makeWritable('top', 'middle', (root, task) => {
        putFile(task, `${root}/top`, 't');
        task.unlink(`${root}/file1`);
      });
      expectEqual('the changes', bench.changes('top', BASE), ['D /file1', 'A /middle', 'A /top']);
      expectEqual('the entries', namesOf(bench, 'top', BASE), ['.wh.file1', 'middle', 'top']);
      expectEqual('the size', bench.driver.diffSize('top', BASE), 2);
      bench.commit('flat', 'top', BASE);
      expectEqual('the tree', bench.list('flat', COMMITTED), bench.list('top', COMMITTED));
    },
  },
  {
    name: 'a removed file is a whiteout in the tar, and the tar unpacked removes it again',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.makeWritable('top', BASE, (root, task) => {
        task.unlink(`${root}/file1`);
        task.unlink(`${root}/dir1/file1-1`);
        removeTree(task, `${root}/dir3`);
      });
      const isWhiteout = (name: string): boolean => baseName(name).startsWith('.wh.');
      const headers = bench.entries('top', BASE).map(({ header }) => header);
      const whiteouts = headers.filter(({ name }) => isWhiteout(name));
      const names = whiteouts.map(({ name }) => name);
      expectEqual('the whiteouts', names.sort(), ['.wh.dir3', '.wh.file1', 'dir1/.wh.file1-1']);
      // A driver whose whiteouts are files packs them as it finds them: links to the first one.
      const isEmpty = ({ type, linkname }: (typeof whiteouts)[number]): boolean =>
        type === REGTYPE || (type === LNKTYPE && isWhiteout(linkname));
      expectTrue(
        'they are empty files',
        whiteouts.every((header) => isEmpty(header) && header.size === 0),
      );
      bench.commit('again', 'top', BASE);
      expectEqual('the tree', bench.list('again', COMMITTED), bench.list('top', COMMITTED));
    },
  },
  {
    name: 'a directory that was emptied and filled anew hides what lay in it, in the tar too',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.makeWritable('top', BASE, (root, task) => {
        removeTree(task, `${root}/dir1`);
        task.mkdir(`${root}/dir1`, 0o700);
        putFile(task, `${root}/dir1/new`, 'n');
        task.mkdir(`${root}/dir1/dir1-1`, 0o755);
        putFile(task, `${root}/dir1/dir1-1/other`, 'o');
      });
      const told = ['C /dir1', 'C /dir1/dir1-1', 'D /dir1/dir1-1/deep', 'A /dir1/dir1-1/other'];
      expectEqual('the changes', bench.changes('top', BASE), [
        ...told,
        'D /dir1/file1-1',
        'D /dir1/file1-2',
        'A /dir1/new',
      ]);
      bench.commit('again', 'top', BASE);
      expectEqual('the tree', bench.list('again', COMMITTED), bench.list('top', COMMITTED));
    },
  },
  {
    name: 'of hard links in a layer the first name in the tar is the file, the others name it',
    run(bench) {
      bench.make(BASE, undefined, (root, task) => task.mkdir(`${root}/dir1`, 0o755));
      bench.makeWritable('top', BASE, (root, task) => {
        for (const name of ['dir1/z', 'dir1/m', 'a']) putFile(task, `${root}/${name}`, name);
        task.link(`${root}/dir1/z`, `${root}/dir1/b`);
        task.link(`${root}/dir1/z`, `${root}/zz`);
        task.link(`${root}/a`, `${root}/dir1/aa`);
      });
      const names = ['a', 'dir1/', 'dir1/aa = a', 'dir1/b', 'dir1/m', 'dir1/z = dir1/b', 'zz = dir1/b'];
      expectEqual('the entries', namesOf(bench, 'top', BASE), names);
      bench.commit('again', 'top', BASE);
      const listed = { times: 'none' } as const;
      expectEqual('the tree, links and all', bench.list('again', listed), bench.list('top', listed));
    },
  },
];

const sizes: readonly DriverCase[] = [
  {
    name: 'the size of changes is the sum of the files that were added or changed',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.makeWritable('top', BASE, (root, task) => {
        putFile(task, `${root}/file1`, 'x'.repeat(500));
        putFile(task, `${root}/dirless`, 'y'.repeat(70));
        task.mkdir(`${root}/empty`, 0o755);
      });
      expectEqual('the size', bench.driver.diffSize('top', BASE), 570);
    },
  },
  {
    name: 'the size counts a file of several names once',
    run(bench) {
      bench.make(BASE);
      bench.makeWritable('top', BASE, fillHardLinks);
      expectEqual('the size', bench.driver.diffSize('top', BASE), 1200);
    },
  },
  {
    name: 'no changes are of no size',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.makeWritable('same', BASE);
      expectEqual('the size', bench.driver.diffSize('same', BASE), 0);
    },
  },
  {
    name: 'deletions alone are of no size',
    run(bench) {
      bench.make(BASE, undefined, fillSample);
      bench.makeWritable('top', BASE, (root, task) => {
        task.unlink(`${root}/file1`);
        removeTree(task, `${root}/dir2`);
      });
      expectEqual('the size', bench.driver.diffSize('top', BASE), 0);
    },
  },
];

/** Group by group. */
export const changeCases: Readonly<Record<string, readonly DriverCase[]>> = {
  'changes as they are told': telling,
  'changes as a tar': packing,
  'sizes of changes': sizes,
};
