/** What a kernel tells of itself. @see init/version.c, fs/proc/version.c */
import type { UtsName } from '../abi/utsname.ts';
import type { KernelProfile } from './profile.ts';

/** How the kernel was built: made up but for the words that stand there on every machine of several processors. */
const BUILD = '#1 SMP PREEMPT_DYNAMIC';
/** What stands where nobody has given a name. @see CONFIG_DEFAULT_HOSTNAME, UTS_DOMAINNAME */
const NO_NAME = '(none)';

export function utsnameOf({ version }: KernelProfile): UtsName {
  return {
    sysname: 'Linux',
    nodename: NO_NAME,
    release: version,
    version: BUILD,
    machine: 'x86_64',
    domainname: NO_NAME,
  };
}

/** The line of /proc/version; who built the kernel, and with what, the profile does not tell. */
export const procVersionOf = ({ version }: KernelProfile): string =>
  `Linux version ${version} (lowerdir@machine) (lowerdir) ${BUILD}\n`;
