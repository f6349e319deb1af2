/** /proc/<pid>/uid_map, gid_map and setgroups: how a user namespace gets its ids. @see kernel/user_namespace.c */
import { CAP_SETFCAP, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { raise } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import { type Credentials, isCapableIn } from '../../kernel/credentials.ts';
import { type IdExtent, IdMap, INVALID_ID, parseIdMap } from '../../kernel/id-map.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { fromKgid, fromKuid, makeKgid, makeKuid, type UserNamespace } from '../../kernel/user-namespace.ts';

/** Which of the two maps of a namespace. */
export type IdKind = 'uid' | 'gid';

/** What is written to setgroups has to be shorter than this. */
const SETGROUPS_SIZE = 8;

const mapOf = (namespace: UserNamespace, kind: IdKind): IdMap => (kind === 'uid' ? namespace.uidMap : namespace.gidMap);

/** The lines as the caller's namespace knows the ids below. @see uid_m_show() */
export function formatIdMap(kernel: Kernel, namespace: UserNamespace, kind: IdKind): string {
  const own = kernel.credentials.userNamespace;
  const reader = own === namespace && own.parent !== undefined ? own.parent : own;
  const from = kind === 'uid' ? fromKuid : fromKgid;
  const pad = (id: number): string => `${id >>> 0}`.padStart(10);
  return mapOf(namespace, kind)
    .extents.map(({ first, lower, count }) => `${pad(first)} ${pad(from(reader, lower))} ${pad(count)}\n`)
    .join('');
}

/**
 * Sets a map, once.
 *
 * @throws Errno EINVAL for what is no map, EPERM for ids that the opener may not give away
 * @see proc_uid_map_write(), map_write()
 */
export function writeIdMap(
  kernel: Kernel,
  namespace: UserNamespace,
  kind: IdKind,
  opener: Credentials,
  text: string,
): void {
  const { parent } = namespace;
  if (parent === undefined) raise('EPERM');
  if (opener.userNamespace !== namespace && opener.userNamespace !== parent) raise('EPERM');
  if (text.length >= PAGE_SIZE) raise('EINVAL');
  if (!mapOf(namespace, kind).isEmpty) raise('EPERM');
  if (!isCapableIn(opener, namespace, CAP_SYS_ADMIN)) raise('EPERM');
  const extents = parseIdMap(text);
  if (!isPermitted(kernel, namespace, parent, kind, opener, extents)) raise('EPERM');
  const below = mapOf(parent, kind);
  const made = new IdMap(extents.map((extent) => ({ ...extent, lower: below.downRange(extent.lower, extent.count) })));
  if (made.extents.some(({ lower }) => lower === INVALID_ID)) raise('EPERM');
  if (kind === 'uid') namespace.uidMap = made;
  else namespace.gidMap = made;
}

/** One may map one's own id; others only with the right to take them. @see new_idmap_permitted() */
function isPermitted(
  { credentials }: Kernel,
  namespace: UserNamespace,
  parent: UserNamespace,
  kind: IdKind,
  opener: Credentials,
  extents: readonly IdExtent[],
): boolean {
  if (kind === 'uid' && !mayMapRoot(namespace, parent, opener, extents)) return false;
  const [{ lower, count }] = extents as [IdExtent];
  if (extents.length === 1 && count === 1 && namespace.owner === opener.euid) {
    if (kind === 'uid' && makeKuid(parent, lower) === opener.euid) return true;
    if (kind === 'gid' && !namespace.setgroupsAllowed && makeKgid(parent, lower) === opener.egid) return true;
  }
  const capability = kind === 'uid' ? CAP_SETUID : CAP_SETGID;
  return isCapableIn(credentials, parent, capability) && isCapableIn(opener, parent, capability);
}

/** The parent's root in a namespace could give files capabilities that count for the parent. @see verify_root_map() */
function mayMapRoot(
  namespace: UserNamespace,
  parent: UserNamespace,
  opener: Credentials,
  extents: readonly IdExtent[],
): boolean {
  if (!extents.some(({ lower }) => lower === 0)) return true;
  if (opener.userNamespace === namespace) return namespace.parentCouldSetfcap;
  return isCapableIn(opener, parent, CAP_SETFCAP);
}

export const formatSetgroups = ({ setgroupsAllowed }: UserNamespace): string =>
  setgroupsAllowed ? 'allow\n' : 'deny\n';

/** setgroups(2) can be refused for good as long as no group is mapped. @see proc_setgroups_write() */
export function writeSetgroups(namespace: UserNamespace, text: string): void {
  if (text.length >= SETGROUPS_SIZE) raise('EINVAL');
  const [, word] = /^(allow|deny)\s*$/.exec(text.replace(/\0.*$/s, '')) ?? raise('EINVAL');
  if (word === 'allow') {
    if (!namespace.setgroupsAllowed) raise('EPERM');
  } else {
    if (!namespace.gidMap.isEmpty) raise('EPERM');
    namespace.setgroupsAllowed = false;
  }
}
