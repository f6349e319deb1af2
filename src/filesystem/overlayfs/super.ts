/**
 * A mounted overlay: its layers, its live inodes and the credentials it acts with.
 *
 * @see fs/overlayfs/super.c, struct ovl_fs
 */
import { raise } from '../../abi/errno.ts';
import { isDirectory, isRegular, isSpecial, isSymlink } from '../../abi/mode.ts';
import type { Stat, StatFS } from '../../abi/stat.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import { Dentry, pin, unpin } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import { type Inode, S_IMMUTABLE } from '../../kernel/inode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type Mount, wantWrite } from '../../kernel/mount.ts';
import { genericPermission, MAY_READ, MAY_WRITE } from '../../kernel/permission.ts';
import type { FilesystemType, ReconfigureRequest, Superblock } from '../../kernel/superblock.ts';
import { syncFilesystem } from '../../kernel/sync.ts';
import { checkOverlay } from './check.ts';
import { type Layer, setUpperAlias } from './entry.ts';
import { forkOverlay, forkOverlayInode } from './fork.ts';
import { getInode, type InodeParams, makeInode } from './inode-cache.ts';
import type { OverlayInode } from './inode.ts';
import { hasFsid, type OverlayConfig, shouldSync } from './config.ts';
import { showOptions } from './show-options.ts';
import { fsidOf } from '../../kernel/uuid.ts';
import { type InodeNumber, inoOf, madeUpIno, mapIno, setIno, xinoMode } from './xino.ts';

const OVERLAYFS_SUPER_MAGIC = 0x794c7630;

/** A filesystem that layers lie on. @see struct ovl_sb */
export interface LayerFilesystem {
  /** `undefined` for the place of the upper layer's where there is no upper layer. */
  readonly superblock: Superblock | undefined;
  /** The `st_dev` of its files where not all layers are on one filesystem. */
  readonly pseudoDev: number;
  readonly uuid: Uint8Array;
  /** Others have the same uuid: handles do not tell which filesystem they are of. */
  badUuid: boolean;
  /** Its topmost lower layer. */
  topmost: Layer | undefined;
}

/** What mounting finds out before the superblock can be made. */
export interface OverlayParts {
  readonly kernel: Kernel;
  readonly type: FilesystemType;
  readonly config: OverlayConfig;
  readonly addedLowerNames: readonly string[];
  readonly mounter: Credentials;
  readonly upperLayer: Layer | undefined;
  readonly lowerLayers: readonly Layer[];
  /** How many of the lower layers, the last ones, are data-only. */
  readonly dataLayers: number;
  readonly filesystems: readonly LayerFilesystem[];
  /** Roots of layers and work directories: a lookup that comes upon one went in a circle. */
  readonly traps: ReadonlySet<Inode>;
  /** What `workdir=` names, and the directory in it that objects are built in. */
  readonly workBase: Dentry | undefined;
  readonly workdir: Dentry | undefined;
  readonly stackDepth: number;
  readonly nameMax: number;
  readonly hasTmpfile: boolean;
  readonly noXattr: boolean;
  readonly dev: number;
  /** What the overlay itself is known by, where it has an identity. */
  readonly uuid: Uint8Array | undefined;
  /** The directories that no other overlay is to use. */
  readonly inUse: ReadonlySet<Inode>;
}

export class OverlaySuperblock implements Superblock {
  readonly kernel: Kernel;
  readonly type: FilesystemType;
  readonly config: OverlayConfig;
  readonly addedLowerNames: readonly string[];
  /** Who mounted: what layers are accessed as. */
  readonly mounter: Credentials;
  readonly upperLayer: Layer | undefined;
  readonly lowerLayers: readonly Layer[];
  /** How many of the lower layers, the last ones, are data-only. */
  readonly dataLayers: number;
  readonly filesystems: readonly LayerFilesystem[];
  readonly traps: ReadonlySet<Inode>;
  readonly workBase: Dentry | undefined;
  /** With an index, the index directory takes its place. */
  workdir: Dentry | undefined;
  readonly dev: number;
  readonly stackDepth: number;
  readonly nameMax: number;
  readonly maxBytes = Number.MAX_SAFE_INTEGER;
  readonly keepsNegativeDentries = true;
  readonly hasTmpfile: boolean;
  readonly uuid: Uint8Array | undefined;
  readonly inUse: ReadonlySet<Inode>;
  /** How inode numbers are told, see {@link xinoMode}. */
  readonly xinoMode: number;
  readOnly: boolean;
  active = 0;
  root!: Dentry;
  /** The upper layer keeps no attributes. */
  noXattr: boolean;
  /** The whiteout that further ones are links to. */
  whiteout: Dentry | undefined = undefined;
  sharesWhiteout = true;
  /** Upper directories that a copy-up of a removed one of the same name has replaced; see {@link keepReplaced}. */
  readonly replaced: Dentry[] = [];
  /** A redirect was followed: several names may lead to one lower object. */
  hasRedirects = false;
  /** Live inodes by the real inode they are known by. */
  readonly inodesByKey = new Map<Inode, OverlayInode>();
  /** Live inodes of lower hard links, which copy-up will part. */
  readonly partedInodes = new Set<OverlayInode>();
  /** Held inodes of files that no cached name leads to any more: once let go, they are made anew. */
  readonly unnamed = new Set<OverlayInode>();
  /** Live inodes whose data lies in a data-only layer and was not looked for yet: the path of it. */
  readonly lowerdataRedirects = new Map<OverlayInode, string>();
  #lastIno = 1;
  #lastTemp = 0;

  constructor(parts: OverlayParts) {
    this.kernel = parts.kernel;
    this.type = parts.type;
    this.config = parts.config;
    this.addedLowerNames = parts.addedLowerNames;
    this.mounter = parts.mounter;
    this.upperLayer = parts.upperLayer;
    this.lowerLayers = parts.lowerLayers;
    this.dataLayers = parts.dataLayers;
    this.filesystems = parts.filesystems;
    this.traps = parts.traps;
    this.workBase = parts.workBase;
    this.workdir = parts.workdir;
    this.dev = parts.dev;
    this.stackDepth = parts.stackDepth;
    this.nameMax = parts.nameMax;
    this.hasTmpfile = parts.hasTmpfile;
    this.noXattr = parts.noXattr;
    this.uuid = parts.uuid;
    this.inUse = parts.inUse;
    this.xinoMode = xinoMode(parts.config, parts.filesystems.length, parts.upperLayer !== undefined);
    this.readOnly = this.forcedReadOnly;
  }

  /** Keeps the work directories, whatever somebody does to them. */
  pinDirectories(): void {
    if (this.workBase !== undefined) pin(this.workBase);
    if (this.workdir !== undefined) pin(this.workdir);
  }

  /** Further whiteouts are to be links to this one. */
  keepWhiteout(whiteout: Dentry): void {
    pin(whiteout);
    this.whiteout = whiteout;
  }

  /**
   * A removed directory that is still open is copied up onto whatever has its name now. The name goes on showing what
   * was replaced, and so holds it.
   */
  keepReplaced(upper: Dentry): void {
    pin(upper);
    this.replaced.push(upper);
  }

  /** The shared whiteout is given away: it cannot have more links. */
  giveWhiteout(whiteout: Dentry): void {
    this.whiteout = undefined;
    unpin(whiteout);
  }

  /** There is nowhere to write to. @see ovl_force_readonly() */
  get forcedReadOnly(): boolean {
    return this.upperLayer === undefined || this.workdir === undefined;
  }

  /** @see ovl_indexdir() */
  get indexdir(): Dentry | undefined {
    return this.config.index ? this.workdir : undefined;
  }

  /** Everything that is copied up gets an entry in the index, and directories are merged with what they came from. */
  get indexesAll(): boolean {
    return this.config.nfsExport && this.config.index;
  }

  get decodesHandles(): boolean {
    return this.config.nfsExport;
  }

  /** All layers lie on one filesystem, whose inode numbers are then shown as they are. @see ovl_same_fs() */
  get sameFilesystem(): boolean {
    return this.xinoMode === 0;
  }

  /** All numbers are of the overlay's own device. @see ovl_same_dev() */
  get sameDevice(): boolean {
    return this.xinoMode >= 0;
  }

  /** How many upper bits of inode numbers tell the filesystem. @see ovl_xino_bits() */
  get xinoBits(): number {
    return Math.max(0, this.xinoMode);
  }

  get upperMount(): Mount {
    return this.upperLayer!.mount;
  }

  /** The mount of the layer that the inode's real object lies in. */
  realMount(inode: OverlayInode): Mount {
    return inode.upper !== undefined ? this.upperMount : inode.lowerLayer!.mount;
  }

  /** @throws Errno EROFS @see ovl_want_write() */
  wantUpperWrite(): void {
    wantWrite(this.upperMount);
  }

  /** An inode number for a directory that has none of its own. @see ovl_next_ino() */
  nextIno(): number {
    return ++this.#lastIno;
  }

  /** A name in the work directory. @see ovl_tempname() */
  nextTempName(): string {
    return `#${(++this.#lastTemp).toString(16)}`;
  }

  /** Goes on with the numbers of `old`. */
  continueCounters(old: OverlaySuperblock): void {
    this.#lastIno = old.#lastIno;
    this.#lastTemp = old.#lastTemp;
  }

  getInode(params: InodeParams): OverlayInode {
    return getInode(this, params);
  }

  /** Makes an inode findable by its real object. */
  remember(inode: OverlayInode, key: Inode | undefined): void {
    inode.key = key;
    if (key === undefined) this.partedInodes.add(inode);
    else this.inodesByKey.set(key, inode);
  }

  /**
   * The inode is more than what a lower layer shows under a name: it has to be found by the real object whose number
   * it keeps, one of a parted link by the upper object that it got.
   */
  makeKnown(inode: OverlayInode): void {
    if (inode.key !== undefined) return;
    const key = inode.constantIno ? inode.lowerInode : inode.upper?.inode;
    if (key === undefined) return;
    this.partedInodes.delete(inode);
    this.remember(inode, key);
  }

  /**
   * What the mounter may not do with the real object of `inode`. To write to a lower one is to read it: it will be
   * copied up.
   */
  mounterRefusal(inode: OverlayInode, asked: number): 'EACCES' | 'EPERM' | 'EROFS' | undefined {
    const real = inode.real;
    let mask = asked;
    if (inode.upper === undefined && (mask & MAY_WRITE) !== 0 && !isSpecial(real.mode)) {
      mask = (mask & ~MAY_WRITE) | MAY_READ;
    }
    if ((mask & MAY_WRITE) !== 0) {
      const { mode } = real;
      if (real.superblock.readOnly && (isRegular(mode) || isDirectory(mode) || isSymlink(mode))) return 'EROFS';
      if ((real.flags & S_IMMUTABLE) !== 0) return 'EPERM';
    }
    if (real.permission !== undefined) return real.permission(this.mounter, mask);
    return genericPermission(real, this.mounter, mask);
  }

  /** The device and number that stat(2) tells. @see ovl_map_dev_ino() */
  mapDeviceAndIno(inode: OverlayInode, stat: Stat, fsid: number): void {
    if (this.sameFilesystem) {
      stat.dev = this.dev;
      return;
    }
    const mapped = this.mapIno(inoOf(stat), fsid);
    if (mapped !== undefined) {
      stat.dev = this.dev;
      setIno(stat, mapped);
    } else if (isDirectory(inode.mode)) {
      stat.dev = this.dev;
      setIno(stat, this.xinoBits > 0 ? madeUpIno(inode.ino, this.xinoBits) : inode.ino);
    } else stat.dev = this.filesystems[fsid]!.pseudoDev;
  }

  /** A directory is told by its own number, not by one made up. @see ovl_map_ino() */
  keepsIno(real: Inode): boolean {
    if (this.sameFilesystem || this.xinoBits === 0) return this.sameFilesystem;
    return real.superblock.stackDepth === 0 || this.mapIno(inoOf(real.getattr()), 0) !== undefined;
  }

  /** The number as the overlay tells it; `undefined` where it can only tell it with another device. */
  mapIno(ino: InodeNumber, fsid: number): InodeNumber | undefined {
    if (this.sameFilesystem) return ino;
    return this.xinoBits > 0 ? mapIno(ino, this.xinoBits, fsid) : undefined;
  }

  /** The root shows the number of the upper root. */
  makeRootInode(params: InodeParams): OverlayInode {
    const root = makeInode(this, params, false);
    this.remember(root, (params.upper ?? params.lower[0]!.dentry).inode!);
    return root;
  }

  /** @see ovl_get_root() */
  makeRoot(root: OverlayInode): void {
    const dentry = new Dentry(this, '', undefined, root);
    if (root.upper !== undefined) setUpperAlias(dentry);
    root.alias = dentry;
    this.root = dentry;
  }

  statfs(): StatFS {
    const { real: root } = this.root.inode as OverlayInode;
    const real = root.superblock.statfs(root);
    const own = hasFsid(this.config) ? { fsid: fsidOf(this.uuid) } : {};
    return { ...real, type: OVERLAYFS_SUPER_MAGIC, namelen: this.nameMax, ...own };
  }

  showOptions(): string {
    const { addedLowerNames: added, dataLayers: dataOnly, sameFilesystem } = this;
    return showOptions(this.config, { added, dataOnly, sameFilesystem }, this.kernel.profile.overlay);
  }

  /** Options are ignored, as they always were; only a writable overlay needs somewhere to write. */
  reconfigure({ readOnly }: ReconfigureRequest): void {
    if (!readOnly && this.forcedReadOnly) raise('EROFS');
    if (readOnly && !this.readOnly && shouldSync(this.config)) this.sync();
    this.readOnly = readOnly;
  }

  sync(): void {
    if (this.upperLayer !== undefined && shouldSync(this.config)) syncFilesystem(this.upperLayer.mount.superblock);
  }

  forget(inode: Inode): void {
    if (inode.holds > 0) this.unnamed.add(inode as OverlayInode);
    else this.evict(inode);
  }

  evict(inode: Inode): void {
    const gone = inode as OverlayInode;
    if (gone.key !== undefined && this.inodesByKey.get(gone.key) === gone) this.inodesByKey.delete(gone.key);
    this.partedInodes.delete(gone);
    this.lowerdataRedirects.delete(gone);
    this.unnamed.delete(gone);
    gone.cache = undefined;
    gone.impureCache = undefined;
    gone.letGo();
  }

  *inodes(): IterableIterator<OverlayInode> {
    yield* this.inodesByKey.values();
    yield* this.partedInodes;
  }

  inode(ino: number): Inode | undefined {
    for (const inode of this.inodes()) if (inode.ino === ino) return inode;
    return undefined;
  }

  hasRemovedInodes(): boolean {
    for (const { nlink, holds } of this.inodes()) if (nlink === 0 && holds > 0) return true;
    return false;
  }

  shutdown(): void {
    for (const inode of this.inodes()) inode.letGo();
    this.inodesByKey.clear();
    this.partedInodes.clear();
    this.lowerdataRedirects.clear();
    const kept = [this.workBase, this.workdir, this.whiteout, ...this.replaced];
    for (const dentry of kept) if (dentry !== undefined) unpin(dentry);
    for (const layer of this.lowerLayers) layer.mount.drop();
    this.upperLayer?.mount.drop();
  }

  fork(fork: Fork): Superblock {
    return forkOverlay(this, fork, (parts) => new OverlaySuperblock(parts));
  }

  forkInode(fork: Fork, inode: Inode): Inode {
    return forkOverlayInode(this, fork, inode as OverlayInode);
  }

  check(): string[] {
    return checkOverlay(this);
  }
}
