/** The real overlayfs, as the recordings mount it. */
import { S_IFCHR } from '../../../src/abi/mode.ts';
import { removeTree } from '../union/branch.ts';
import type { RecordedUnion } from '../union/replayer.ts';

const encoder = new TextEncoder();

export const recordedOverlay: RecordedUnion = {
  filesystems: [],
  numbersInodes: false,
  whiteout: (task, path) => task.mknod(path, S_IFCHR, 0),
  opaque: (task, path) => task.setxattr(path, 'trusted.overlay.opaque', encoder.encode('y')),
  prepare(task) {
    if (task.statIfPresent('/t/work') !== undefined) removeTree(task, '/t/work');
    task.mkdir('/t/work');
  },
  mount(task, [rw, ...ro], options) {
    const given = options === '' ? '' : `,${options}`;
    task.mount('overlay', '/t/m', 'overlay', `lowerdir=${ro.join(':')},upperdir=${rw},workdir=/t/work${given}`);
  },
  /** A tool for AUFS: overlayfs has nothing like it. */
  flush: () => 'n/a',
  told: (tree) => tree,
};
