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
    file: 'check.ts',
    line: 'faults.push',
    reason: 'a fault inside the machine itself: shown by the planted ones of its unit tests',
  },
  { file: 'check.ts', line: 'inode.lower.length', reason: 'a fault inside the machine itself' },
  { file: 'check.ts', line: 'checkWorkdir', reason: 'a fault inside the machine itself' },
  {
    file: 'config.ts',
    line: 'parameters.redirectDir',
    reason: 'module parameters are those of the kernel that is compared with',
  },
  {
    file: 'config.ts',
    line: 'redirectAlwaysFollow',
    reason: 'module parameters are those of the kernel that is compared with',
  },
  {
    file: 'config.ts',
    line: 'parameters.xinoAuto',
    reason: 'module parameters are those of the kernel that is compared with',
  },
  {
    file: 'copy-up.ts',
    line: 'superblock.workdir === undefined',
    reason: 'mounting asks for a work directory or makes the overlay read-only before',
  },
  { file: 'copy-up.ts', line: "path === ''", reason: 'the root is in every upper layer: it is not copied up' },
  {
    file: 'copy-up.ts',
    line: 'stat.size > 0 && !metacopy',
    reason: 'only where the upper filesystem has no nameless files, which tmpfs has',
  },
  {
    file: 'copy-up.ts',
    line: 'upper.inode !== undefined',
    reason: 'only where the upper filesystem has no nameless files, which tmpfs has',
  },
  {
    file: 'copy-up.ts',
    line: 'copied === 0',
    reason: 'a lower file that shrinks while it is copied: there is one processor',
  },
  { file: 'dir.ts', line: "raise('ESTALE')", reason: 'somebody changes the upper layer while it is mounted' },
  { file: 'dir.ts', line: '!superblock.hasTmpfile', reason: 'tmpfs has nameless files' },
  {
    file: 'file.ts',
    line: 'stackedFileOperations',
    reason: 'another kernel profile than that of the kernel compared with',
  },
  { file: 'file.ts', line: 'real.inode !== wanted', reason: 'somebody changes the layers while they are mounted' },
  {
    file: 'file.ts',
    line: 'forkRealFile',
    reason: 'a fork, which the real kernel cannot make: see the property tests of forks',
  },
  { file: 'fork.ts', line: '', reason: 'a fork, which the real kernel cannot make: see the property tests of forks' },
  {
    file: 'readdir.ts',
    line: 'fork',
    reason: 'a fork, which the real kernel cannot make: see the property tests of forks',
  },
  {
    file: 'readdir.ts',
    line: 'known.get(cache)',
    reason: 'a fork, which the real kernel cannot make: see the property tests of forks',
  },
  {
    file: 'readdir.ts',
    line: 'open.cache',
    reason: 'a fork, which the real kernel cannot make: see the property tests of forks',
  },
  { file: 'remove.ts', line: "raise('ESTALE')", reason: 'somebody changes the upper layer while it is mounted' },
  { file: 'rename.ts', line: "raise('ESTALE')", reason: 'somebody changes the upper layer while it is mounted' },
  { file: 'whiteout.ts', line: "raise('ESTALE')", reason: 'somebody changes the upper layer while it is mounted' },
  { file: 'whiteout.ts', line: 'EMLINK', reason: 'tmpfs has no limit of links' },
  { file: 'whiteout.ts', line: 'superblock.sharesWhiteout', reason: 'tmpfs has no limit of links' },
  {
    file: 'whiteout.ts',
    line: 'instanceof Errno',
    reason: 'what is thrown on is a stop of the machine or a fault of ours',
  },
  {
    file: 'redirect.ts',
    line: 'instanceof Errno',
    reason: 'what is thrown on is a stop of the machine or a fault of ours',
  },
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
  {
    file: 'super.ts',
    line: 'inode.ino === ino',
    reason: 'nobody decodes handles of an overlay below another: ovl_can_decode_fh()',
  },
  {
    file: 'xino.ts',
    line: "typeof ino === 'bigint'",
    reason: 'a number of 64 bits comes only from an overlay below, which had to be one of several filesystems itself',
  },
];
