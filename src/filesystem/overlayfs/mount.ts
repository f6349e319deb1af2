/**
 * Mounting an overlay: layers are checked, the work directory is made, the root shows them all.
 *
 * @see fs/overlayfs/super.c ovl_fill_super()
 */
import { Errno } from '../../abi/errno.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import type { FilesystemType, MountRequest, Superblock } from '../../kernel/superblock.ts';
import { hasFsid } from './config.ts';
import { setXwhiteoutsFlag } from './entry.ts';
import { checkOverlaps } from './in-use.ts';
import { useIndexdir } from './indexdir.ts';
import { takeLowers, takeUpper } from './layers.ts';
import { Mounting } from './mounting.ts';
import { parseParams } from './params.ts';
import { OverlaySuperblock } from './super.ts';
import { initUuid } from './uuid.ts';
import { directoryMark, XATTR_OPAQUE } from './xattr.ts';

/**
 * The filesystem type `overlay`: `lowerdir=TOP:…:BASE,upperdir=U,workdir=W`; read-only without the last two.
 *
 * Options: `lowerdir` (at most 500, `\\:` in a path, data-only layers behind `::`), `lowerdir+`, `datadir+`, `upperdir`,
 * `workdir`, `redirect_dir=on|follow|nofollow|off`, `index`, `nfs_export`, `metacopy` `=on|off`,
 * `xino=on|auto|off`, `uuid=on|auto|null|off`, `verity=on|require|off`, `fsync=volatile|auto|strict`, `volatile`,
 * `userxattr`, `default_permissions`, `override_creds`, `nooverride_creds`. Defaults are the profile's
 * `OverlayModuleParameters`; what differs from them is shown in `/proc/mounts`.
 *
 * @throws Errno EINVAL for options that it does not know, that exclude one another, and for layers that do not fit
 * together; ENOENT; ELOOP for a directory that is named twice; EBUSY for one that another overlay with an index uses;
 * ESTALE for an index of other directories; EPERM for who may not mount, or lacks the rights for `trusted.` attributes
 * @see Documentation/filesystems/overlayfs.rst, fs/overlayfs/params.c
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * const { task, fs } = createMachine();
 * for (const name of ['/l', '/l/d', '/u', '/w', '/m']) fs.mkdirSync(name);
 * task.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w,redirect_dir=on');
 * task.rename('/m/d', '/m/e');
 * new TextDecoder().decode(task.getxattr('/u/e', 'trusted.overlay.redirect')); // => 'd'
 * ```
 */
export const overlayfs: FilesystemType = {
  name: 'overlay',
  nodev: true,
  userNamespaceMount: true,
  mount(request: MountRequest): Superblock {
    const { kernel, data } = request;
    const mounter = kernel.credentials;
    const { profile } = kernel;
    const resolve = (path: string) => request.resolve(path);
    const mounting = new Mounting(kernel, parseParams(data, { profile, mounter, resolve }));
    try {
      const superblock = withCredentials(kernel, mounting.mounter, () => fillSuper(mounting, request));
      mounting.letGo();
      return superblock;
    } catch (error) {
      if (error instanceof Errno) {
        mounting.letGo();
        mounting.dropLayers();
      }
      throw error;
    }
  },
};

function fillSuper(mounting: Mounting, request: MountRequest): OverlaySuperblock {
  const { kernel, params, config } = mounting;
  const dev = kernel.anonymousDevice();
  if (params.upper !== undefined) takeUpper(mounting, params.upper);
  takeLowers(mounting);
  const uuid = takeUuid(mounting);
  const superblock = makeSuperblock(mounting, dev, uuid);
  for (let i = 0; i < mounting.abilities.tempNames; i++) superblock.nextTempName();
  if (config.index && !superblock.forcedReadOnly) useIndexdir(superblock, mounting.traps);
  checkOverlaps(mounting);
  if (superblock.workdir === undefined) {
    config.index = false;
    if (params.upper !== undefined) config.nfsExport = false;
  }
  if (config.metacopy) config.nfsExport = false;
  superblock.pinDirectories();
  if (request.readOnly) superblock.readOnly = true;
  makeRoot(superblock);
  return superblock;
}

/** What the overlay is known by; without one of its own, handles of lower objects may not need one either. */
function takeUuid(mounting: Mounting): Uint8Array | undefined {
  const { config, filesystems, params } = mounting;
  if (config.uuid === 'off') {
    if (filesystems.length > 1) config.uuid = 'null';
  } else if (hasFsid(config) && params.upper !== undefined) return initUuid(mounting, params.upper.dentry);
  return undefined;
}

function makeSuperblock(mounting: Mounting, dev: number, uuid: Uint8Array | undefined): OverlaySuperblock {
  const { kernel, params, config, mounter, abilities } = mounting;
  const { upperLayer, lowerLayers, filesystems, traps, inUse, stackDepth, nameMax } = mounting;
  return new OverlaySuperblock({
    kernel,
    type: overlayfs,
    config,
    addedLowerNames: params.added,
    mounter,
    upperLayer,
    lowerLayers,
    dataLayers: params.dataOnly,
    filesystems,
    traps,
    inUse,
    workBase: params.work?.dentry,
    workdir: abilities.workdir,
    stackDepth,
    nameMax,
    hasTmpfile: abilities.tmpfile !== undefined,
    noXattr: abilities.noXattr,
    dev,
    uuid,
  });
}

/** The root is always merged. @see ovl_get_root() */
function makeRoot(superblock: OverlaySuperblock): void {
  const upper = superblock.upperLayer?.root;
  const merged = superblock.lowerLayers.slice(0, superblock.lowerLayers.length - superblock.dataLayers);
  const lower = merged.map((layer) => ({ dentry: layer.root, layer }));
  const root = superblock.makeRootInode({ upper, lower });
  root.mayHaveWhiteouts = true;
  superblock.makeRoot(root);
  const above = lower
    .slice(0, -1)
    .filter(({ dentry }) => directoryMark(superblock, dentry.inode!, XATTR_OPAQUE) === 'x');
  for (const { layer } of above) layer.hasXwhiteouts = true;
  if (above.length > 0) setXwhiteoutsFlag(superblock.root);
}
