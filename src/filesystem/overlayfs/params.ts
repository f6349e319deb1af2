/**
 * Mount options as they are read from the data of mount(2).
 *
 * @see fs/overlayfs/params.c, Documentation/filesystems/overlayfs.rst
 */
import { Errno, raise } from '../../abi/errno.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import type { Path } from '../../kernel/mount.ts';
import type { KernelProfile, OverlayModuleParameters } from '../../kernel/profile.ts';
import { defaultConfig, type OverlayConfig, redirectModeOff } from './config.ts';
import { LayerParams } from './layer-params.ts';
import { type SetOption, verifyParams } from './params-verify.ts';

/** The parsed options, with the directories that they name. */
export interface OverlayParams {
  readonly config: OverlayConfig;
  /** Topmost first. */
  readonly lower: readonly Path[];
  /** What was given with `lowerdir+` and `datadir+`, for /proc/mounts. */
  readonly added: readonly string[];
  /** How many of the lower layers, the last ones, are data-only. */
  readonly dataOnly: number;
  readonly upper: Path | undefined;
  readonly work: Path | undefined;
}

/** Who mounts, in which kernel. */
export interface MountContext {
  readonly profile: KernelProfile;
  readonly mounter: Credentials;
  /** The object at a path as the caller sees it. */
  resolve(path: string): Path;
}

interface Draft {
  readonly config: OverlayConfig;
  readonly parameters: OverlayModuleParameters;
  readonly layers: LayerParams;
  readonly given: Set<SetOption>;
  upper: Path | undefined;
  work: Path | undefined;
}

/** Reads the data of mount(2). @throws Errno EINVAL for bad options, what `resolve` gives for directories */
export function parseParams(data: string, context: MountContext): OverlayParams {
  const { overlay: parameters, multipleLowerLayers } = context.profile;
  const resolve = (path: string): Path => context.resolve(path);
  const layers = new LayerParams(multipleLowerLayers ? resolve : orInvalid(resolve), multipleLowerLayers);
  const options = splitOptions(data).filter((option) => option !== '');
  if (!multipleLowerLayers) requireEveryLayer(options);
  const config = defaultConfig(parameters);
  const draft: Draft = { config, parameters, layers, given: new Set(), upper: undefined, work: undefined };
  for (const option of options) parseOption(draft, option);
  config.lowerdir = layers.lowerdir;
  verifyParams(config, draft.given, context.mounter, layers.dataOnly);
  const { lower, added, dataOnly } = layers;
  if (lower.length === 0) raise('EINVAL');
  const { upper, work } = draft;
  return { config, lower, added, dataOnly, upper, work: upper && work };
}

/** A directory that cannot be found is a bad option. @see ovl_mount_dir() of Linux 3.18 */
function orInvalid(resolve: (path: string) => Path): (path: string) => Path {
  return (path) => {
    try {
      return resolve(path);
    } catch (error) {
      throw error instanceof Errno ? raise('EINVAL') : error;
    }
  };
}

/** There is one lower layer, and one upper. @see ovl_fill_super() of Linux 3.18 */
function requireEveryLayer(options: readonly string[]): void {
  const isGiven = (key: string): boolean => options.some((option) => option.startsWith(`${key}=`));
  if (!['lowerdir', 'upperdir', 'workdir'].every(isGiven)) raise('EINVAL');
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

type Parser = (draft: Draft, value: string | undefined) => void;

const layerParsers: Record<string, Parser> = {
  lowerdir: ({ layers }, value) => layers.setLowerdir(value ?? raise('EINVAL')),
  'lowerdir+': ({ layers }, value) => layers.addLower(nonEmpty(value), false),
  'datadir+': ({ layers }, value) => layers.addLower(nonEmpty(value), true),
  upperdir: (draft, value) => {
    draft.upper = draft.layers.upper(nonEmpty(value));
    draft.config.upperdir = value;
  },
  workdir: (draft, value) => {
    draft.work = draft.layers.upper(nonEmpty(value));
    draft.config.workdir = value;
  },
};

/** `nooverride_creds` takes `override_creds` back: both leave the caller of mount(2), who is the mounter. */
const flagParsers: Record<string, Parser> = {
  default_permissions: flag(({ config }) => {
    config.defaultPermissions = true;
  }),
  volatile: flag(({ config }) => {
    config.fsync = 'volatile';
  }),
  userxattr: flag(({ config }) => {
    config.userxattr = true;
  }),
  override_creds: flag(() => undefined),
  nooverride_creds: flag(() => undefined),
};

const enumParsers: Record<string, Parser> = {
  redirect_dir: ({ config, given, parameters }, value) => {
    const mode = oneOf(value, ['off', 'follow', 'nofollow', 'on']);
    config.redirectMode = mode === 'off' ? redirectModeOff(parameters) : mode;
    given.add('redirect_dir');
  },
  index: ({ config, given }, value) => {
    config.index = isOn(value);
    given.add('index');
  },
  metacopy: ({ config, given }, value) => {
    config.metacopy = isOn(value);
    given.add('metacopy');
  },
  nfs_export: ({ config, given }, value) => {
    config.nfsExport = isOn(value);
    given.add('nfs_export');
  },
  uuid: ({ config }, value) => {
    config.uuid = oneOf(value, ['off', 'null', 'auto', 'on']);
  },
  xino: ({ config }, value) => {
    config.xino = oneOf(value, ['off', 'auto', 'on']);
  },
  verity: ({ config }, value) => {
    config.verity = oneOf(value, ['off', 'on', 'require']);
  },
  fsync: ({ config }, value) => {
    config.fsync = oneOf(value, ['volatile', 'auto', 'strict']);
  },
};

const parsers: Record<string, Parser | undefined> = { ...layerParsers, ...flagParsers, ...enumParsers };

function oneOf<const T extends string>(value: string | undefined, allowed: readonly T[]): T {
  return allowed.find((word) => word === value) ?? raise('EINVAL');
}

const isOn = (value: string | undefined): boolean => oneOf(value, ['off', 'on']) === 'on';

/** A word that takes no value. */
function flag(apply: (draft: Draft) => void): Parser {
  return (draft, value) => (value === undefined ? apply(draft) : raise('EINVAL'));
}

const nonEmpty = (value: string | undefined): string => (value === undefined || value === '' ? raise('EINVAL') : value);
