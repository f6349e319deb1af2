/** Where Linux's overlayfs is not atomic either when the power goes: what is forgiven then, and why. */

/** A call that was stopped. */
export interface Stopped {
  readonly call: string;
  readonly options: string;
}

export interface Leniency {
  readonly reason: string;
  readonly applies: (stopped: Stopped) => boolean;
  /** Makes lines of a view equal that differ in nothing else. */
  readonly mask: (line: string) => string;
}

const isDirectoryLine = (line: string): boolean => line.startsWith('4');
const withoutTime = (line: string): string => line.replace(/ mtime=.*/, '');

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
    mask: (line) => line.replace(/ nlink=\d+/, '').replace(/ =\/[^" ]*/, ''),
  },
];
