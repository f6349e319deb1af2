/** The superblock of a passthrough filesystem: a tree kept outside the machine, shown read-only. */
import { raise } from '../../abi/errno.ts';
import { MAX_LFS_FILESIZE, NAME_MAX } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { StatFS } from '../../abi/stat.ts';
import { Dentry } from '../dentry.ts';
import type { Fork } from '../fork.ts';
import type { Inode } from '../inode.ts';
import type { Kernel } from '../kernel.ts';
import type { FilesystemType, ReconfigureRequest, Superblock } from '../superblock.ts';
import { PassthroughInode } from './inode.ts';
import type { PassthroughSource } from './source.ts';
import { type PassthroughRecord, PassthroughTree } from './tree.ts';

/** A mounted passthrough filesystem. It keeps numbers, attributes, listings and pages as they were first seen. */
export class PassthroughSuperblock implements Superblock {
  readonly kernel: Kernel;
  readonly type: FilesystemType;
  readonly dev: number;
  readonly root: Dentry;
  readonly readOnly = true;
  readonly stackDepth = 0;
  readonly nameMax = NAME_MAX;
  readonly maxBytes = MAX_LFS_FILESIZE;
  readonly keepsNegativeDentries = true;
  active = 0;
  readonly tree: PassthroughTree;
  readonly #options: string;
  /** The inode objects that are in use, so that there is one for each number. */
  readonly #live = new Map<number, PassthroughInode>();

  private constructor(
    kernel: Kernel,
    type: FilesystemType,
    dev: number,
    tree: PassthroughTree,
    root: PassthroughRecord,
    options: string,
  ) {
    this.kernel = kernel;
    this.type = type;
    this.dev = dev;
    this.tree = tree;
    this.#options = options;
    this.root = new Dentry(this, '', undefined, this.inodeOf(root));
  }

  /**
   * Mounts a tree; nothing but its root is looked at. `options` is what /proc/mounts shows, with a leading comma.
   *
   * @throws Errno ENOENT, ENOTDIR; what the source says
   */
  static mount(kernel: Kernel, type: FilesystemType, source: PassthroughSource, options = ''): PassthroughSuperblock {
    const file = source.lstat('/') ?? raise('ENOENT');
    if (!isDirectory(file.stat.mode)) raise('ENOTDIR');
    const tree = new PassthroughTree(source);
    return new PassthroughSuperblock(kernel, type, kernel.anonymousDevice(), tree, tree.root(file), options);
  }

  /** The one inode object of a file. */
  inodeOf(record: PassthroughRecord): PassthroughInode {
    let inode = this.#live.get(record.ino);
    if (inode === undefined) {
      inode = new PassthroughInode(this, record);
      this.#live.set(record.ino, inode);
    }
    return inode;
  }

  inode(ino: number): PassthroughInode | undefined {
    const record = this.tree.record(ino);
    return record && this.inodeOf(record);
  }

  statfs(): StatFS {
    return this.tree.source.statfs();
  }

  showOptions(): string {
    return this.#options;
  }

  /** Options stay as they are and nobody can write. @see isofs_reconfigure() */
  reconfigure({ data, readOnly }: ReconfigureRequest): void {
    if (data !== '' && `,${data}` !== this.#options) raise('EINVAL');
    if (!readOnly) raise('EROFS');
  }

  sync(): void {}
  dropPages(): void {
    this.tree.dropPages();
  }
  /** Files outside are not ours to take back. */
  evict(): void {}
  shutdown(): void {
    this.#live.clear();
  }

  /** What is known of the tree is shared: it does not change. */
  fork(fork: Fork): PassthroughSuperblock {
    const { record } = this.root.inode as PassthroughInode;
    const dev = fork.device(this.dev);
    return new PassthroughSuperblock(fork.kernel, this.type, dev, this.tree, record, this.#options);
  }

  forkInode(fork: Fork, inode: Inode): Inode {
    const made = fork.superblock(this) as PassthroughSuperblock;
    return made.inodeOf((inode as PassthroughInode).record);
  }

  /** Looks at every file again that was looked up: the tree has to stand still. */
  check(): string[] {
    return this.tree.changed().map((sentence) => `${this.type.name}: ${sentence}`);
  }
}
