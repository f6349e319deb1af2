/**
 * Mount options: how they are read, what they may not be combined with, and how they are shown.
 *
 * @see fs/overlayfs/params.c, Documentation/filesystems/overlayfs.rst
 */
import { raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Path } from '../../kernel/mount.ts';

/** The most lower layers a mount takes. */
export const OVL_MAX_STACK = 500;

export type RedirectMode = 'follow' | 'nofollow' | 'on';
export type UuidMode = 'off' | 'null' | 'auto' | 'on';
export type XinoMode = 'off' | 'auto' | 'on';
export type VerityMode = 'off' | 'on' | 'require';

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
  volatile: boolean;
  /** The overlay's own attributes are `user.overlay.…` instead of `trusted.overlay.…`. */
  userxattr: boolean;
}

/** The parsed options, with the directories that they name. */
export interface OverlayParams {
  readonly config: OverlayConfig;
  /** Topmost first. */
  readonly lower: readonly Path[];
  /** What was given with `lowerdir+`, for /proc/mounts. */
  readonly added: readonly string[];
  /** How many of the lower layers, the last ones, are data-only. */
  readonly dataOnly: number;
  readonly upper: Path | undefined;
  readonly work: Path | undefined;
}

type Resolve = (path: string) => Path;

interface Draft {
  config: OverlayConfig;
  lower: Path[];
  /** Layers were added one by one, with `lowerdir+`. */
  added: string[];
  /** How many of the lower layers are data-only. */
  dataOnly: number;
  upper: Path | undefined;
  work: Path | undefined;
  /** The options that were given, whatever their value: a conflict with them is an error. */
  readonly set: Set<string>;
  readonly resolve: Resolve;
}

/** What the module takes without being told: `redirect_always_follow=Y`, everything else off. */
function defaultConfig(): OverlayConfig {
  return {
    lowerdir: undefined,
    upperdir: undefined,
    workdir: undefined,
    defaultPermissions: false,
    redirectMode: 'follow',
    uuid: 'auto',
    xino: 'off',
    index: false,
    nfsExport: false,
    metacopy: false,
    verity: 'off',
    volatile: false,
    userxattr: false,
  };
}

const DEFAULTS = defaultConfig();

/** Reads the data of mount(2). @throws Errno EINVAL for bad options, what `resolve` gives for directories */
export function parseParams(data: string, resolve: Resolve): OverlayParams {
  const draft: Draft = {
    config: defaultConfig(),
    lower: [],
    added: [],
    dataOnly: 0,
    upper: undefined,
    work: undefined,
    set: new Set(),
    resolve,
  };
  for (const option of splitOptions(data)) if (option !== '') parseOption(draft, option);
  verify(draft);
  return draft;
}

/** Commas separate, a backslash takes the special meaning from what follows it. @see ovl_next_opt() */
function splitOptions(data: string): string[] {
  const options: string[] = [];
  let start = 0;
  for (let at = 0; at < data.length; at++) {
    if (data[at] === '\\') at++;
    else if (data[at] === ',') {
      options.push(data.slice(start, at));
      start = at + 1;
    }
  }
  options.push(data.slice(start));
  return options;
}

/** @see vfs_parse_monolithic_sep(), ovl_parse_param() */
function parseOption(draft: Draft, option: string): void {
  const equals = option.indexOf('=');
  if (equals === 0) return;
  const key = equals < 0 ? option : option.slice(0, equals);
  const value = equals < 0 ? undefined : option.slice(equals + 1);
  const parse = parsers[key];
  if (parse === undefined) raise('EINVAL');
  parse(draft, value);
}

const parsers: Record<string, ((draft: Draft, value: string | undefined) => void) | undefined> = {
  lowerdir: (draft, value) => parseLowerdir(draft, value ?? raise('EINVAL')),
  'lowerdir+': (draft, value) => addLowerdir(draft, nonEmpty(value)),
  upperdir: (draft, value) => {
    draft.upper = upperDirectory(draft, nonEmpty(value));
    draft.config.upperdir = value;
  },
  workdir: (draft, value) => {
    draft.work = upperDirectory(draft, nonEmpty(value));
    draft.config.workdir = value;
  },
  default_permissions: (draft, value) => {
    noValue(value);
    draft.config.defaultPermissions = true;
  },
  redirect_dir: (draft, value) => {
    const mode = oneOf(value, ['off', 'follow', 'nofollow', 'on']);
    draft.config.redirectMode = mode === 'off' ? DEFAULTS.redirectMode : mode;
    draft.set.add('redirect_dir');
  },
  uuid: (draft, value) => {
    draft.config.uuid = oneOf(value, ['off', 'null', 'auto', 'on']);
  },
  xino: (draft, value) => {
    draft.config.xino = oneOf(value, ['off', 'auto', 'on']);
  },
  override_creds: (_, value) => noValue(value),
  nooverride_creds: (_, value) => noValue(value),
  index: (draft, value) => {
    draft.config.index = oneOf(value, ['off', 'on']) === 'on';
    draft.set.add('index');
  },
  metacopy: (draft, value) => {
    draft.config.metacopy = oneOf(value, ['off', 'on']) === 'on';
    draft.set.add('metacopy');
  },
  nfs_export: (draft, value) => {
    draft.config.nfsExport = oneOf(value, ['off', 'on']) === 'on';
    draft.set.add('nfs_export');
  },
  verity: (draft, value) => {
    draft.config.verity = oneOf(value, ['off', 'on', 'require']);
  },
  volatile: (draft, value) => {
    noValue(value);
    draft.config.volatile = true;
  },
  userxattr: (draft, value) => {
    noValue(value);
    draft.config.userxattr = true;
  },
};

function oneOf<const T extends string>(value: string | undefined, allowed: readonly T[]): T {
  return allowed.find((word) => word === value) ?? raise('EINVAL');
}

/** @throws Errno EINVAL for a word that takes no value and has one */
function noValue(value: string | undefined): void {
  if (value !== undefined) raise('EINVAL');
}

const nonEmpty = (value: string | undefined): string => (value === undefined || value === '' ? raise('EINVAL') : value);

const withoutEscapes = (name: string): string => name.replace(/\\(.?)/gs, '$1');

/** @see ovl_mount_dir() */
function directoryAt(draft: Draft, name: string): Path {
  if (name === '') raise('EINVAL');
  const path = draft.resolve(name);
  if (!isDirectory(path.dentry.inode!.mode)) raise('EINVAL');
  return path;
}

/** Another overlay cannot be written to as a layer. */
function upperDirectory(draft: Draft, value: string): Path {
  const path = directoryAt(draft, withoutEscapes(value));
  if (path.mount.readOnly || path.mount.superblock.stackDepth > 0) raise('EINVAL');
  return path;
}

/** Each `lowerdir=` replaces the ones before. @see ovl_parse_param_lowerdir() */
function parseLowerdir(draft: Draft, value: string): void {
  draft.lower = [];
  draft.added = [];
  draft.dataOnly = 0;
  draft.config.lowerdir = undefined;
  if (value === '') return;
  if (value.startsWith(':')) raise('EINVAL');
  const names = splitLowerdirs(value);
  if (names.length > OVL_MAX_STACK) raise('EINVAL');
  for (const [i, { name, dataOnly }] of names.entries()) {
    if (!dataOnly && i > 0 && names[i - 1]!.dataOnly) raise('EINVAL');
    draft.lower.push(directoryAt(draft, withoutEscapes(name)));
    if (dataOnly) draft.dataOnly++;
  }
  draft.config.lowerdir = value;
}

function addLowerdir(draft: Draft, value: string): void {
  const path = directoryAt(draft, value);
  if (draft.config.lowerdir !== undefined || draft.lower.length === OVL_MAX_STACK) raise('EINVAL');
  draft.lower.push(path);
  draft.added.push(value);
}

/** One colon separates layers, two begin a data-only layer. @see ovl_parse_param_split_lowerdirs() */
function splitLowerdirs(value: string): { name: string; dataOnly: boolean }[] {
  if (/(^|[^\\]):::/.test(value)) raise('EINVAL');
  const names: { name: string; dataOnly: boolean }[] = [];
  let start = 0;
  let dataOnly = false;
  const take = (end: number): void => {
    names.push({ name: value.slice(start, end), dataOnly });
  };
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === ':') {
      take(at);
      dataOnly = value[at + 1] === ':';
      if (dataOnly) at++;
      start = at + 1;
    }
  }
  if (start === value.length) raise('EINVAL');
  take(value.length);
  return names;
}

/** @see ovl_fs_params_verify() */
function verify(draft: Draft): void {
  const { config } = draft;
  if (config.upperdir === undefined) ignoreUselessOptions(draft);
  resolveMetacopy(draft);
  resolveNfsExport(draft);
  if (config.userxattr) resolveUserxattr(draft);
  if (draft.lower.length === 0) raise('EINVAL');
}

/** What only makes sense with an upper layer. */
function ignoreUselessOptions(draft: Draft): void {
  const { config } = draft;
  config.workdir = undefined;
  draft.work = undefined;
  draft.set.delete('index');
  config.index = false;
  config.volatile = false;
  if (config.uuid === 'on') config.uuid = 'null';
  if (config.redirectMode === 'follow') config.redirectMode = 'on';
}

/** Files whose data lies below are found by redirects. @throws Errno EINVAL */
function resolveMetacopy({ config, set }: Draft): void {
  if (!config.metacopy || config.redirectMode === 'on') return;
  if (!set.has('redirect_dir')) config.redirectMode = 'on';
  else if (set.has('metacopy')) raise('EINVAL');
  else config.metacopy = false;
}

/** File handles need the index, and whole files. @throws Errno EINVAL */
function resolveNfsExport({ config, set }: Draft): void {
  if (config.nfsExport && !config.index) {
    if (config.upperdir === undefined && config.redirectMode !== 'nofollow') config.nfsExport = false;
    else if (!set.has('index')) config.index = true;
    else if (set.has('nfs_export')) raise('EINVAL');
    else config.nfsExport = false;
  }
  if (config.nfsExport && config.metacopy) {
    if (!set.has('metacopy')) config.metacopy = false;
    else if (set.has('nfs_export')) raise('EINVAL');
    else config.nfsExport = false;
  }
}

/** Attributes that anybody can write are not to be trusted with redirects. @throws Errno EINVAL */
function resolveUserxattr({ config, set }: Draft): void {
  if (set.has('redirect_dir') && config.redirectMode !== 'nofollow') raise('EINVAL');
  if (config.metacopy && set.has('metacopy')) raise('EINVAL');
  if (config.verity !== 'off') raise('EINVAL');
  config.redirectMode = 'nofollow';
  config.metacopy = false;
}

const escapeOption = (value: string): string =>
  value.replace(/[, \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);

const onOff = (value: boolean): string => (value ? 'on' : 'off');

/** The options as /proc/mounts prints them. @see ovl_show_options() */
export function showParams(config: OverlayConfig, lowerNames: readonly string[]): string {
  let shown = '';
  const show = (name: string, value: string): void => {
    shown += `,${name}=${escapeOption(value)}`;
  };
  if (config.lowerdir !== undefined) show('lowerdir', config.lowerdir);
  else for (const name of lowerNames) show('lowerdir+', name);
  if (config.upperdir !== undefined) {
    show('upperdir', config.upperdir);
    show('workdir', config.workdir!);
  }
  if (config.defaultPermissions) shown += ',default_permissions';
  if (config.redirectMode !== DEFAULTS.redirectMode) shown += `,redirect_dir=${config.redirectMode}`;
  if (config.index !== DEFAULTS.index) shown += `,index=${onOff(config.index)}`;
  if (config.uuid !== DEFAULTS.uuid) shown += `,uuid=${config.uuid}`;
  if (config.nfsExport !== DEFAULTS.nfsExport) shown += `,nfs_export=${onOff(config.nfsExport)}`;
  if (config.metacopy !== DEFAULTS.metacopy) shown += `,metacopy=${onOff(config.metacopy)}`;
  if (config.volatile) shown += ',volatile';
  if (config.userxattr) shown += ',userxattr';
  if (config.verity !== DEFAULTS.verity) shown += `,verity=${config.verity}`;
  return shown;
}

/** Lower layers may be changed while the overlay is not mounted. @see ovl_allow_offline_changes() */
export const allowsOfflineChanges = ({ index, metacopy, redirectMode, xino }: OverlayConfig): boolean =>
  !index && !metacopy && redirectMode !== 'on' && xino !== 'on';
export const followsRedirects = (config: OverlayConfig): boolean => config.redirectMode !== 'nofollow';
