/**
 * Branches that no sequence, mount case or stop takes, and why: each names the file and a part of the line that the
 * branch begins in.
 */
export interface Unreached {
  readonly file: string;
  /** Stands in the line in which the branch begins. */
  readonly line: string;
  readonly reason: string;
}

export const unreached: readonly Unreached[] = [
  {
    file: 'copy-up.ts',
    line: 'stat.size > 0 && !metacopy',
    reason: 'only where the upper filesystem has no nameless files, which tmpfs has',
  },
  {
    file: 'copy-up.ts',
    line: 'copied === 0',
    reason: 'a lower file that shrinks while it is copied: there is one processor',
  },
  { file: 'dir.ts', line: '!superblock.hasTmpfile', reason: 'tmpfs has nameless files' },
  {
    file: 'file.ts',
    line: 'stackedFileOperations',
    reason: 'another kernel profile than that of the kernel compared with',
  },
  { file: 'file.ts', line: 'real.inode !== wanted', reason: 'somebody changes the layers while they are mounted' },
  { file: 'fork.ts', line: '', reason: 'a fork, which the real kernel cannot make: see the property tests of forks' },
  {
    file: 'readdir.ts',
    line: 'fork',
    reason: 'a fork, which the real kernel cannot make: see the property tests of forks',
  },
  {
    file: 'readdir.ts',
    line: 'open.cache',
    reason: 'a fork, which the real kernel cannot make: see the property tests of forks',
  },
  { file: 'whiteout.ts', line: 'EMLINK', reason: 'tmpfs has no limit of links' },
  { file: 'whiteout.ts', line: 'superblock.sharesWhiteout', reason: 'tmpfs has no limit of links' },
  {
    file: 'mount.ts',
    line: 'instanceof Errno',
    reason: 'what is thrown on is a stop of the machine or a fault of ours',
  },
  {
    file: 'uuid.ts',
    line: 'instanceof Errno',
    reason: 'what is thrown on is a stop of the machine or a fault of ours',
  },
  {
    file: 'readdir.ts',
    line: 'instanceof Errno',
    reason: 'what is thrown on is a stop of the machine or a fault of ours',
  },
  {
    file: 'xattr.ts',
    line: 'instanceof Errno',
    reason: 'what is thrown on is a stop of the machine or a fault of ours',
  },
  {
    file: 'lower-data.ts',
    line: 'instanceof Errno',
    reason: 'what is thrown on is a stop of the machine or a fault of ours',
  },
];
