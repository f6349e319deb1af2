/** Where Linux's overlayfs is not atomic either when the power goes: what is forgiven then, and why. */
import { isDirectoryLine, withoutLinks, withoutTime } from './views.ts';

/** A call that was stopped. */
export interface Stopped {
  readonly call: string;
  readonly options: string;
}

export interface Leniency {
  readonly reason: string;
  readonly applies: (stopped: Stopped) => boolean;
  /** It takes no stop: each mount shows it. */
  readonly remounting?: true;
  /** Makes lines of a view equal that differ in nothing else. */
  readonly mask: (line: string) => string;
}

const mayDelayData = ({ options }: Stopped): boolean => options.includes('metacopy=on');
const wantsData = ({ call }: Stopped): boolean => /append|truncate|open|write/.test(call);
const isFileLine = (line: string): boolean => line.startsWith('10');

export const leniencies: readonly Leniency[] = [
  {
    reason:
      'the time of the directory that a copy is made in is restored after it, and a directory of whiteouts gives way to an empty one: ovl_copy_up_one(), ovl_clear_empty()',
    applies: () => true,
    mask: (line) => (isDirectoryLine(line) ? withoutTime(line) : line),
  },
  {
    reason: 'a copy for open(O_TRUNC) is made empty with the old times, and truncated only then: ovl_open()',
    applies: ({ call }) => call.includes('O_TRUNC'),
    mask: (line) => (isDirectoryLine(line) ? line : withoutTime(line)),
  },
  {
    reason: 'without an index the copy of a file with several names is another file: ovl_copy_up_inode()',
    applies: ({ options }) => !options.includes('index=on'),
    mask: withoutLinks,
  },
  {
    reason:
      'an indexed file of one lower name tells the links of its upper object after a mount, the entry among them: ovl_get_nlink()',
    applies: ({ options }) => options.includes('nfs_export=on'),
    remounting: true,
    mask: withoutLinks,
  },
  {
    reason:
      'data that follows its metadata is written in place, and leaves the time of the write: ovl_copy_up_meta_inode_data()',
    applies: (stopped) => mayDelayData(stopped) && wantsData(stopped),
    mask: (line) => (isFileLine(line) ? withoutTime(line) : line),
  },
  {
    reason:
      'open(O_TRUNC) of a file whose data lies below takes the mark from the empty file before it gets its size: ovl_copy_up_one()',
    applies: (stopped) => mayDelayData(stopped) && stopped.call.includes('O_TRUNC'),
    mask: (line) => (isFileLine(line) ? withoutTime(line).replace(/ size=.*/, '') : line),
  },
];

/**
 * What Linux itself loses: seen on 6.18 with a directory put back to where it was built, which a mount takes for one
 * that is gone.
 */
export const losses = {
  reason:
    'a directory is indexed before it comes to its place; an index entry without one hides the lower directory (EIO): ovl_create_index(), ovl_verify_index()',
  applies: ({ options }: Stopped): boolean => options.includes('nfs_export=on'),
  line: '!EIO',
};

/**
 * Where Linux itself does not mount again: seen on 6.18 with such an entry listed before the directory. Its log names
 * the entry; without it everything is there.
 */
export const refusals = {
  reason:
    'a directory is indexed before it is given its origin; an index entry of one without aborts the mount (ENODATA): ovl_indexdir_cleanup()',
  applies: losses.applies,
  code: 'ENODATA',
};
