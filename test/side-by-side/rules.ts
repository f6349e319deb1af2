/** How AUFS and overlayfs differ: the only reasons that the fuzz of one against the other takes. */
import { RENAME_EXCHANGE, SEEK_DATA, SEEK_HOLE } from '../../src/abi/flags.ts';
import type { Course, Difference, Rule } from './compare.ts';
import { hasLongName } from './layer-form.ts';

const isLong = (path: unknown): boolean => typeof path === 'string' && hasLongName(path);

/** A call, or a symlink on its way, names something long. */
function namesLong({ sequence }: Course): boolean {
  const made = [...(sequence.upper ?? []), ...sequence.layers.flat(), ...sequence.operations];
  return made.some((one) => Object.entries(one).some(([key, value]) => /path|target/i.test(key) && isLong(value)));
}

const isRename = ({ operation }: Difference): boolean =>
  operation?.call === 'rename' || operation?.call === 'renameat2';

/** A call answers so on AUFS and so on overlayfs. */
const answers = ({ path, aufs, overlay }: Difference, onAufs: RegExp, onOverlay: RegExp): boolean =>
  path === undefined && onAufs.test(aufs[0]!) && onOverlay.test(overlay[0]!);

/** An entry of the tree is told so on AUFS and so on overlayfs. */
const entry = ({ path, aufs, overlay }: Difference, onAufs: RegExp, onOverlay: RegExp): boolean =>
  path !== undefined && onAufs.test(aufs[0]!) && onOverlay.test(overlay[0]!);

const LINKED = / nlink=([2-9]|1\d)/;
const OK = /^ok /;
const FIFO = /^(ok )?1[0-7]{4} /;
/** Anything but a directory. */
const FILE = /^(?!4)\d/;

/** The file had other names, before or after the operation. */
function isLinked({ path, aufs, overlay }: Difference, { before }: Course): boolean {
  const told = path === undefined ? [] : [...aufs, ...overlay, ...before.map((tree) => tree.get(path) ?? '')];
  return told.some((line) => LINKED.test(line));
}

const withoutSetId = (line: string): string => line.replace(/^(\d+)\d(\d{3} )/, '$10$2');
const withoutCapabilities = (line: string): string => line.replace(/ security\.capability=\S+( \\\S+)*/, '');
const withoutTime = (line: string): string => line.replace(/ mtime=\S+/, '');
/** What a change of owner leaves of a file; of a fifo without its time, which differs once it was written to. */
const chowned = (line: string): string => withoutCapabilities(withoutSetId(FIFO.test(line) ? withoutTime(line) : line));
const withoutLinks = (line: string): string => line.replace(/ nlink=\d+/, '');
const withoutContent = (line: string): string => line.replace(/ "[^"]*"/, '');
const linksOf = (line: string): number => Number(/ nlink=(\d+)/.exec(line)?.[1]);

/** An entry has fewer names on overlayfs, and is the same otherwise. */
function losesName({ path, aufs, overlay }: Difference): boolean {
  const [told, less] = [aufs[0]!, overlay[0]!];
  return path !== undefined && withoutLinks(told) === withoutLinks(less) && linksOf(less) < linksOf(told);
}

/** A file is the same but for what it holds. */
const isOtherContent = (difference: Difference): boolean =>
  entry(difference, FILE, FILE) && withoutContent(difference.aufs[0]!) === withoutContent(difference.overlay[0]!);

/** Some layer has something else where the operation finds a directory. */
function isInterrupted({ operation }: Difference, { sequence }: Course): boolean {
  const entries = sequence.layers.flat();
  const named = operation !== undefined && 'path' in operation ? operation.path.replace(/\/+$/, '') : undefined;
  return entries.some(({ path, type }) => path === named && type !== 'directory');
}

/** What overlayfs lists more are all devices. */
const listsWhiteouts = ({ operation, aufs, overlay }: Difference): boolean =>
  operation?.call === 'getdents' &&
  aufs.every((line) => overlay.includes(line)) &&
  overlay.every((line) => aufs.includes(line) || / type=2$/.test(line));

/** A fifo is met by each of its names, or by one; a rename of a file onto itself is nothing, or may be refused. */
function meetsItself(difference: Difference, { before: [tree] }: Course): boolean {
  const { operation } = difference;
  if (operation === undefined || !('path' in operation) || !LINKED.test(tree.get(operation.path) ?? '')) return false;
  return operation.call === 'open'
    ? answers(difference, OK, /^err ENXIO/)
    : isRename(difference) && answers(difference, OK, /^err (EACCES|EPERM|EINVAL)/);
}

/** A path without names leads to what is open. */
const isReachedByDots = ({ operation }: Difference): boolean =>
  operation !== undefined && 'at' in operation && 'path' in operation && /^[./]*$/.test(operation.path);

const isHeld = ({ operation }: Difference): boolean => operation !== undefined && 'slot' in operation;
const REMOVES = /^(unlink|rmdir|rename)/;
/** Tell the attributes of something open, or begin with that here. */
const ASKS_HELD = /^(fstat|fstatat|lseek)$/;
const CHANGES_HELD = /^(fchmod|fchown|futimens|fsetxattr|fremovexattr)$/;

const done = ({ at }: Difference, { sequence }: Course) =>
  typeof at === 'number' ? sequence.operations.slice(0, at + 1) : sequence.operations;

/** What an open file was named by may be gone. */
const wasRemoved = (difference: Difference, course: Course): boolean =>
  done(difference, course).some(({ call }) => REMOVES.test(call));

/** After something was removed, something open was asked or changed by such a call. */
function heldAfterRemoval(difference: Difference, course: Course, such: RegExp): boolean {
  const calls = done(difference, course).map(({ call }) => call);
  const removed = calls.findIndex((call) => REMOVES.test(call));
  return removed >= 0 && calls.slice(removed).some((call) => such.test(call));
}

export const rules: readonly Rule[] = [
  {
    name: 'a name of more than 242 bytes is refused',
    aufs: 'NAME_MAX is 242: there must be room for `.wh.` and a random ending',
    overlay: 'NAME_MAX is that of the layers',
    seen: 'namemax',
    explains: (difference, course) => namesLong(course) && answers(difference, /^err ENAMETOOLONG/, OK),
  },
  {
    name: 'a name of more than 242 bytes is refused before anything else',
    aufs: 'the length of a name is looked at first',
    overlay: 'the name is in order, and something else is not',
    seen: 'namemax',
    goesOn: true,
    explains: (difference, course) => namesLong(course) && answers(difference, /^err ENAMETOOLONG/, /^err /),
  },
  {
    name: 'a whiteout in a directory that is not merged is listed',
    aufs: 'names beginning with `.wh.` are never listed',
    overlay: 'whiteouts are left out of merged directories only; a lookup gives ENOENT',
    seen: 'opq_and_wh, random r56',
    goesOn: true,
    explains: (difference) => entry(difference, /^nothing$/, /^!ENOENT$/) || listsWhiteouts(difference),
  },
  {
    name: 'a directory of a lower branch that is empty, or emptied, is renamed',
    aufs: 'it is copied under its new name with its whiteouts',
    overlay: 'EXDEV without redirect_dir',
    seen: 'rename_lower_empty_dir, rename_emptied_lower_dir',
    explains: (difference) => isRename(difference) && answers(difference, /^ok done/, /^err EXDEV/),
  },
  {
    name: 'EXDEV of a directory comes before other refusals',
    aufs: 'whether the target is empty is looked at first',
    overlay: 'whether the source may be moved is looked at first',
    seen: 'rename_errors',
    goesOn: true,
    explains: (difference) => isRename(difference) && answers(difference, /^err (ENOTEMPTY|ENOTDIR)/, /^err EXDEV/),
  },
  {
    name: 'an exchange whose source lies in a directory that was not copied up is busy',
    aufs: 'only the directory of the target is copied up, and the other one is then missing',
    overlay: 'both directories are copied up',
    seen: 'fs/aufs/i_op.c au_do_pin()',
    explains: (difference) =>
      difference.operation?.call === 'renameat2' &&
      difference.operation.flags === RENAME_EXCHANGE &&
      answers(difference, /^err EBUSY/, /./),
  },
  {
    name: 'a device with number 0:0 is made',
    aufs: 'it is a device as any other',
    overlay: 'EPERM: it would be a whiteout',
    seen: 'chr00_lower',
    explains: (difference) => difference.operation?.call === 'mknod' && answers(difference, OK, /^err EPERM/),
  },
  {
    name: 'the names of an open file that was unlinked are counted differently',
    aufs: 'as the branch counts them, in which nothing was written unless the file was copied up',
    overlay: 'the union counts them itself, and has none left unless a copy-up has failed',
    seen: 'fd_ro_then_unlink',
    goesOn: true,
    explains: (difference, course) =>
      difference.operation?.call === 'fstat' &&
      wasRemoved(difference, course) &&
      withoutLinks(difference.aufs[0]!) === withoutLinks(difference.overlay[0]!),
  },
  {
    name: 'a lower file that was removed while it was open has names again once they were told',
    aufs: 'the number of the branch is taken over, and the union can be made read-only',
    overlay: 'the union counts the names itself: EBUSY',
    seen: 'fs/aufs/cpup.c au_cpup_attr_nlink(), fs/inode.c set_nlink()',
    explains: (difference, course) =>
      difference.operation?.call === 'reconfigure' &&
      answers(difference, OK, /^err EBUSY/) &&
      heldAfterRemoval(difference, course, ASKS_HELD),
  },
  {
    name: 'an open file that was copied up and then unlinked is not opened anew',
    aufs: 'what was opened in the lower branch is read on, without what was written since',
    overlay: 'the copy is read',
    seen: 'fs/aufs/file.c refresh_file()',
    explains: (difference, course) =>
      (/^(read|pread|copyFileRange)$/.test(difference.operation?.call ?? '') &&
        answers(difference, OK, OK) &&
        wasRemoved(difference, course)) ||
      (isOtherContent(difference) && heldAfterRemoval(difference, course, /^copyFileRange$/)),
  },
  {
    name: 'what was removed while it was open can still be copied up',
    aufs: 'the copy has a passing name',
    overlay:
      'as a rename or a link to what has the name by now, a whiteout for one; ENOENT when its directory is gone too',
    seen: 'fs/aufs/cpup.c au_sio_cpup_wh()',
    explains: (difference, course) =>
      isHeld(difference) &&
      wasRemoved(difference, course) &&
      answers(difference, /./, /^err (EEXIST|EISDIR|ENOTDIR|ENOTEMPTY|ENOENT|EIO)/),
  },
  {
    name: 'a descriptor whose name is gone cannot be given one',
    aufs: 'ENOENT, but for the first name of a file that was made without one',
    overlay: 'the file has other names',
    seen: 'fs/aufs/i_op_add.c aufs_link()',
    explains: (difference) => difference.operation?.call === 'linkSlot' && answers(difference, /^err ENOENT/, OK),
  },
  {
    name: 'holes are not told',
    aufs: 'SEEK_DATA and SEEK_HOLE take the whole file for data',
    overlay: 'the layer is asked',
    seen: 'fs/aufs/f_op.c, default_llseek()',
    explains: (difference) =>
      difference.operation?.call === 'lseek' &&
      (difference.operation.whence === SEEK_DATA || difference.operation.whence === SEEK_HOLE) &&
      answers(difference, /^(ok |err ENXIO)/, /^(ok |err ENXIO)/),
  },
  {
    name: 'a mapping is of what the descriptor had when it was made',
    aufs: 'a file that was copied up is opened anew for it',
    overlay: 'a mapping of a lower file stays one',
    seen: 'mmap_before_copyup, fs/aufs/f_op.c aufs_mmap()',
    explains: (difference) => /^(load|store)$/.test(difference.operation?.call ?? '') && difference.path === undefined,
  },
  {
    name: 'a copy has less room for attributes',
    aufs: 'the branch keeps no attributes but those that were set',
    overlay: 'where a copy came from is an attribute too',
    seen: 'fs/overlayfs/copy_up.c ovl_set_origin(), fs/ext4/xattr.c ext4_xattr_block_set()',
    explains: (difference) =>
      /setxattr$/.test(difference.operation?.call ?? '') && answers(difference, OK, /^err ENOSPC/),
  },
  {
    name: 'capabilities that are none are copied up',
    aufs: 'attributes are read as the branch keeps them',
    overlay: 'the value is asked of the security module, which gives EINVAL',
    seen: 'fs/aufs/xattr.c au_do_cpup_xattr()',
    explains: (difference, { sequence }) =>
      answers(difference, OK, /^err EINVAL/) &&
      sequence.operations.some((operation) => 'name' in operation && operation.name === 'security.capability'),
  },
  {
    name: 'an open file whose name is gone, or was taken over by a rename, is stale',
    aufs: 'fstat(2), which a change of position begins with here, looks the name up again and finds another file or none',
    overlay: 'an open file stays what it is',
    seen: 'fd_ro_then_rename_over, rename_over_open; fs/aufs/dentry.c aufs_d_revalidate()',
    explains: (difference, course) =>
      (isHeld(difference) || isReachedByDots(difference)) &&
      wasRemoved(difference, course) &&
      answers(difference, /^err ESTALE/, /./),
  },
  {
    name: 'a write to a fifo sets its time of modification',
    aufs: 'the inode of the branch is told the time',
    overlay: 'only times of access are told to the layer',
    seen: 'fs/aufs/i_op.c aufs_update_time(), fs/overlayfs/inode.c ovl_update_time()',
    goesOn: true,
    explains: (difference) =>
      FIFO.test(difference.aufs[0]!) &&
      FIFO.test(difference.overlay[0]!) &&
      withoutTime(difference.aufs[0]!) === withoutTime(difference.overlay[0]!),
  },
  {
    name: 'directory, something else, directory of one name',
    aufs: 'branches below what is no directory are merged too',
    overlay: 'merging ends there',
    seen: 'dir_file_dir',
    explains: (difference, course) =>
      entry(difference, /^\d/, /^nothing$/) ||
      (isRename(difference) && isInterrupted(difference, course) && answers(difference, /^err EXDEV/, OK)),
  },
  {
    name: 'auplink takes set-id bits and capabilities away',
    aufs: 'names of a pseudo-link are made by lchown(2), which clears both',
    overlay: 'nothing is done before the unmount',
    seen: 'aufs-util, auplink.c',
    explains: (difference) =>
      (difference.operation === undefined || /^(remount|stack)$/.test(difference.operation.call)) &&
      entry(difference, FILE, FILE) &&
      chowned(difference.aufs[0]!) === chowned(difference.overlay[0]!),
  },
  {
    name: 'hard links of a lower file stay together',
    aufs: 'a pseudo-link holds the names together when the file is copied up',
    overlay: 'without an index, the name that is written becomes a file of its own',
    seen: 'lower_hardlinks_write, link_lower',
    explains: (difference, course) =>
      (entry(difference, FILE, FILE) && isLinked(difference, course)) || meetsItself(difference, course),
  },
  {
    name: 'what was removed while it was open takes its name back when it is copied up',
    aufs: 'the copy has a passing name',
    overlay: 'it takes the place of what has its name by now, which has one name less and, as a directory, is gone',
    seen: 'fs/overlayfs/copy_up.c ovl_copy_up_workdir()',
    explains: (difference, course) =>
      heldAfterRemoval(difference, course, CHANGES_HELD) &&
      (entry(difference, /^nothing$/, /^\d/) ||
        entry(difference, /^4/, /^4/) ||
        losesName(difference) ||
        answers(difference, /./, /^err (ENOENT|ESTALE)/)),
  },
];
