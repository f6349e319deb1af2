/**
 * The mount of one layer over those below: a branch for each. What does not fit the page that mount(2) reads is appended
 * by remounts, as many branches at once as a page holds.
 *
 * @see moby daemon/graphdriver/aufs/aufs.go (aufsMount)
 */
import { labelled } from '../mount-label.ts';
import { errnoText } from '../../abi/errno-text.ts';
import { MNT_DETACH, MS_REMOUNT, PAGE_SIZE } from '../../abi/flags.ts';
import type { Task } from '../../kernel/task.ts';
import { DriverError } from '../driver-error.ts';
import { attempt, isErrno } from '../refusal.ts';

/** Where AUFS keeps its table of inode numbers: in memory, in a file without a name. */
export const XINO = 'xino=/dev/shm/aufs.xino';
const DIRPERM1 = ',dirperm1';
/** What Docker leaves free in the page for the other options and a label's quotes. */
const OTHER_OPTIONS = 54;

/** How many branches one call takes beside its options: AUFS keeps what it reads in a page of its own. @see fs/aufs/opts.c au_opts_parse() */
const CALL_BRANCHES = 80;

/** What is to be mounted. */
export interface BranchMount {
  /** The mount point. */
  readonly target: string;
  /** The layer's own directory. */
  readonly branch: string;
  /** Those of the layers below, the nearest first. */
  readonly below: readonly string[];
  /** The permissions of the topmost branch alone count. */
  readonly dirperm1: boolean;
  /** An SELinux context, or `''`. */
  readonly label: string;
}

const lengthOf = (text: string): number => new TextEncoder().encode(text).length;

/**
 * The options of mount(2), and of each remount behind it.
 *
 * @throws DriverError `ERR_DRIVER_MOUNT` where one branch alone is longer than a page
 */
export function mountData(mount: BranchMount): readonly string[] {
  const { branch, below, dirperm1, label } = mount;
  const room = PAGE_SIZE - lengthOf(label) - OTHER_OPTIONS - (dirperm1 ? DIRPERM1.length : 0);
  const first = fill(`br:${branch}=rw`, below, (path) => `:${path}=ro+wh`, room);
  const options = `dio,${XINO}${dirperm1 ? DIRPERM1 : ''}`;
  const data = [labelled(`${fitting(mount, first.text, room)},${options}`, label)];
  for (let at = first.count; at < below.length; ) {
    const { text, count } = fill('', below.slice(at), (path) => `append:${path}=ro+wh,`, room);
    if (count === 0) throw tooLong(mount, below[at]!);
    data.push(labelled(text, label));
    at += count;
  }
  return data;
}

/** Appends as many branches as fit; answers the text and how many there are. */
function fill(begin: string, branches: readonly string[], option: (path: string) => string, room: number) {
  let text = begin;
  let length = lengthOf(begin);
  let count = 0;
  for (const branch of branches) {
    const more = option(branch);
    length += lengthOf(more);
    if (length > room || count === CALL_BRANCHES) break;
    text += more;
    count++;
  }
  return { text, count };
}

function fitting(mount: BranchMount, text: string, room: number): string {
  if (lengthOf(text) > room) throw tooLong(mount, mount.branch);
  return text;
}

const tooLong = ({ target }: BranchMount, branch: string): DriverError =>
  new DriverError(
    'ERR_DRIVER_MOUNT',
    `error creating aufs mount to ${target}: the options for the branch ${branch} do not fit a page`,
  );

/**
 * Mounts the layer; where a branch cannot be appended nothing stays mounted.
 *
 * @throws DriverError `ERR_DRIVER_MOUNT`
 */
export function mountLayer(task: Task, mount: BranchMount): void {
  const { target } = mount;
  const [first, ...appended] = mountData(mount);
  mountAt(task, target, first!, 0);
  try {
    for (const data of appended) mountAt(task, target, data, MS_REMOUNT);
  } catch (error) {
    attempt(() => task.umount(target, MNT_DETACH));
    throw error;
  }
}

function mountAt(task: Task, target: string, data: string, flags: number): void {
  try {
    task.mount('none', target, 'aufs', data, flags);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const how = flags === 0 ? '' : 'flags=MS_REMOUNT ';
    const call = `mount target=${target} ${how}data=${data}: ${errnoText(error.code)}`;
    throw new DriverError('ERR_DRIVER_MOUNT', `error creating aufs mount to ${target}: ${call}`, error);
  }
}
