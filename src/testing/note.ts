/** Writes into the account of a sequence what an operation probably does. */
import {
  MAP_SHARED,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_PATH,
  O_RDONLY,
  O_TMPFILE,
  O_WRONLY,
  PROT_WRITE,
} from '../abi/flags.ts';
import type { Account, HeldFile } from './account.ts';
import type { Operation } from './operations.ts';

const CWD_SLOT = 5;

type Open = Extract<Operation, { call: 'open' | 'openat' }>;

/** What the slot holds when that succeeds; `undefined` when it probably does not. */
function opened(account: Account, path: string, flags: number): HeldFile | undefined {
  const access = flags & O_ACCMODE;
  const [read, write] = [access !== O_WRONLY && access !== 3, access !== O_RDONLY && access !== 3];
  const kind = account.kind(path);
  if ((flags & O_TMPFILE) === O_TMPFILE)
    return kind === 'directory' && write ? { path: '', kind: 'file', read, write } : undefined;
  const makes = kind === undefined && (flags & (O_CREAT | O_PATH)) === O_CREAT && account.isFree(path);
  if (makes && (flags & O_DIRECTORY) === 0) return { path, kind: 'file', read, write };
  if ((flags & O_PATH) !== 0 || (kind !== 'directory' && kind !== 'file')) return undefined;
  if (kind === 'directory') return (flags & O_CREAT) !== 0 || write ? undefined : { path, kind, read, write };
  return (flags & O_DIRECTORY) !== 0 || (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)
    ? undefined
    : { path, kind, read, write };
}

/** The path that a name below a held directory has in the tree. */
function pathAt(account: Account, at: number, name: string): string | undefined {
  const directory = at === CWD_SLOT ? account.cwd : account.slots.get(at)?.path;
  return directory === undefined || directory === '' ? directory && name : `${directory}/${name}`;
}

function noteOpen(account: Account, op: Open): void {
  const path = op.call === 'open' ? op.path : pathAt(account, op.at, op.path);
  const held = path === undefined ? undefined : opened(account, path, op.flags);
  if (path === undefined || held === undefined) return;
  account.slots.set(op.slot, held);
  if ((op.flags & O_CREAT) !== 0) account.add(path, 'file');
}

function noteMmap(account: Account, op: Extract<Operation, { call: 'mmap' }>): void {
  const held = account.slots.get(op.slot);
  const needsWrite = (op.protection & PROT_WRITE) !== 0 && (op.flags & MAP_SHARED) !== 0;
  if (held?.kind === 'file' && held.read && (held.write || !needsWrite) && op.length > 0 && op.offset % 4096 === 0) {
    account.regions.add(op.region);
  }
}

/** Names. Answers whether the operation was one of those. */
function noteName(account: Account, op: Operation): boolean {
  if (op.call === 'mkdir') account.add(op.path, 'directory');
  else if (op.call === 'symlink') account.add(op.path, 'symlink');
  else if (op.call === 'mknod')
    account.add(op.path, (op.mode & 0o170000) === 0 || (op.mode & 0o170000) === 0o100000 ? 'file' : 'node');
  else if (op.call === 'link' || op.call === 'linkat')
    account.add(op.newPath, account.kind(op.path) === 'symlink' ? 'symlink' : 'file');
  else if (op.call === 'linkSlot') account.add(op.newPath, 'file');
  else if (op.call === 'unlink') account.remove(op.path);
  else if (op.call === 'rmdir' && account.isEmpty(op.path)) account.remove(op.path);
  else if (op.call === 'rename') account.move(op.path, op.newPath);
  else if (op.call === 'renameat2' && op.flags === 2) account.exchange(op.path, op.newPath);
  else if (op.call === 'renameat2' && op.flags < 5) account.move(op.path, op.newPath);
  else return false;
  return true;
}

function noteAttribute(account: Account, op: Operation): boolean {
  if (op.call === 'setxattr' || op.call === 'lsetxattr') account.setAttribute(op.path, op.name);
  else if (op.call === 'removexattr' || op.call === 'lremovexattr') account.removeAttribute(op.path, op.name);
  else if (op.call === 'fsetxattr') account.setAttribute(account.slots.get(op.slot)?.path ?? '', op.name);
  else if (op.call === 'fremovexattr') account.removeAttribute(account.slots.get(op.slot)?.path ?? '', op.name);
  else return false;
  return true;
}

export function note(account: Account, op: Operation): void {
  if (noteName(account, op) || noteAttribute(account, op)) return;
  if (op.call === 'open' || op.call === 'openat') noteOpen(account, op);
  else if (op.call === 'close') account.slots.delete(op.slot);
  else if (op.call === 'dup' && account.slots.has(op.slot)) account.slots.set(op.to, account.slots.get(op.slot)!);
  else if (op.call === 'mmap') noteMmap(account, op);
  else if (op.call === 'munmap') account.regions.delete(op.region);
  else if (op.call === 'chdir' && account.kind(op.path) === 'directory') account.cwd = op.path;
  else if (op.call === 'fchdir' && account.slots.get(op.slot)?.kind === 'directory')
    account.cwd = account.slots.get(op.slot)!.path;
  else if (op.call === 'stack' || (op.call === 'remount' && op.close)) account.letGo();
}
