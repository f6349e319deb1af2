import { CAP_FULL_SET } from '../abi/capability.ts';
import { initUserNamespace, type UserNamespace } from './user-namespace.ts';

/**
 * Who a task is. Immutable: a change makes a new value, so that open files and mounts may keep the one they were
 * made with.
 *
 * @see include/linux/cred.h
 */
export interface Credentials {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  /** What file permissions are checked against; follows `euid`. */
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  /** The effective capabilities, a sum of `CAP_…`. They count in {@link userNamespace}. */
  readonly capabilities: number;
  /** What the ids that calls take and tell belong to; the ids here are the machine's. */
  readonly userNamespace: UserNamespace;
}

/** Root, with every capability. */
export const rootCredentials: Credentials = Object.freeze({
  uid: 0,
  euid: 0,
  suid: 0,
  fsuid: 0,
  gid: 0,
  egid: 0,
  sgid: 0,
  fsgid: 0,
  groups: Object.freeze([]),
  capabilities: CAP_FULL_SET,
  userNamespace: initUserNamespace,
});

/** Has the capability, one of `CAP_…`, over the whole machine. @see capable() */
export const isCapable = (credentials: Credentials, capability: number): boolean =>
  (credentials.capabilities & capability) !== 0 && credentials.userNamespace === initUserNamespace;

/** Has the capability over what belongs to `namespace`. @see ns_capable(), cap_capable() */
export function isCapableIn(credentials: Credentials, namespace: UserNamespace, capability: number): boolean {
  const own = credentials.userNamespace;
  for (let at = namespace; at !== own; at = at.parent!) {
    if (at.level <= own.level) return false;
    if (at.parent === own && at.owner === credentials.euid) return true;
  }
  return (credentials.capabilities & capability) !== 0;
}

/** Has the capability over a file, whose owner and group its namespace has to know. @see capable_wrt_inode_uidgid() */
export const isCapableOver = (
  { capabilities, userNamespace }: Credentials,
  inode: { readonly uid: number; readonly gid: number },
  capability: number,
): boolean =>
  (capabilities & capability) !== 0 && (userNamespace === initUserNamespace || userNamespace.hasOwner(inode));

/** The group is the task's own or one of its supplementary ones. */
export const isInGroup = (credentials: Credentials, gid: number): boolean =>
  credentials.fsgid === gid || credentials.groups.includes(gid);
