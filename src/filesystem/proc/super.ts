/** The proc filesystem type and its superblock. @see fs/proc/root.c, fs/proc/inode.c */
import { raise } from '../../abi/errno.ts';
import { MAX_LFS_FILESIZE, NAME_MAX, PAGE_SIZE } from '../../abi/flags.ts';
import type { StatFS } from '../../abi/stat.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { FilesystemType, ReconfigureRequest, Superblock } from '../../kernel/superblock.ts';
import { ProcInode } from './inode.ts';
import type { ProcNode } from './node.ts';
import { rootDirectory } from './root-directory.ts';

const PROC_SUPER_MAGIC = 0x9fa0;

export class ProcSuperblock implements Superblock {
  readonly kernel: Kernel;
  readonly type: FilesystemType = proc;
  readonly dev: number;
  readonly root: Dentry;
  readOnly: boolean;
  /** Nothing is mounted over it. @see FILESYSTEM_MAX_STACK_DEPTH */
  readonly stackDepth = 2;
  readonly nameMax = NAME_MAX;
  readonly maxBytes = MAX_LFS_FILESIZE;
  readonly keepsNegativeDentries = false;
  active = 0;
  /** The inodes that were looked up, by what they show. */
  readonly #live = new Map<string, ProcInode>();
  #nextIno = 2;

  constructor(kernel: Kernel, dev: number, readOnly: boolean) {
    this.kernel = kernel;
    this.dev = dev;
    this.readOnly = readOnly;
    const inode = this.inodeOf(rootDirectory);
    this.root = new Dentry(this, '', undefined, inode);
    inode.prepare(this.root);
  }

  /** The one inode of a node; a descriptor that was opened otherwise since is another node. */
  inodeOf(node: ProcNode): ProcInode {
    const key = `${node.key} ${node.mode}`;
    let inode = this.#live.get(key);
    if (inode === undefined) {
      inode = new ProcInode(this, node, node.ino ?? this.#nextIno++);
      this.#live.set(key, inode);
    }
    return inode;
  }

  inode(ino: number): ProcInode | undefined {
    for (const inode of this.#live.values()) if (inode.ino === ino) return inode;
    return undefined;
  }

  statfs(): StatFS {
    const nothing = { blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
    return { type: PROC_SUPER_MAGIC, bsize: PAGE_SIZE, frsize: PAGE_SIZE, ...nothing, namelen: NAME_MAX, flags: 0 };
  }

  showOptions(): string {
    return '';
  }

  /** None of proc's options (hidepid, gid, subset) is known. */
  reconfigure({ data }: ReconfigureRequest): void {
    if (data !== '') raise('EINVAL');
  }

  sync(): void {}
  evict(): void {}
  shutdown(): void {
    this.#live.clear();
  }

  /** Numbers of tasks' files go on from here; what was looked up is found again under its number. */
  fork(fork: Fork): ProcSuperblock {
    const made = new ProcSuperblock(fork.kernel, fork.device(this.dev), this.readOnly);
    made.#nextIno = this.#nextIno;
    (this.root.inode as ProcInode).copyTo(made.root.inode as ProcInode);
    return made;
  }

  forkInode(fork: Fork, inode: Inode): Inode {
    const made = fork.superblock(this) as ProcSuperblock;
    const old = inode as ProcInode;
    const key = `${old.node.key} ${old.node.mode}`;
    let twin = made.#live.get(key);
    if (twin === undefined) {
      twin = new ProcInode(made, old.node, old.ino);
      old.copyTo(twin);
      made.#live.set(key, twin);
    }
    return twin;
  }

  check(): string[] {
    return [];
  }
}

/** The machine's tasks and tables as files. */
export const proc: FilesystemType = {
  name: 'proc',
  nodev: true,
  // it belongs to the user namespace of the pid namespace, and there is but one
  userNamespaceMount: false,
  mount({ kernel, data, readOnly }) {
    if (data !== '') raise('EINVAL');
    return new ProcSuperblock(kernel, kernel.anonymousDevice(), readOnly);
  },
};
