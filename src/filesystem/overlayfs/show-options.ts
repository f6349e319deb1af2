/** The options of a mounted overlay as /proc/mounts prints them. @see fs/overlayfs/params.c ovl_show_options() */
import { defaultConfig, type OverlayConfig } from './config.ts';
import type { OverlayModuleParameters } from '../../kernel/profile.ts';

/** What there is to tell besides the configuration. */
export interface ShownLayers {
  /** What `lowerdir+` and `datadir+` were given, where `lowerdir` was not. */
  readonly added: readonly string[];
  /** How many of them, the last ones, came with `datadir+`. */
  readonly dataOnly: number;
  /** All layers lie on one filesystem, where `xino` has no effect. */
  readonly sameFilesystem: boolean;
}

const escapeOption = (value: string): string =>
  value.replace(/[, \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);

const onOff = (value: boolean): string => (value ? 'on' : 'off');

function showLayers({ lowerdir, upperdir, workdir }: OverlayConfig, { added, dataOnly }: ShownLayers): string {
  const show = (name: string, value: string): string => `,${name}=${escapeOption(value)}`;
  const merged = added.length - dataOnly;
  const lower = added.map((name, i) => show(i < merged ? 'lowerdir+' : 'datadir+', name)).join('');
  const upper = upperdir === undefined ? '' : show('upperdir', upperdir) + show('workdir', workdir!);
  return (lowerdir === undefined ? lower : show('lowerdir', lowerdir)) + upper;
}

/** What differs from what the module was told. */
export function showOptions(config: OverlayConfig, layers: ShownLayers, parameters: OverlayModuleParameters): string {
  const defaults = defaultConfig(parameters);
  const { redirectMode, index, uuid, nfsExport, xino, metacopy, fsync, verity } = config;
  const shown: readonly (readonly [differs: boolean, text: string])[] = [
    [config.defaultPermissions, 'default_permissions'],
    [redirectMode !== defaults.redirectMode, `redirect_dir=${redirectMode}`],
    [index !== defaults.index, `index=${onOff(index)}`],
    [uuid !== defaults.uuid, `uuid=${uuid}`],
    [nfsExport !== defaults.nfsExport, `nfs_export=${onOff(nfsExport)}`],
    [xino !== defaults.xino && !layers.sameFilesystem, `xino=${xino}`],
    [metacopy !== defaults.metacopy, `metacopy=${onOff(metacopy)}`],
    [fsync !== defaults.fsync, `fsync=${fsync}`],
    [config.userxattr, 'userxattr'],
    [verity !== defaults.verity, `verity=${verity}`],
  ];
  return showLayers(config, layers) + shown.map(([differs, text]) => (differs ? `,${text}` : '')).join('');
}
