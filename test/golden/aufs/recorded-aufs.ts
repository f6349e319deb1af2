/** The real AUFS, as the recordings mount it. */
import { O_CREAT, O_WRONLY } from '../../../src/abi/flags.ts';
import { aufs, auplink } from '../../../src/filesystem/aufs/index.ts';
import type { Task } from '../../../src/kernel/task.ts';
import type { RecordedUnion } from '../union/replayer.ts';
import { withPlainLinkNames } from './pseudo-link-names.ts';

/** `.wh.NAME` beside NAME. */
const whiteoutOf = (path: string): string => path.replace(/[^/]+$/, '.wh.$&');

const makeMark = (task: Task, path: string): void => task.close(task.open(path, O_WRONLY | O_CREAT, 0o444));

export const recordedAufs: RecordedUnion = {
  filesystems: [aufs],
  numbersInodes: true,
  whiteout: (task, path) => makeMark(task, whiteoutOf(path)),
  opaque: (task, path) => makeMark(task, `${path}/.wh..wh..opq`),
  prepare(task) {
    if (task.statIfPresent('/dev/shm') !== undefined) return;
    if (task.statIfPresent('/dev') === undefined) task.mkdir('/dev');
    task.mkdir('/dev/shm');
    task.mount('shm', '/dev/shm', 'tmpfs');
  },
  mount(task, [rw, ...ro], options) {
    const branches = [`${rw}=rw`, ...ro.map((path) => `${path}=ro+wh`)];
    task.mount('none', '/t/m', 'aufs', `br:${branches.join(':')},${options}`);
  },
  flush: (task) => ({ rc: auplink(task, ['auplink', '/t/m', 'flush']) }),
  told: withPlainLinkNames,
};
