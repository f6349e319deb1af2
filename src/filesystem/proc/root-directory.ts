/** /proc itself: files of the whole machine, and a directory for each task. @see fs/proc/root.c */
import { raise } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../abi/mode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { procVersionOf } from '../../kernel/utsname.ts';
import {
  fixedEntries,
  type ProcDirectory,
  type ProcEntry,
  type ProcLink,
  type ProcNode,
  type ProcText,
} from './node.ts';
import { sysDirectory } from './sys.ts';
import { taskDirectory, taskOf } from './task-directory.ts';

/** The inode number of the root. @see PROC_ROOT_INO */
const ROOT_INO = 1;
/** Numbers of what is there from the start. @see PROC_DYNAMIC_FIRST */
const FIRST_INO = 0xf0000000;
/** Positions of `self` and of the tasks in the listing. @see FIRST_PROCESS_ENTRY */
const SELF_POSITION = 256;
const TASK_POSITION = SELF_POSITION + 2;
const KIB = 1024;

/** In the order of a listing: shorter names first, then by their letters. @see proc_match() */
const FIXED = ['sys', 'mounts', 'meminfo', 'version', 'filesystems'] as const;

const fixedNodes: ReadonlyMap<string, ProcNode> = new Map<string, ProcNode>([
  ['self', link('self', 0, (kernel) => `${kernel.current?.pid ?? raise('ENOENT')}`, 0)],
  ['mounts', link('mounts', 2, () => 'self/mounts', 'self/mounts'.length)],
  ['filesystems', text('filesystems', 3, formatFilesystems)],
  ['meminfo', text('meminfo', 4, formatMeminfo)],
  ['version', text('version', 5, ({ profile }) => procVersionOf(profile))],
  ['sys', sysDirectory(FIRST_INO + 14)],
]);

function text(key: string, number: number, make: (kernel: Kernel) => string): ProcText {
  return { kind: 'text', key, mode: S_IFREG | 0o444, ino: FIRST_INO + number, text: make };
}

function link(key: string, number: number, target: (kernel: Kernel) => string, size: number): ProcLink {
  return { kind: 'link', key, mode: S_IFLNK | 0o777, ino: FIRST_INO + number, target, size: () => size };
}

export const rootDirectory: ProcDirectory = {
  kind: 'directory',
  key: '',
  mode: S_IFDIR | 0o555,
  ino: ROOT_INO,
  nlink: (kernel) => 3 + kernel.tasks.size,
  entries(kernel) {
    const pids = [...kernel.tasks].map(({ pid }) => pid).sort((a, b) => a - b);
    const tasks: ProcEntry[] = pids.map((pid) => ({ name: `${pid}`, position: TASK_POSITION + pid }));
    return [...fixedEntries(FIXED), { name: 'self', position: SELF_POSITION }, ...tasks];
  },
  find(kernel, name) {
    const fixed = fixedNodes.get(name);
    if (fixed !== undefined || !/^[1-9]\d*$/.test(name)) return fixed;
    return taskOf(kernel, Number(name)) && taskDirectory(Number(name));
  },
};

/** @see fs/filesystems.c filesystems_proc_show() */
function formatFilesystems(kernel: Kernel): string {
  return kernel.filesystems.map(({ name, nodev }) => `${nodev ? 'nodev' : ''}\t${name}\n`).join('');
}

/** Memory is what tmpfs takes; nothing else of the machine is counted. @see fs/proc/meminfo.c */
function formatMeminfo(kernel: Kernel): string {
  const total = kernel.profile.memory / KIB;
  const shared = sharedPages(kernel) * (PAGE_SIZE / KIB);
  const lines: [string, number][] = [
    ['MemTotal', total],
    ['MemFree', total - shared],
    ['MemAvailable', total - shared],
    ['Buffers', 0],
    ['Cached', shared],
    ['SwapCached', 0],
    ['SwapTotal', 0],
    ['SwapFree', 0],
    ['Shmem', shared],
  ];
  return lines.map(([name, kib]) => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`).join('');
}

function sharedPages(kernel: Kernel): number {
  let pages = 0;
  for (const superblock of kernel.superblocks) {
    if (superblock.type.name !== 'tmpfs') continue;
    const { blocks, bfree } = superblock.statfs();
    pages += blocks - bfree;
  }
  return pages;
}
