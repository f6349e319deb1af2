/**
 * The options that name layers: `lowerdir`, `lowerdir+`, `datadir+`, `upperdir`, `workdir`.
 *
 * @see fs/overlayfs/params.c ovl_parse_layer(), ovl_parse_param_lowerdir()
 */
import { raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Path } from '../../kernel/mount.ts';

/** The most lower layers a mount takes. */
const OVL_MAX_STACK = 500;

/** The layers as far as they were given. */
export class LayerParams {
  readonly #resolve: (path: string) => Path;
  readonly #multipleLowers: boolean;
  /** The value of `lowerdir`, for /proc/mounts. */
  lowerdir: string | undefined = undefined;
  /** Topmost first. */
  lower: Path[] = [];
  /** The names that came with `lowerdir+` and `datadir+`, for /proc/mounts. */
  added: string[] = [];
  /** How many of the lower layers, the last ones, are data-only. */
  dataOnly = 0;

  constructor(resolve: (path: string) => Path, multipleLowers: boolean) {
    this.#resolve = resolve;
    this.#multipleLowers = multipleLowers;
  }

  /** A layer that is written to: not on another overlay, nor on what is read-only. */
  upper(value: string): Path {
    const path = this.#directory(withoutEscapes(value));
    if (path.mount.readOnly || path.mount.superblock.stackDepth > 0) raise('EINVAL');
    return path;
  }

  /** Replaces all lower layers before. @see ovl_parse_param_lowerdir() */
  setLowerdir(value: string): void {
    this.lowerdir = undefined;
    this.lower = [];
    this.added = [];
    this.dataOnly = 0;
    if (value === '') return;
    const names = this.#multipleLowers ? splitLowerdirs(value) : [{ name: value, dataOnly: false }];
    if (names.length > OVL_MAX_STACK) raise('EINVAL');
    for (const { name, dataOnly } of names) {
      if (!dataOnly && this.dataOnly > 0) raise('EINVAL');
      this.lower.push(this.#directory(withoutEscapes(name)));
      if (dataOnly) this.dataOnly++;
    }
    this.lowerdir = value;
  }

  /** One more layer below those there are; its name is taken as it stands. @see ovl_mount_dir_check() */
  addLower(value: string, dataOnly: boolean): void {
    const path = this.#directory(value);
    if (this.lowerdir !== undefined) raise('EINVAL');
    if (this.dataOnly > 0 && !dataOnly) raise('EINVAL');
    if (this.lower.length === OVL_MAX_STACK) raise('EINVAL');
    this.lower.push(path);
    this.added.push(value);
    if (dataOnly) this.dataOnly++;
  }

  #directory(name: string): Path {
    if (name === '') raise('EINVAL');
    const path = this.#resolve(name);
    return isDirectory(path.dentry.inode!.mode) ? path : raise('EINVAL');
  }
}

const withoutEscapes = (name: string): string => name.replace(/\\(.?)/gs, '$1');

/** One colon separates layers, two begin a data-only layer. @see ovl_parse_param_split_lowerdirs() */
function splitLowerdirs(value: string): { name: string; dataOnly: boolean }[] {
  if (value.startsWith(':')) raise('EINVAL');
  const names: { name: string; dataOnly: boolean }[] = [];
  let start = 0;
  let dataOnly = false;
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === ':') {
      names.push({ name: value.slice(start, at), dataOnly });
      dataOnly = value[at + 1] === ':';
      if (dataOnly) at++;
      start = at + 1;
      if (start >= value.length || value[start] === ':') raise('EINVAL');
    }
  }
  names.push({ name: value.slice(start), dataOnly });
  return names;
}
