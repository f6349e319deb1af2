/** quotactl(2) up to the filesystem: what stands in the way, in the order in which Linux checks (asked of Linux 6.18). */
import { describe, expect, it } from 'vitest';
import { MS_NODEV, PRJQUOTA, Q_XGETQSTAT, Q_XGETQUOTA, QCMD, S_IFBLK } from '../../../src/abi/index.ts';
import { createMachine } from '../../../src/index.ts';

const codeOf = (act: () => unknown): string => {
  try {
    return `${act()}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('quotactl', () => {
  const { task } = createMachine();
  task.mkdir('/nodev');
  task.mount('tmpfs', '/nodev', 'tmpfs', '', MS_NODEV);
  const { dev } = task.stat('/');
  task.mknod('/disk', S_IFBLK | 0o600, dev);
  task.mknod('/nothing', S_IFBLK | 0o600, 0x7c8);
  task.mknod('/nodev/disk', S_IFBLK | 0o600, dev);
  task.symlink('disk', '/link');
  const ask = (special: string, kind = PRJQUOTA) => codeOf(() => task.quotactl(QCMD(Q_XGETQUOTA, kind), special, 1));

  it('knows three kinds of quota', () => expect(ask('/missing', 3)).toBe('EINVAL'));
  it('looks for the node', () => expect(ask('/missing')).toBe('ENOENT'));
  it('wants a disk', () => expect(ask('/')).toBe('ENOTBLK'));
  it('wants a node that may be opened', () => expect(ask('/nodev/disk')).toBe('EACCES'));
  it('wants a filesystem on the disk', () => expect(ask('/nothing')).toBe('ENODEV'));
  it('finds tmpfs without quotas, through a symlink too', () => {
    expect(ask('/disk')).toBe('ENOSYS');
    expect(codeOf(() => task.quotactl(QCMD(Q_XGETQSTAT, PRJQUOTA), '/link', 0))).toBe('ENOSYS');
  });
});
