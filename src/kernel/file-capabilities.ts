/** `security.capability`: the capabilities of a program file, as callers hand them in and get them. @see security/commoncap.c */
import { CAP_SETFCAP } from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import { isCapable } from './credentials.ts';
import type { Kernel } from './kernel.ts';

const REVISION_MASK = 0xff000000;
const REVISION_2 = 0x02000000;
const REVISION_3 = 0x03000000;
/** `struct vfs_cap_data` */
const SIZE_2 = 20;
/** `struct vfs_ns_cap_data`: one more word, the root that the capabilities count for. */
const SIZE_3 = 24;

const wordAt = (value: Uint8Array, offset: number): number =>
  new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(offset, true);

function revisionOf(value: Uint8Array): number | undefined {
  if (value.length !== SIZE_2 && value.length !== SIZE_3) return undefined;
  const revision = (wordAt(value, 0) & REVISION_MASK) >>> 0;
  if (value.length === SIZE_2 && revision === REVISION_2) return REVISION_2;
  return value.length === SIZE_3 && revision === REVISION_3 ? REVISION_3 : undefined;
}

/** May a caller set this value? An empty one is stored as it is. @see cap_convert_nscap() */
export function checkSetFileCapabilities(kernel: Kernel, value: Uint8Array): void {
  if (value.length === 0) return;
  if (revisionOf(value) === undefined) raise('EINVAL');
  if (!isCapable(kernel.credentials, CAP_SETFCAP)) raise('EPERM');
}

/** What a caller is told: capabilities of the machine's own root come without its name. @see cap_inode_getsecurity() */
export function fileCapabilitiesAsTold(value: Uint8Array): Uint8Array {
  const revision = revisionOf(value) ?? raise('EINVAL');
  if (revision === REVISION_2 || wordAt(value, SIZE_2) !== 0) return value;
  const told = value.slice(0, SIZE_2);
  const flags = wordAt(value, 0) & ~REVISION_MASK;
  new DataView(told.buffer).setUint32(0, (flags | REVISION_2) >>> 0, true);
  return told;
}
