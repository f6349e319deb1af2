/**
 * `security.capability`: the capabilities of a program file, as callers hand them in, as they are kept and as they are
 * told. Those that the root of a user namespace gives count for its namespace only, and are kept with its id.
 *
 * @see security/commoncap.c
 */
import { CAP_SETFCAP } from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import { isCapableIn, isCapableOver } from './credentials.ts';
import { INVALID_ID } from './id-map.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';
import { fromKuid, initUserNamespace, makeKuid, type UserNamespace } from './user-namespace.ts';

const REVISION_MASK = 0xff000000;
const REVISION_2 = 0x02000000;
const REVISION_3 = 0x03000000;
const FLAG_EFFECTIVE = 1;
/** `struct vfs_cap_data` */
const SIZE_2 = 20;
/** `struct vfs_ns_cap_data`: one more word, the root that the capabilities count for. */
const SIZE_3 = 24;

const viewOf = (value: Uint8Array): DataView => new DataView(value.buffer, value.byteOffset, value.byteLength);
const wordAt = (value: Uint8Array, offset: number): number => viewOf(value).getUint32(offset, true);

function revisionOf(value: Uint8Array): number | undefined {
  if (value.length !== SIZE_2 && value.length !== SIZE_3) return undefined;
  const revision = (wordAt(value, 0) & REVISION_MASK) >>> 0;
  if (value.length === SIZE_2 && revision === REVISION_2) return REVISION_2;
  return value.length === SIZE_3 && revision === REVISION_3 ? REVISION_3 : undefined;
}

/** The same capabilities for the root `rootid`; without one for that of the filesystem. */
function rewritten(value: Uint8Array, rootid: number | undefined): Uint8Array {
  const made = new Uint8Array(rootid === undefined ? SIZE_2 : SIZE_3);
  made.set(value.subarray(0, SIZE_2));
  const view = viewOf(made);
  const revision = rootid === undefined ? REVISION_2 : REVISION_3;
  view.setUint32(0, (revision | (wordAt(value, 0) & FLAG_EFFECTIVE)) >>> 0, true);
  if (rootid !== undefined) view.setUint32(SIZE_2, rootid, true);
  return made;
}

const filesystemNamespace = (inode: Inode): UserNamespace => inode.superblock.userNamespace ?? initUserNamespace;

/** What is kept of a value that a caller sets. An empty one is stored as it is. @see cap_convert_nscap() */
export function fileCapabilitiesToKeep(kernel: Kernel, inode: Inode, value: Uint8Array): Uint8Array {
  if (value.length === 0) return value;
  const revision = revisionOf(value) ?? raise('EINVAL');
  const { credentials } = kernel;
  if (!isCapableOver(credentials, inode, CAP_SETFCAP)) raise('EPERM');
  const namespace = filesystemNamespace(inode);
  if (revision === REVISION_2 && isCapableIn(credentials, namespace, CAP_SETFCAP)) return value;
  const root = makeKuid(credentials.userNamespace, revision === REVISION_3 ? wordAt(value, SIZE_2) : 0);
  if (root === INVALID_ID) raise('EINVAL');
  const kept = fromKuid(namespace, root);
  return kept === INVALID_ID ? raise('EINVAL') : rewritten(value, kept);
}

/**
 * What a caller is told: the id of a root that he knows, nothing of it when it is his own root or one above.
 *
 * @throws Errno EOVERFLOW for capabilities of a namespace that is no concern of the caller's
 * @see cap_inode_getsecurity()
 */
export function fileCapabilitiesAsTold(kernel: Kernel, inode: Inode, value: Uint8Array): Uint8Array {
  const revision = revisionOf(value) ?? raise('EINVAL');
  const { userNamespace } = kernel.credentials;
  const root = makeKuid(filesystemNamespace(inode), revision === REVISION_3 ? wordAt(value, SIZE_2) : 0);
  const told = root === INVALID_ID ? INVALID_ID : fromKuid(userNamespace, root);
  if (told !== INVALID_ID && told !== 0) return rewritten(value, told);
  return isRootWithin(userNamespace, root) ? rewritten(value, undefined) : raise('EOVERFLOW');
}

/** The id is the root of the namespace or of one around it. @see rootid_owns_currentns() */
function isRootWithin(namespace: UserNamespace, kuid: number): boolean {
  for (let at: UserNamespace | undefined = namespace; at !== undefined; at = at.parent) {
    if (fromKuid(at, kuid) === 0) return true;
  }
  return false;
}
