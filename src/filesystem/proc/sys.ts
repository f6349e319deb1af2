/** /proc/sys: what of the kernel can be set. @see fs/proc/proc_sysctl.c */
import { raise } from '../../abi/errno.ts';
import { S_IFDIR, S_IFREG } from '../../abi/mode.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import { dropCaches } from '../../kernel/shrink.ts';
import { fixedEntries, type ProcDirectory, type ProcNode, type ProcText } from './node.ts';

const INT_MAX = 2 ** 31 - 1;

/** The mode bits count for root too, whatever capabilities there are. @see test_perm() */
function sysctlPermission(mode: number) {
  return ({ euid, egid, groups }: Credentials, mask: number): 'EACCES' | undefined => {
    const isGroup = egid === 0 || groups.includes(0);
    const allowed = euid === 0 ? mode >> 6 : isGroup ? mode >> 3 : mode;
    return (mask & ~allowed & 7) === 0 ? undefined : 'EACCES';
  };
}

function directory(key: string, nodes: ReadonlyMap<string, ProcNode>, ino?: number): ProcDirectory {
  return {
    kind: 'directory',
    key,
    mode: S_IFDIR | 0o555,
    ...(ino !== undefined && { ino }),
    permission: sysctlPermission(0o555),
    nlink: () => 1,
    entries: () => fixedEntries([...nodes.keys()]),
    find: (_, name) => nodes.get(name),
  };
}

/** 1 gives back pages, 2 names and inodes, 3 both. @see Documentation/admin-guide/sysctl/vm.rst */
const dropCachesText: ProcText = {
  kind: 'text',
  key: 'sys/vm/drop_caches',
  mode: S_IFREG | 0o200,
  permission: sysctlPermission(0o200),
  text: () => raise('EACCES'),
  ignoresLaterWrites: true,
  write(kernel, _, text) {
    if (text === '') return;
    const [, digits] = /^\s*(\d+)(?:[\s\0]|$)/.exec(text) ?? raise('EINVAL');
    const what = Number(digits);
    if (what < 1 || what > INT_MAX) raise('EINVAL');
    dropCaches(kernel, what);
  },
};

/** The directory with the inode number that it has in Linux. */
export const sysDirectory = (ino: number): ProcDirectory =>
  directory('sys', new Map([['vm', directory('sys/vm', new Map([['drop_caches', dropCachesText]]))]]), ino);
