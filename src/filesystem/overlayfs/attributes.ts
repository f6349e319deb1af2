/**
 * What an inode of the overlay keeps itself. A file of one lower layer, which most are, keeps nothing: it shows the
 * attributes of its real object, which nobody changes. Any other has copies, taken when the kernel takes them.
 *
 * @see fs/overlayfs/util.c ovl_copyattr(), struct ovl_inode
 */
import type { Timespec } from '../../abi/stat.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { instantiate } from '../../kernel/lookup.ts';
import { Layer, type LayerPath, NO_LOWER } from './entry.ts';
import type { DirCache, ImpureCache } from './readdir.ts';

/** The copies, and what only few inodes have. */
class OwnAttributes {
  ino = 0;
  uid = 0;
  gid = 0;
  nlink = 1;
  rdev = 0;
  size = 0;
  flags = 0;
  atime!: Timespec;
  mtime!: Timespec;
  ctime!: Timespec;
  key: Inode | undefined = undefined;
  impure = false;
  mayHaveWhiteouts = false;
  redirect: string | undefined = undefined;
  metacopy = false;
  indexed = false;
  version = 0;
  cache: DirCache | undefined = undefined;
  impureCache: ImpureCache | undefined = undefined;
}

/** The attributes of an inode of the overlay, and the real objects that it has them from. */
export class OverlayAttributes {
  mode: number;
  /** The object in the upper layer: there from the start, or since copy-up. */
  upper: Dentry | undefined = undefined;
  /** A name of this inode: where it is copied up to. */
  alias: Dentry | undefined = undefined;
  #lower: readonly LayerPath[] | Layer = NO_LOWER;
  #lowerInode: Inode | undefined = undefined;
  #own: OwnAttributes | undefined = undefined;

  constructor(mode: number) {
    this.mode = mode;
  }

  /** The objects in lower layers, topmost first; of a non-directory with an upper object, the one it came from. */
  get lower(): readonly LayerPath[] {
    if (this.#lower instanceof Layer) this.lower = [this.#lowerPath(this.#lower)];
    return this.#lower as readonly LayerPath[];
  }

  set lower(lower: readonly LayerPath[]) {
    this.#lower = lower;
    this.#lowerInode = lower[0]?.dentry.inode;
  }

  get lowerInode(): Inode | undefined {
    return this.#lowerInode;
  }

  /** The layer of the uppermost lower object. */
  get lowerLayer(): Layer | undefined {
    return this.#lower instanceof Layer ? this.#lower : this.#lower[0]?.layer;
  }

  /** The uppermost real object: what the overlay shows. */
  get real(): Inode {
    return this.upper === undefined ? this.#lowerInode! : this.upper.inode!;
  }

  /** It keeps nothing of its own: a file of one lower layer, found there by its name. */
  get isLean(): boolean {
    return this.#own === undefined;
  }

  /** Shows a file of a lower layer, whose name there is that of the alias. */
  showLower(layer: Layer, inode: Inode): void {
    this.#lower = layer;
    this.#lowerInode = inode;
  }

  /** The name in the layer, which gets a dentry when it is first needed. */
  #lowerPath(layer: Layer): LayerPath {
    const { name, parent } = this.alias!;
    const directory = (parent.inode as unknown as OverlayAttributes).lower.find((path) => path.layer === layer)!.dentry;
    const cached = directory.children?.get(name);
    if (cached?.inode === this.#lowerInode) return { dentry: cached!, layer };
    const inode = this.#lowerInode!;
    const dentry = new Dentry(directory.superblock, name, directory, inode);
    if (cached === undefined && directory.inode!.lookup(dentry) === inode) instantiate(dentry, inode);
    return { dentry, layer };
  }

  /** The copies, made when there are none yet. */
  get #copies(): OwnAttributes {
    if (this.#own !== undefined) return this.#own;
    const own = new OwnAttributes();
    const real = this.#lowerInode;
    if (real !== undefined) Object.assign(own, attributesOf(real));
    this.#own = own;
    return own;
  }

  get ino(): number {
    return (this.#own ?? this.#lowerInode!).ino;
  }
  set ino(ino: number) {
    this.#copies.ino = ino;
  }
  get uid(): number {
    return (this.#own ?? this.#lowerInode!).uid;
  }
  set uid(uid: number) {
    this.#copies.uid = uid;
  }
  get gid(): number {
    return (this.#own ?? this.#lowerInode!).gid;
  }
  set gid(gid: number) {
    this.#copies.gid = gid;
  }
  get nlink(): number {
    return (this.#own ?? this.#lowerInode!).nlink;
  }
  set nlink(nlink: number) {
    this.#copies.nlink = nlink;
  }
  get rdev(): number {
    return (this.#own ?? this.#lowerInode!).rdev;
  }
  set rdev(rdev: number) {
    this.#copies.rdev = rdev;
  }
  get size(): number {
    return (this.#own ?? this.#lowerInode!).size;
  }
  set size(size: number) {
    this.#copies.size = size;
  }
  get flags(): number {
    return (this.#own ?? this.#lowerInode!).flags;
  }
  set flags(flags: number) {
    this.#copies.flags = flags;
  }
  get atime(): Timespec {
    return (this.#own ?? this.#lowerInode!).atime;
  }
  set atime(atime: Timespec) {
    this.#copies.atime = atime;
  }
  get mtime(): Timespec {
    return (this.#own ?? this.#lowerInode!).mtime;
  }
  set mtime(mtime: Timespec) {
    this.#copies.mtime = mtime;
  }
  get ctime(): Timespec {
    return (this.#own ?? this.#lowerInode!).ctime;
  }
  set ctime(ctime: Timespec) {
    this.#copies.ctime = ctime;
  }

  /** What the inode is known by among the live ones; the real inode whose number it shows. */
  get key(): Inode | undefined {
    return this.#own?.key;
  }
  set key(key: Inode | undefined) {
    this.#copies.key = key;
  }
  /** The upper directory holds objects that came from lower layers. @see OVL_IMPURE */
  get impure(): boolean {
    return this.#own?.impure ?? false;
  }
  set impure(impure: boolean) {
    this.#copies.impure = impure;
  }
  /** A directory that is merged, or was. @see OVL_WHITEOUTS */
  get mayHaveWhiteouts(): boolean {
    return this.#own?.mayHaveWhiteouts ?? false;
  }
  set mayHaveWhiteouts(mayHaveWhiteouts: boolean) {
    this.#copies.mayHaveWhiteouts = mayHaveWhiteouts;
  }
  /** Where the lower layers are to be looked into instead of the name. @see trusted.overlay.redirect */
  get redirect(): string | undefined {
    return this.#own?.redirect;
  }
  set redirect(redirect: string | undefined) {
    this.#copies.redirect = redirect;
  }
  /** The upper object has no data: that lies in the lowest of the lower ones. The opposite of OVL_UPPERDATA. */
  get metacopy(): boolean {
    return this.#own?.metacopy ?? false;
  }
  set metacopy(metacopy: boolean) {
    this.#copies.metacopy = metacopy;
  }
  /** Has an entry in the index. @see OVL_INDEX */
  get indexed(): boolean {
    return this.#own?.indexed ?? false;
  }
  set indexed(indexed: boolean) {
    this.#copies.indexed = indexed;
  }
  /** Counts the changes of a directory, so that cached listings are known to be old. */
  get version(): number {
    return this.#own?.version ?? 0;
  }
  set version(version: number) {
    this.#copies.version = version;
  }
  get cache(): DirCache | undefined {
    return this.#own?.cache;
  }
  set cache(cache: DirCache | undefined) {
    this.#copies.cache = cache;
  }
  get impureCache(): ImpureCache | undefined {
    return this.#own?.impureCache;
  }
  set impureCache(impureCache: ImpureCache | undefined) {
    this.#copies.impureCache = impureCache;
  }

  /** Takes over the attributes of the real object. @see ovl_copyattr() */
  copyAttributes(): void {
    if (this.#own === undefined && this.upper === undefined) return;
    const { real } = this;
    this.mode = real.mode;
    const own = this.#copies;
    own.uid = real.uid;
    own.gid = real.gid;
    own.atime = real.atime;
    own.mtime = real.mtime;
    own.ctime = real.ctime;
    own.size = real.size;
  }
}

function attributesOf({ ino, uid, gid, nlink, rdev, size, flags, atime, mtime, ctime }: Inode): Partial<OwnAttributes> {
  return { ino, uid, gid, nlink, rdev, size, flags, atime, mtime, ctime };
}
