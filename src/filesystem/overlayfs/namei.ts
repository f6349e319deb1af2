/**
 * Lookup of a name through the layers, topmost first.
 *
 * A whiteout, a non-directory or an opaque directory ends the search; directories below one another are merged. A
 * redirect makes the layers below be searched for another name.
 *
 * @see fs/overlayfs/namei.c
 */
import { raise } from '../../abi/errno.ts';
import { isDirectory, isRegular } from '../../abi/mode.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { isLongerThan, lookupDentry } from '../../kernel/lookup.ts';
import { hashOf } from '../../kernel/name-table.ts';
import { isDeadDirectory } from '../../kernel/permission.ts';
import { isOpaque, type Layer, type LayerPath, NO_LOWER, overlayInode, setEntry } from './entry.ts';
import { indexOfName } from './index-entry.ts';
import type { OverlayInode } from './inode.ts';
import { hasMetacopyMark } from './metacopy.ts';
import { hasOrigin, isOriginOf, originOf, setOrigin } from './origin.ts';
import { followsRedirects } from './config.ts';
import { readRedirect } from './redirect.ts';
import type { OverlaySuperblock } from './super.ts';
import { isRealWhiteout } from './whiteout.ts';
import { directoryMark, setImpure, XATTR_OPAQUE } from './xattr.ts';

/** How far a lookup has come. @see struct ovl_lookup_data */
class LookupState {
  readonly superblock: OverlaySuperblock;
  /** What the next layer is searched for: a name, or a path from the layer's root after an absolute redirect. */
  name: string;
  layer: Layer | undefined = undefined;
  isDir = false;
  opaque = false;
  xwhiteouts = false;
  stop = false;
  /** The lowest layer is searched: what could lie below does not matter. */
  last = false;
  /** What was found last has no data: that lies further down. */
  metacopy = false;
  /** The name in the upper layer is redirected. */
  upperRedirect: string | undefined = undefined;
  redirect: string | undefined = undefined;
  /** The redirect that was looked for last is a path. */
  absoluteRedirect = false;
  /** A negative dentry that the next layer may use again. */
  #spare: Dentry | undefined = undefined;

  constructor(superblock: OverlaySuperblock, name: string) {
    this.superblock = superblock;
    this.name = name;
  }

  /** What is found may lead to layers that its directory does not reach; Linux takes that for so above data-only layers. */
  get mayLeave(): boolean {
    return followsRedirects(this.superblock.config) || this.superblock.dataLayers > 0;
  }

  /**
   * The dentry of `name` in a directory of the layer, if there is such a name; without garbage where there is not. That
   * of a lower file is not in the cache yet: most are never used.
   */
  lookupPositive(directory: Dentry, name: string): Dentry | undefined {
    const cached = directory.children?.get(name);
    if (cached !== undefined) return cached.inode === undefined ? undefined : cached;
    const { superblock } = directory;
    if (isDeadDirectory(directory)) return undefined;
    const mayBeLong = superblock.nameMax < this.superblock.nameMax || this.redirect !== undefined;
    if (mayBeLong && isLongerThan(name, superblock.nameMax)) return undefined;
    if (superblock.keepsNegativeDentries) return this.#lookupThroughCache(directory, name);
    this.#trace(directory, name);
    const dentry = this.#spareFor(directory, name);
    const inode = directory.inode!.lookup(dentry);
    if (inode === undefined) {
      this.#spare = dentry;
      return undefined;
    }
    dentry.inode = inode;
    if (this.layer!.index === 0 || isDirectory(inode.mode) || inode.nlink !== 1) dentry.hash();
    return dentry;
  }

  #lookupThroughCache(directory: Dentry, name: string): Dentry | undefined {
    const dentry = lookupDentry(directory, name);
    return dentry.inode === undefined ? undefined : dentry;
  }

  #spareFor(directory: Dentry, name: string): Dentry {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare === undefined || spare.superblock !== directory.superblock) {
      return new Dentry(directory.superblock, name, directory, undefined);
    }
    spare.name = name;
    spare.parent = directory;
    return spare;
  }

  #trace(directory: Dentry, name: string): void {
    const { trace } = this.superblock.kernel;
    if (!trace.active) return;
    const { superblock } = directory;
    const at = { filesystem: superblock.type.name, dev: superblock.dev, directory: directory.inode!.ino };
    trace.emit({ kind: 'lookup', ...at, name, layer: this.layer!.index });
  }
}

/** Linux's `ovl_lookup`: the inode of the name, or `undefined` with a note whether it was deleted. */
export function lookupOverlay(directory: OverlayInode, dentry: Dentry): Inode | undefined {
  const { superblock } = directory;
  return withCredentials(superblock.kernel, superblock.mounter, () => lookupLayers(directory, dentry));
}

function lookupLayers(directory: OverlayInode, dentry: Dentry): Inode | undefined {
  const { superblock } = directory;
  const state = new LookupState(superblock, dentry.name);
  const upper = directory.upper === undefined ? undefined : lookupUpper(state, directory);
  const upperOpaque = state.opaque;
  const upperMetacopy = upper !== undefined && state.metacopy;
  state.upperRedirect = state.redirect;
  const origin = upper !== undefined && !state.isDir ? originOf(superblock, upper.inode!) : undefined;
  const lower = lookupLower(state, directory, dentry, upper);
  const lowerdataRedirect = deferLowerData(state, lower);
  if (lowerdataRedirect === undefined) checkFollowRedirect(state);
  if ((state.metacopy && lowerdataRedirect === undefined) || (upperMetacopy && lower.length === 0)) raise('EIO');
  setEntry(dentry, upper !== undefined, upperOpaque, state.xwhiteouts);
  if (upper === undefined && lower.length === 0) return undefined;
  superblock.hasRedirects ||= state.redirect !== undefined;
  if (upper !== undefined || lower.length > 1 || superblock.hasRedirects) {
    for (const { dentry: real } of lower) if (!real.hashed) real.hash();
  }
  const stack = lower.length === 0 && origin !== undefined ? [origin] : lower;
  const index = indexOfName(superblock, upper, stack, upper === undefined || state.isDir || origin !== undefined);
  const indexMetacopy = index !== undefined && upper === undefined && lookAtIndex(state, index.inode!);
  const inode = superblock.getInode({
    upper: upper ?? index,
    lower: stack,
    indexed: index !== undefined,
    redirect: state.upperRedirect,
    metacopy: upperMetacopy || indexMetacopy,
    lowerdataRedirect,
  });
  if (!isDirectory(inode.mode) || !isLiveAlias(inode)) inode.alias = dentry;
  if (inode.isLean) dentry.name = lower[0]!.dentry.name;
  return inode;
}

/** The name leads to an upper object by the index alone; answers whether that has no data. @throws Errno EPERM */
function lookAtIndex(state: LookupState, real: Inode): boolean {
  state.upperRedirect = readRedirect(state.superblock, real);
  state.metacopy = hasMetacopyMark(state.superblock, real);
  checkFollowRedirect(state);
  return state.metacopy;
}

function lookupUpper(state: LookupState, directory: OverlayInode): Dentry | undefined {
  state.layer = state.superblock.upperLayer!;
  state.last = !state.mayLeave && directory.lower.length === 0;
  return lookupLayer(state, directory.upper!);
}

/** The cache holds the name that the directory is known by. */
function isLiveAlias(inode: OverlayInode): boolean {
  const { alias } = inode;
  return alias?.inode === inode && (alias.hashed || alias.pins > 0);
}

/**
 * Data in a data-only layer is looked for when it is first needed; for that, following need not be allowed. Answers its
 * path.
 */
function deferLowerData(
  { superblock, metacopy, absoluteRedirect, redirect }: LookupState,
  lower: readonly LayerPath[],
) {
  const isDeferred = metacopy && lower.length > 0 && superblock.dataLayers > 0 && absoluteRedirect;
  return isDeferred ? redirect : undefined;
}

/**
 * A layer from elsewhere could make files readable by redirects that are followed without checks.
 *
 * @throws Errno EPERM
 * @see ovl_check_follow_redirect()
 */
function checkFollowRedirect({ superblock, metacopy, redirect, upperRedirect }: LookupState): void {
  const { config } = superblock;
  if (metacopy && !config.metacopy) raise('EPERM');
  if ((redirect !== undefined || upperRedirect !== undefined) && !followsRedirects(config)) raise('EPERM');
}

/** Goes down through the lower layers of the directory; after an absolute redirect through those of the root. */
function lookupLower(
  state: LookupState,
  directory: OverlayInode,
  dentry: Dentry,
  upper: Dentry | undefined,
): readonly LayerPath[] {
  if (state.stop) return NO_LOWER;
  const { superblock } = state;
  const root = overlayInode(superblock.root).lower;
  let stack = state.redirect?.startsWith('/') ? root : directory.lower;
  let found: LayerPath[] | undefined;
  // the trace is to hear of each layer, and a path is not looked up in the base itself
  let skips = stack.length > 1 && !superblock.kernel.trace.active;
  const hash = skips ? hashOf(state.name) : 0;
  for (let i = 0; !state.stop && i < stack.length; i++) {
    const { dentry: base, layer } = stack[i]!;
    skips &&= state.redirect === undefined;
    if (skips && base.inode!.lacks?.(dentry.name, hash)) continue;
    checkFollowRedirect(state);
    state.layer = layer;
    if (state.isDir || superblock.dataLayers === 0) {
      state.last = state.mayLeave ? layer.index === root.length : i === stack.length - 1;
    }
    const real = lookupLayer(state, base);
    if (real === undefined) continue;
    if (upper !== undefined && found === undefined && state.isDir)
      fixOrigin(state, dentry, { dentry: real, layer }, upper);
    if (upper !== undefined && found === undefined && !isOriginOf(superblock, upper, { dentry: real, layer })) break;
    // an array that grows from nothing takes 17 places at once, and most names are in one layer
    if (found === undefined) found = [{ dentry: real, layer }];
    else if (!state.metacopy) found.push({ dentry: real, layer });
    if (state.stop) break;
    if (state.redirect?.startsWith('/') && stack !== root) {
      stack = root;
      i = layer.index - 1;
    }
  }
  return found ?? NO_LOWER;
}

/** An upper directory that was merged without a note of where it came from gets one. @see ovl_fix_origin() */
function fixOrigin(state: LookupState, dentry: Dentry, lower: LayerPath, upper: Dentry): void {
  const { superblock } = state;
  if (superblock.noXattr || hasOrigin(superblock, upper.inode!)) return;
  superblock.wantUpperWrite();
  setOrigin(superblock, lower, upper);
  setImpure(superblock, overlayInode(dentry.parent));
}

/** Searches one layer for the name, or for each part of the path. @see ovl_lookup_layer() */
function lookupLayer(state: LookupState, base: Dentry): Dentry | undefined {
  if (!state.name.startsWith('/')) return lookupSingle(state, base, state.name, 0, '');
  let at: Dentry | undefined = base;
  let rest = state.name.length - 1;
  for (;;) {
    const start = state.name.length - rest;
    const slash = state.name.indexOf('/', start);
    const end = slash < 0 ? state.name.length : slash;
    at = lookupSingle(state, at, state.name.slice(start, end), start, state.name.slice(end));
    if (at === undefined || slash < 0) return at;
    rest -= end - start + 1;
  }
}

/**
 * Looks a name up and notes what it means for the layers below.
 *
 * @throws Errno EACCES for what is no name
 * @param before how much of the path stands before the name
 * @param after what of the path is still to come
 * @see ovl_lookup_single()
 */
function lookupSingle(
  state: LookupState,
  base: Dentry,
  name: string,
  before: number,
  after: string,
): Dentry | undefined {
  // only a redirect can say so
  if (name === '' || name === '.' || name === '..') raise('EACCES');
  const found = state.lookupPositive(base, name);
  if (found === undefined) return undefined;
  const real = found.inode!;
  if (isRealWhiteout(state.superblock, real)) {
    state.stop = true;
    state.opaque = true;
    return undefined;
  }
  const isLastPart = after === '';
  if (isLastPart && state.metacopy && !isRegular(real.mode)) {
    state.stop = true;
    return undefined;
  }
  if (!isDirectory(real.mode)) {
    if (state.isDir || !isLastPart) {
      state.stop = true;
      return undefined;
    }
    state.metacopy = hasMetacopyMark(state.superblock, real);
    state.stop = !state.metacopy;
    if (!state.metacopy || state.last) return found;
  } else if (!enterDirectory(state, real, isLastPart)) return found;
  checkRedirect(state, real, before, after);
  return found;
}

/** A directory was found; answers whether it may say where to go on. */
function enterDirectory(state: LookupState, real: Inode, isLastPart: boolean): boolean {
  if (state.superblock.traps.has(real)) raise('ELOOP');
  if (isLastPart) state.isDir = true;
  if (state.last) return false;
  const mark = directoryMark(state.superblock, real, XATTR_OPAQUE);
  if (isLastPart && state.layer!.index > 0 && mark === 'x') {
    state.xwhiteouts = true;
    state.layer!.hasXwhiteouts = true;
  } else if (mark === 'y') {
    state.stop = true;
    if (isLastPart) state.opaque = true;
    return false;
  }
  return true;
}

/** @see ovl_check_redirect() */
function checkRedirect(state: LookupState, real: Inode, before: number, after: string): void {
  const target = readRedirect(state.superblock, real);
  state.absoluteRedirect = target?.startsWith('/') ?? false;
  if (target === undefined) return;
  // above a path there may be an opaque directory, which ended the search
  if (state.absoluteRedirect) state.stop = false;
  state.redirect = (state.absoluteRedirect ? '' : state.name.slice(0, before)) + target + after;
  state.name = state.redirect;
}

/**
 * Whether a lower layer shows something under the name, were it not for the upper one.
 *
 * @see ovl_lower_positive()
 */
export function isLowerPositive(dentry: Dentry): boolean {
  if (dentry.inode === undefined) return isOpaque(dentry);
  const inode = overlayInode(dentry);
  if (inode.upper === undefined) return true;
  const state = new LookupState(inode.superblock, dentry.name);
  for (const { dentry: base, layer } of overlayInode(dentry.parent).lower) {
    state.layer = layer;
    const real = state.lookupPositive(base, dentry.name);
    if (real !== undefined) return !isRealWhiteout(inode.superblock, real.inode!);
  }
  return false;
}
