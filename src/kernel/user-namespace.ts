/**
 * User namespaces: each has ids of its own, which a map translates to those of the machine, and a root whose
 * capabilities count for what belongs to the namespace.
 *
 * Inside the kernel every id is the machine's (Linux's `kuid_t`); it is translated where a call takes or tells one.
 *
 * @see user_namespaces(7), kernel/user_namespace.c
 */
import { emptyIdMap, identityIdMap, type IdMap, INVALID_ID, OVERFLOW_ID } from './id-map.ts';

export class UserNamespace {
  readonly parent: UserNamespace | undefined;
  /** How many lie around it. */
  readonly level: number;
  /** Who made it, in ids of the machine: that user has every capability in it. */
  readonly owner: number;
  readonly group: number;
  /** The one who made it could have given a file the capabilities of its root. */
  readonly parentCouldSetfcap: boolean;
  /** Empty until they are written, which can be done once. */
  uidMap: IdMap = emptyIdMap;
  gidMap: IdMap = emptyIdMap;
  /** setgroups(2) may be used once the groups are mapped. */
  setgroupsAllowed: boolean;

  constructor(parent: UserNamespace | undefined, owner: number, group: number, parentCouldSetfcap: boolean) {
    this.parent = parent;
    this.level = parent === undefined ? 0 : parent.level + 1;
    this.owner = owner;
    this.group = group;
    this.parentCouldSetfcap = parentCouldSetfcap;
    this.setgroupsAllowed = parent?.setgroupsAllowed ?? true;
  }

  /** Both ids of an inode exist in the namespace. @see privileged_wrt_inode_uidgid() */
  hasOwner({ uid, gid }: { readonly uid: number; readonly gid: number }): boolean {
    return this.uidMap.up(uid) !== INVALID_ID && this.gidMap.up(gid) !== INVALID_ID;
  }

  /** The same namespace in a forked machine. */
  fork(parent: UserNamespace): UserNamespace {
    const made = new UserNamespace(parent, this.owner, this.group, this.parentCouldSetfcap);
    made.uidMap = this.uidMap;
    made.gidMap = this.gidMap;
    made.setgroupsAllowed = this.setgroupsAllowed;
    return made;
  }
}

/** Where every machine starts: its ids are the machine's, and nothing of it can change. */
export const initUserNamespace: UserNamespace = makeInitial();

function makeInitial(): UserNamespace {
  const initial = new UserNamespace(undefined, 0, 0, true);
  initial.uidMap = identityIdMap;
  initial.gidMap = identityIdMap;
  return Object.freeze(initial);
}

/** The machine's id for one that a caller names; `INVALID_ID` where there is none. @see make_kuid() */
export const makeKuid = (namespace: UserNamespace, uid: number): number =>
  namespace === initUserNamespace ? uid : namespace.uidMap.down(uid);
export const makeKgid = (namespace: UserNamespace, gid: number): number =>
  namespace === initUserNamespace ? gid : namespace.gidMap.down(gid);

/** The id of the namespace; `INVALID_ID` where there is none. @see from_kuid() */
export const fromKuid = (namespace: UserNamespace, kuid: number): number =>
  namespace === initUserNamespace ? kuid : namespace.uidMap.up(kuid);
export const fromKgid = (namespace: UserNamespace, kgid: number): number =>
  namespace === initUserNamespace ? kgid : namespace.gidMap.up(kgid);

const munged = (id: number): number => (id === INVALID_ID ? OVERFLOW_ID : id);

/** The id that a caller is told: 65534 for one that it does not know. @see from_kuid_munged() */
export const fromKuidMunged = (namespace: UserNamespace, kuid: number): number => munged(fromKuid(namespace, kuid));
export const fromKgidMunged = (namespace: UserNamespace, kgid: number): number => munged(fromKgid(namespace, kgid));
