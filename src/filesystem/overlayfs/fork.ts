/** An overlay in a forked machine: layers and held inodes are carried over, caches start empty. */
import { Dentry } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Inode } from '../../kernel/inode.ts';
import { Layer, type LayerPath } from './entry.ts';
import { OverlayInode } from './inode.ts';
import type { LayerFilesystem, OverlayParts, OverlaySuperblock } from './super.ts';

/** The overlay over the layers' counterparts. @see kernel/fork.ts */
export function forkOverlay(
  old: OverlaySuperblock,
  fork: Fork,
  make: (parts: OverlayParts) => OverlaySuperblock,
): OverlaySuperblock {
  const layers = new Map<Layer, Layer>();
  for (const layer of [...(old.upperLayer ? [old.upperLayer] : []), ...old.lowerLayers]) {
    layers.set(layer, forkLayer(layer, fork));
  }
  const made = make({
    kernel: fork.kernel,
    type: old.type,
    config: { ...old.config },
    addedLowerNames: old.addedLowerNames,
    mounter: fork.credentials(old.mounter),
    upperLayer: old.upperLayer && layers.get(old.upperLayer),
    lowerLayers: old.lowerLayers.map((layer) => layers.get(layer)!),
    dataLayers: old.dataLayers,
    filesystems: old.filesystems.map((each) => forkFilesystem(each, layers, fork)),
    traps: new Set([...old.traps].map((inode) => fork.inode(inode))),
    workBase: old.workBase && fork.dentry(old.workBase),
    workdir: old.workdir && fork.dentry(old.workdir),
    stackDepth: old.stackDepth,
    nameMax: old.nameMax,
    hasTmpfile: old.hasTmpfile,
    noXattr: old.noXattr,
    dev: fork.device(old.dev),
    uuid: old.uuid,
    inUse: new Set([...old.inUse].map((inode) => fork.inode(inode))),
  });
  made.readOnly = old.readOnly;
  if (old.whiteout !== undefined) made.keepWhiteout(fork.dentry(old.whiteout));
  for (const dentry of old.replaced) made.keepReplaced(fork.dentry(dentry));
  made.sharesWhiteout = old.sharesWhiteout;
  made.hasRedirects = old.hasRedirects;
  made.continueCounters(old);
  made.pinDirectories();
  made.makeRoot(forkObject(made, old.root.inode as OverlayInode, fork, layers));
  made.root.note = old.root.note;
  return made;
}

/** The counterpart of a held inode. */
export function forkOverlayInode(old: OverlaySuperblock, fork: Fork, inode: OverlayInode): Inode {
  const superblock = fork.superblock(old) as OverlaySuperblock;
  if (inode === old.root.inode) return superblock.root.inode!;
  const layers = new Map<Layer, Layer>();
  for (const [i, layer] of old.lowerLayers.entries()) layers.set(layer, superblock.lowerLayers[i]!);
  const made = forkObject(superblock, inode, fork, layers);
  if (old.unnamed.has(inode)) superblock.unnamed.add(made);
  const { alias } = inode;
  if (alias !== undefined)
    made.alias = fork.name(alias, new Dentry(superblock, alias.name, fork.dentry(alias.parent), made));
  return made;
}

function forkObject(
  superblock: OverlaySuperblock,
  old: OverlayInode,
  fork: Fork,
  layers: ReadonlyMap<Layer, Layer>,
): OverlayInode {
  const made = new OverlayInode(superblock, old.mode);
  made.upper = old.upper && fork.dentry(old.upper);
  made.lower = old.lower.map((path) => forkPath(path, fork, layers));
  const { ino, uid, gid, nlink, rdev, size, flags, atime, mtime, ctime, linkable } = old;
  const { constantIno, isAliased, indexed, impure, mayHaveWhiteouts, redirect, metacopy, version } = old;
  Object.assign(made, { ino, uid, gid, nlink, rdev, size, flags, atime, mtime, ctime, linkable });
  Object.assign(made, { constantIno, isAliased, indexed, impure, mayHaveWhiteouts, redirect, metacopy, version });
  const lowerdata = old.superblock.lowerdataRedirects.get(old);
  if (lowerdata !== undefined) superblock.lowerdataRedirects.set(made, lowerdata);
  const key = old.key ?? (old.constantIno ? old.lowerInode : undefined);
  superblock.remember(made, key && fork.inode(key));
  return made;
}

function forkPath(path: LayerPath, fork: Fork, layers: ReadonlyMap<Layer, Layer>): LayerPath {
  return { dentry: fork.dentry(path.dentry), layer: layers.get(path.layer)! };
}

function forkLayer(layer: Layer, fork: Fork): Layer {
  const forked = new Layer(layer.index, fork.mount(layer.mount), layer.fsid);
  forked.hasXwhiteouts = layer.hasXwhiteouts;
  return forked;
}

function forkFilesystem(old: LayerFilesystem, layers: ReadonlyMap<Layer, Layer>, fork: Fork): LayerFilesystem {
  return {
    superblock: old.superblock && fork.superblock(old.superblock),
    pseudoDev: fork.device(old.pseudoDev),
    uuid: old.uuid,
    badUuid: old.badUuid,
    topmost: old.topmost && layers.get(old.topmost),
  };
}
