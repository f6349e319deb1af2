import { CAP_FULL_SET } from '../abi/capability.ts';

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
  /** The effective capabilities, a sum of `CAP_…`. */
  readonly capabilities: number;
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
});

/** Has the capability, one of `CAP_…`. */
export const isCapable = (credentials: Credentials, capability: number): boolean =>
  (credentials.capabilities & capability) !== 0;

/** The group is the task's own or one of its supplementary ones. */
export const isInGroup = (credentials: Credentials, gid: number): boolean =>
  credentials.fsgid === gid || credentials.groups.includes(gid);
