/**
 * Where a union is not like a directory of one's own: each deviation has a scenario, which must show it where the
 * driver's features name it, and must not where they do not.
 */
import { AT_FDCWD, O_RDONLY } from '../../abi/flags.ts';
import type { Task } from '../../kernel/task.ts';
import type { NonStandard } from '../../driver/driver.ts';
import { codeOf, expectEqual } from '../expectation.ts';
import { putFile, readFile, readText } from '../task-files.ts';
import type { DriverBench } from './driver-bench.ts';
import { BASE, type DriverCase } from './driver-case.ts';

/** Older than a day, and not older than the content: the time of access that a reader has to change. */
const BEFORE = { sec: 1_000_000_000, nsec: 0 };

/** The layer that is looked at, above an image of two layers: a directory, a file of one name, and a file of two. */
function container(bench: DriverBench): string {
  bench.make(BASE, undefined, (root, task) => {
    task.mkdir(`${root}/dir`, 0o755);
    task.mkdir(`${root}/empty`, 0o755);
    putFile(task, `${root}/dir/in`, 'in');
    putFile(task, `${root}/file`, 'old');
    putFile(task, `${root}/one`, 'old');
    task.link(`${root}/one`, `${root}/two`);
    for (const name of ['file', 'dir']) task.utimensat(AT_FDCWD, `${root}/${name}`, BEFORE, BEFORE);
  });
  const change = bench.makeWritable('change', BASE, (root, task) => putFile(task, `${root}/other`, 'other'));
  bench.commit('image', change, BASE);
  return bench.makeWritable('container', 'image');
}

/** A deviation: a name for it, and whether it is seen there. */
interface Deviation {
  readonly name: string;
  isSeen(root: string, task: Task, hideAndShow: () => void): boolean;
}

const deviations: Readonly<Record<NonStandard, Deviation>> = {
  'directory-rename': {
    name: 'an empty directory of a layer below is renamed, or EXDEV',
    isSeen: (root, task) => codeOf(() => task.rename(`${root}/empty`, `${root}/moved`)) === 'EXDEV',
  },
  'filled-directory-rename': {
    name: 'a directory of a layer below that is not empty is renamed, or EXDEV where an empty one is not',
    isSeen(root, task) {
      const isStuck = codeOf(() => task.rename(`${root}/empty`, `${root}/moved-empty`)) === 'EXDEV';
      const code = codeOf(() => task.rename(`${root}/dir`, `${root}/moved`));
      if (code !== undefined) return code === 'EXDEV' && !isStuck;
      expectEqual('what came along', readText(task, `${root}/moved/in`), 'in');
      return false;
    },
  },
  'hard-links': {
    name: 'what is written through one name of a file of a layer below is read through the other, or not',
    isSeen(root, task) {
      putFile(task, `${root}/one`, 'new');
      expectEqual('what was written', readText(task, `${root}/one`), 'new');
      return readText(task, `${root}/two`) === 'old';
    },
  },
  'stale-descriptor': {
    name: 'a descriptor that was open before the first write reads what is written, or not',
    isSeen(root, task) {
      const fd = task.open(`${root}/file`, O_RDONLY);
      try {
        putFile(task, `${root}/file`, 'new');
        const into = new Uint8Array(3);
        task.pread(fd, into, 0);
        return new TextDecoder().decode(into) === 'old';
      } finally {
        task.close(fd);
      }
    },
  },
  'inode-number': {
    name: 'a file keeps its number when it is first written to, or gets another',
    isSeen(root, task) {
      const before = task.stat(`${root}/file`);
      putFile(task, `${root}/file`, 'new');
      const after = task.stat(`${root}/file`);
      return before.ino !== after.ino || before.dev !== after.dev;
    },
  },
  'access-time': {
    name: 'reading a file of a layer below marks the time of access, or does not',
    isSeen(root, task) {
      readFile(task, `${root}/file`);
      return task.stat(`${root}/file`).atime.sec === BEFORE.sec;
    },
  },
  'link-count': {
    name: 'a file of a layer below counts the names that it has, or more',
    isSeen(root, task) {
      const before = task.stat(`${root}/one`).nlink;
      task.unlink(`${root}/two`);
      return before !== 2 || task.stat(`${root}/one`).nlink !== 1;
    },
  },
  'set-id-bits': {
    name: 'a file of two names keeps its set-user-ID bit when the layer is hidden and shown again, or not',
    isSeen(root, task, hideAndShow) {
      task.chmod(`${root}/one`, 0o4755);
      hideAndShow();
      return (task.stat(`${root}/one`).mode & 0o4000) === 0;
    },
  },
  'directory-time': {
    name: 'a directory keeps its time when a file in it gets another mode, or does not',
    isSeen(root, task) {
      task.chmod(`${root}/dir/in`, 0o600);
      return task.stat(`${root}/dir`).mtime.sec !== BEFORE.sec;
    },
  },
  'truncate-time': {
    name: 'a file that is truncated to nothing gets a new time, or keeps its own',
    isSeen(root, task) {
      task.truncate(`${root}/file`, 0);
      return task.stat(`${root}/file`).mtime.sec === BEFORE.sec;
    },
  },
  'replaced-descriptor': {
    name: 'an open file whose name another took is asked for its length, or ESTALE',
    isSeen(root, task) {
      const fd = task.open(`${root}/file`, O_RDONLY);
      try {
        putFile(task, `${root}/new`, 'another');
        task.rename(`${root}/new`, `${root}/file`);
        const code = codeOf(() => expectEqual('its length', task.fstat(fd).size, 'old'.length));
        if (code !== undefined && code !== 'ESTALE') throw new Error(`fstat gives ${code}`);
        return code === 'ESTALE';
      } finally {
        task.close(fd);
      }
    },
  },
  'reserved-names': {
    name: 'a name that begins with .wh. is made, or EPERM',
    isSeen: (root, task) => codeOf(() => task.mkdir(`${root}/.wh.name`, 0o755)) === 'EPERM',
  },
  'name-length': {
    name: 'a name of 243 bytes is made, or ENAMETOOLONG, and one of 242 in any case',
    isSeen(root, task) {
      task.mkdir(`${root}/${'n'.repeat(242)}`, 0o755);
      return codeOf(() => task.mkdir(`${root}/${'n'.repeat(243)}`, 0o755)) === 'ENAMETOOLONG';
    },
  },
};

/** One case for each deviation. */
export const nonStandardCases: Readonly<Record<string, readonly DriverCase[]>> = {
  'what is not like a directory of its own': Object.entries(deviations).map(([feature, { name, isSeen }]) => ({
    name,
    run(bench) {
      const id = container(bench);
      const seen = bench.see(id, (root) =>
        isSeen(root, bench.task, () => {
          bench.driver.put(id);
          bench.driver.get(id);
        }),
      );
      expectEqual(`${feature} is seen`, seen, bench.driver.features.nonStandard.has(feature as NonStandard));
    },
  })),
};
