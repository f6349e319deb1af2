/**
 * Options that exclude or need one another: what was asked for in so many words is refused, what is only a default
 * gives way.
 *
 * @see fs/overlayfs/params.c ovl_fs_params_verify()
 */
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { raise } from '../../abi/errno.ts';
import { type Credentials, isCapable } from '../../kernel/credentials.ts';
import type { OverlayConfig } from './config.ts';

/** Options whose being given at all, whatever the value, makes a conflict an error. */
export type SetOption = 'redirect_dir' | 'index' | 'nfs_export' | 'metacopy';

type Given = Set<SetOption>;

/**
 * Settles what the options mean together.
 *
 * @param dataOnly how many layers are data-only
 * @throws Errno EINVAL; EPERM for what needs `trusted.` attributes
 */
export function verifyParams(config: OverlayConfig, given: Given, mounter: Credentials, dataOnly: number): void {
  if (config.upperdir === undefined) ignoreUseless(config, given);
  resolveMetacopy(config, given);
  resolveNfsExport(config, given);
  if (config.userxattr) resolveUserxattr(config, given);
  else if (!isCapable(mounter, CAP_SYS_ADMIN)) refuseTrusted(config, given, dataOnly);
}

/** What makes sense with an upper layer only. */
function ignoreUseless(config: OverlayConfig, given: Given): void {
  config.workdir = undefined;
  if (config.index) given.delete('index');
  config.index = false;
  if (config.fsync === 'volatile') config.fsync = 'auto';
  if (config.uuid === 'on') config.uuid = 'null';
  if (config.redirectMode === 'follow') config.redirectMode = 'on';
}

/** Files whose data lies below are found by redirects. */
function resolveMetacopy(config: OverlayConfig, given: Given): void {
  if (!config.metacopy || config.redirectMode === 'on') return;
  if (!given.has('redirect_dir')) config.redirectMode = 'on';
  else if (given.has('metacopy')) raise('EINVAL');
  else config.metacopy = false;
}

/** File handles need the index, and whole files. */
function resolveNfsExport(config: OverlayConfig, given: Given): void {
  if (config.nfsExport && !config.index) {
    if (config.upperdir === undefined && config.redirectMode !== 'nofollow') config.nfsExport = false;
    else if (!given.has('index')) config.index = true;
    else if (given.has('nfs_export')) raise('EINVAL');
    else config.nfsExport = false;
  }
  if (config.nfsExport && config.metacopy) {
    if (!given.has('metacopy')) config.metacopy = false;
    else if (given.has('nfs_export')) raise('EINVAL');
    else config.nfsExport = false;
  }
}

/** Attributes that anybody can write are not to be trusted with redirects. */
function resolveUserxattr(config: OverlayConfig, given: Given): void {
  if (given.has('redirect_dir') && config.redirectMode !== 'nofollow') raise('EINVAL');
  if (given.has('metacopy') && config.metacopy) raise('EINVAL');
  config.redirectMode = 'nofollow';
  config.metacopy = false;
}

/** Who may not write `trusted.` attributes cannot ask for what is kept in them. */
function refuseTrusted(config: OverlayConfig, given: Given, dataOnly: number): void {
  if (given.has('redirect_dir') && config.redirectMode !== 'nofollow') raise('EPERM');
  if (given.has('metacopy') && config.metacopy) raise('EPERM');
  if (config.verity !== 'off' || dataOnly > 0) raise('EPERM');
}
