/** The options of a mounted union as /proc/mounts prints them. @see fs/aufs/super.c aufs_show_options() */
import { type AufsConfig, defaultConfig } from './config.ts';
import { showCreatePolicy } from './policy.ts';

/** A word, or its opposite, where it is not what holds without it. */
const showFlag = (name: string, value: boolean, byDefault: boolean): string =>
  value === byDefault ? '' : `,${value ? '' : 'no'}${name}`;

const showValue = (name: string, value: string | number, byDefault: string | number): string =>
  value === byDefault ? '' : `,${name}=${value}`;

/**
 * What differs from the defaults, each with a leading comma; the branches are told by sysfs, under the directory that
 * `si` names.
 *
 * @param si the number of the superblock
 */
export function showOptions(config: AufsConfig, si: bigint): string {
  const defaults = defaultConfig();
  return [
    showFlag('acl', config.acl, defaults.acl),
    `,si=${si.toString(16)}`,
    showFlag('xino', config.xino, defaults.xino),
    showFlag('trunc_xino', config.truncXino, defaults.truncXino),
    showValue('udba', config.udba, defaults.udba),
    showFlag('shwh', config.shwh, defaults.shwh),
    showFlag('plink', config.plink, defaults.plink),
    showFlag('dio', config.dio, defaults.dio),
    showFlag('dirperm1', config.dirperm1, defaults.dirperm1),
    showValue('create', showCreatePolicy(config.create), defaults.create.name),
    showValue('cpup', config.cpup, defaults.cpup),
    showValue('diropq', config.diropq, defaults.diropq),
    showValue('dirwh', config.dirwh >>> 0, defaults.dirwh),
    showValue('rdcache', config.rdcache, defaults.rdcache),
    showValue('rdblk', config.rdblk, defaults.rdblk),
    showValue('rdhash', config.rdhash, defaults.rdhash),
    showFlag('sum', config.sum, defaults.sum),
    showFlag('warn_perm', config.warnPerm, defaults.warnPerm),
    showFlag('verbose', config.verbose, defaults.verbose),
  ].join('');
}
