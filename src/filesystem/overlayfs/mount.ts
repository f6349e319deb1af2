/**
 * Mounting an overlay: layers are checked, the work directory is made, the root shows them all.
 *
 * @see fs/overlayfs/super.c ovl_fill_super()
 */
import { CAP_SYS_RESOURCE } from '../../abi/capability.ts';
import { Errno, raise } from '../../abi/errno.ts';
import { MS_NOATIME, MS_NODIRATIME, MS_RDONLY, MS_RELATIME } from '../../abi/flags.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { type Kernel, withCredentials } from '../../kernel/kernel.ts';
import { clonePrivateMount, type Path } from '../../kernel/mount.ts';
import type { FilesystemType, MountRequest, Superblock } from '../../kernel/superblock.ts';
import { vfsSetxattr } from '../../kernel/xattr.ts';
import { Layer } from './entry.ts';
import { filesystemUuid, uuidOf } from './origin.ts';
import { type OverlayConfig, type OverlayParams, parseParams } from './params.ts';
import { type LayerFilesystem, OverlaySuperblock } from './super.ts';
import { makeWorkdir, type UpperAbilities } from './workdir.ts';
import { directoryMark, getPrivateXattr, XATTR_IMPURE, XATTR_UUID, xattrName } from './xattr.ts';

/** How many filesystems may lie on top of one another. */
const FILESYSTEM_MAX_STACK_DEPTH = 2;
const UUID_LENGTH = 16;
const NULL_UUID = new Uint8Array(UUID_LENGTH);

/** A mount under way, and what has to be undone when it fails. */
class Mounting {
  readonly kernel: Kernel;
  readonly params: OverlayParams;
  readonly mounter: Credentials;
  readonly traps = new Set<Inode>();
  readonly lowerLayers: Layer[] = [];
  readonly filesystems: LayerFilesystem[] = [];
  upperLayer: Layer | undefined = undefined;
  abilities: UpperAbilities = { workdir: undefined, hasTmpfile: false, noXattr: false, tempNames: 0 };
  nameMax = 0;
  stackDepth = 0;

  constructor(kernel: Kernel, params: OverlayParams) {
    this.kernel = kernel;
    this.params = params;
    const { credentials } = kernel;
    this.mounter = { ...credentials, capabilities: credentials.capabilities & ~CAP_SYS_RESOURCE };
  }

  get config(): OverlayConfig {
    return this.params.config;
  }

  /** @throws Errno ELOOP for a directory that is a layer or work directory already */
  addTrap(directory: Dentry): void {
    if (this.traps.has(directory.inode!)) raise('ELOOP');
    this.traps.add(directory.inode!);
  }

  dropLayers(): void {
    for (const layer of this.lowerLayers) layer.mount.drop();
    this.upperLayer?.mount.drop();
  }
}

/**
 * The filesystem type `overlay`: `lowerdir=TOP:…:BASE,upperdir=U,workdir=W`; read-only without the last two.
 *
 * @throws Errno EINVAL for options that it does not know and layers that do not fit together; ENOENT; ELOOP for a
 * directory that is named twice
 * @see Documentation/filesystems/overlayfs.rst
 */
export const overlayfs: FilesystemType = {
  name: 'overlay',
  nodev: true,
  userNamespaceMount: true,
  mount(request: MountRequest): Superblock {
    const { kernel } = request;
    const mounting = new Mounting(
      kernel,
      parseParams(request.data, (path) => request.resolve(path)),
    );
    try {
      return withCredentials(kernel, mounting.mounter, () => fillSuper(mounting, request));
    } catch (error) {
      if (error instanceof Errno) mounting.dropLayers();
      throw error;
    }
  },
};

function fillSuper(mounting: Mounting, request: MountRequest): OverlaySuperblock {
  const { kernel, params, mounter } = mounting;
  const dev = kernel.anonymousDevice();
  if (params.upper !== undefined) takeUpper(mounting, params.upper);
  takeLowers(mounting);
  initUuid(mounting, params.upper?.dentry);
  checkXino(mounting);
  checkOverlaps(mounting);
  const { abilities, upperLayer } = mounting;
  const superblock = new OverlaySuperblock({
    kernel,
    type: overlayfs,
    config: params.config,
    addedLowerNames: params.added,
    mounter,
    upperLayer,
    lowerLayers: mounting.lowerLayers,
    dataLayers: params.dataOnly,
    filesystems: mounting.filesystems,
    traps: mounting.traps,
    workBase: params.work?.dentry,
    workdir: abilities.workdir,
    stackDepth: mounting.stackDepth,
    nameMax: mounting.nameMax,
    hasTmpfile: abilities.hasTmpfile,
    noXattr: abilities.noXattr,
    dev,
  });
  for (let i = 0; i < abilities.tempNames; i++) superblock.nextTempName();
  superblock.pinDirectories();
  if (request.readOnly) superblock.readOnly = true;
  makeRoot(superblock);
  return superblock;
}

/** @see ovl_get_upper(), ovl_get_workdir() */
function takeUpper(mounting: Mounting, upper: Path): void {
  const { kernel, params, mounter } = mounting;
  const { work } = params;
  if (work === undefined) raise('EINVAL');
  if (upper.mount.readOnly) raise('EINVAL');
  mounting.nameMax = upper.mount.superblock.statfs().namelen;
  mounting.addTrap(upper.dentry);
  const mount = clonePrivateMount(upper);
  mount.flags = upper.mount.flags & ~(MS_NOATIME | MS_NODIRATIME | MS_RELATIME);
  mounting.upperLayer = new Layer(0, mount, 0);
  if (upper.mount !== work.mount) raise('EINVAL');
  if (work.dentry.isWithin(upper.dentry) || upper.dentry.isWithin(work.dentry)) raise('EINVAL');
  mounting.addTrap(work.dentry);
  mounting.abilities = makeWorkdir({ kernel, config: params.config, mounter, mount, base: work.dentry });
  if (mounting.abilities.workdir !== undefined) mounting.addTrap(mounting.abilities.workdir);
  mounting.stackDepth = upper.mount.superblock.stackDepth;
}

/** @see ovl_get_lowerstack(), ovl_get_layers() */
function takeLowers(mounting: Mounting): void {
  const { kernel, params, filesystems } = mounting;
  if (params.upper === undefined && params.lower.length === 1) raise('EINVAL');
  for (const { mount } of params.lower) {
    const { superblock } = mount;
    mounting.nameMax = Math.max(mounting.nameMax, superblock.statfs().namelen);
    mounting.stackDepth = Math.max(mounting.stackDepth, superblock.stackDepth);
  }
  mounting.stackDepth++;
  if (mounting.stackDepth > FILESYSTEM_MAX_STACK_DEPTH) raise('EINVAL');
  const upper = mounting.upperLayer?.mount.superblock;
  filesystems.push(newFilesystem(kernel, upper));
  for (const path of params.lower) takeLower(mounting, path);
}

function takeLower(mounting: Mounting, path: Path): void {
  const { kernel, filesystems, lowerLayers } = mounting;
  const { superblock } = path.mount;
  let fsid = filesystems.findIndex((each) => each.superblock === superblock);
  if (fsid < 0) fsid = filesystems.push(newFilesystem(kernel, superblock)) - 1;
  mounting.addTrap(path.dentry);
  const mount = clonePrivateMount(path);
  mount.flags |= MS_RDONLY | MS_NOATIME;
  const layer = new Layer(lowerLayers.length + 1, mount, fsid);
  lowerLayers.push(layer);
  filesystems[fsid]!.topmost ??= layer;
}

function newFilesystem(kernel: Kernel, superblock: Superblock | undefined): LayerFilesystem {
  const uuid = superblock === undefined ? NULL_UUID : filesystemUuid(superblock);
  return { superblock, pseudoDev: kernel.anonymousDevice(), uuid, topmost: undefined };
}

/**
 * A new overlay gets an identity, kept with its upper root; one that was in use without stays without.
 *
 * @see ovl_init_uuid_xattr()
 */
function initUuid(mounting: Mounting, upper: Dentry | undefined): void {
  const { kernel, config, abilities, filesystems } = mounting;
  if (config.uuid === 'off' && filesystems.length > 1) config.uuid = 'null';
  if (upper === undefined) return;
  if (abilities.noXattr && (config.uuid === 'auto' || config.uuid === 'on')) config.uuid = 'null';
  if (config.uuid !== 'auto' && config.uuid !== 'on') return;
  if (getPrivateXattr(mounting, upper.inode!, XATTR_UUID)?.length === UUID_LENGTH) return;
  if (config.uuid === 'auto') {
    const isOld = directoryMark(mounting, upper.inode!, XATTR_IMPURE) !== undefined;
    config.uuid = isOld ? 'null' : 'on';
    if (isOld) return;
  }
  try {
    vfsSetxattr(kernel, upper, xattrName(mounting, XATTR_UUID), uuidOf(kernel.random.bytes(UUID_LENGTH)), 0);
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    config.uuid = 'null';
  }
}

/** Numbers that tell the filesystem too are not made yet; with one filesystem they would be the same anyway. */
function checkXino({ params, filesystems, upperLayer }: Mounting): void {
  const isSame = filesystems.length - (upperLayer === undefined ? 1 : 0) === 1;
  if (params.config.xino !== 'off' && !isSame) raise('EINVAL');
}

/** No lower layer may lie within another layer or a work directory. @see ovl_check_overlapping_layers() */
function checkOverlaps({ lowerLayers, traps }: Mounting): void {
  for (const { root } of lowerLayers) {
    for (let at = root; !at.isRoot; at = at.parent) if (traps.has(at.parent.inode!)) raise('ELOOP');
  }
}

/** The root is always merged. @see ovl_get_root() */
function makeRoot(superblock: OverlaySuperblock): void {
  const upper = superblock.upperLayer?.root;
  const lower = superblock.lowerLayers.map((layer) => ({ dentry: layer.root, layer }));
  const root = superblock.makeRootInode({ upper, lower });
  root.mayHaveWhiteouts = true;
  superblock.makeRoot(root);
}
