/**
 * What an overlay is set to do.
 *
 * @see fs/overlayfs/ovl_entry.h struct ovl_config
 */
import type { OverlayModuleParameters } from '../../kernel/profile.ts';

export type RedirectMode = 'follow' | 'nofollow' | 'on';
export type UuidMode = 'off' | 'null' | 'auto' | 'on';
export type XinoMode = 'off' | 'auto' | 'on';
export type VerityMode = 'off' | 'on' | 'require';
export type FsyncMode = 'volatile' | 'auto' | 'strict';

export interface OverlayConfig {
  /** As the caller wrote it, for /proc/mounts. */
  lowerdir: string | undefined;
  upperdir: string | undefined;
  workdir: string | undefined;
  defaultPermissions: boolean;
  redirectMode: RedirectMode;
  uuid: UuidMode;
  /** Has no effect where all layers lie on one filesystem. */
  xino: XinoMode;
  index: boolean;
  nfsExport: boolean;
  metacopy: boolean;
  verity: VerityMode;
  /** `volatile`: the upper layer is never synced. `strict`: copied attributes are synced too, not only data. */
  fsync: FsyncMode;
  /** The overlay's own attributes are `user.overlay.…` instead of `trusted.overlay.…`. */
  userxattr: boolean;
}

/** @see ovl_redirect_mode_def() */
function defaultRedirectMode(parameters: OverlayModuleParameters): RedirectMode {
  return parameters.redirectDir ? 'on' : redirectModeOff(parameters);
}

/** What `redirect_dir=off` means. */
export const redirectModeOff = ({ redirectAlwaysFollow }: OverlayModuleParameters): RedirectMode =>
  redirectAlwaysFollow ? 'follow' : 'nofollow';

/** What a mount does without being told. @see ovl_init_fs_context() */
export function defaultConfig(parameters: OverlayModuleParameters): OverlayConfig {
  return {
    lowerdir: undefined,
    upperdir: undefined,
    workdir: undefined,
    defaultPermissions: false,
    redirectMode: defaultRedirectMode(parameters),
    uuid: 'auto',
    xino: parameters.xinoAuto ? 'auto' : 'off',
    index: parameters.index,
    nfsExport: parameters.nfsExport,
    metacopy: parameters.metacopy,
    verity: 'off',
    fsync: 'auto',
    userxattr: false,
  };
}

/** Lower layers may be changed while the overlay is not mounted. @see ovl_allow_offline_changes() */
export const allowsOfflineChanges = ({ index, metacopy, redirectMode, xino }: OverlayConfig): boolean =>
  !index && !metacopy && redirectMode !== 'on' && xino !== 'on';

export const followsRedirects = (config: OverlayConfig): boolean => config.redirectMode !== 'nofollow';

/** The overlay has an identity of its own. @see ovl_has_fsid() */
export const hasFsid = ({ uuid }: OverlayConfig): boolean => uuid === 'on' || uuid === 'auto';

/** @see ovl_should_sync() */
export const shouldSync = ({ fsync }: OverlayConfig): boolean => fsync !== 'volatile';
