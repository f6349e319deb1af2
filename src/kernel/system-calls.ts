/** A task with all of its system calls: those about mounts, watching and the task itself, on top of the others. */
import { raise } from '../abi/errno.ts';
import {
  CLONE_NEWNS,
  CLONE_NEWUSER,
  INOTIFY_BITS,
  IN_DONT_FOLLOW,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONLYDIR,
} from '../abi/flags.ts';
import type { Timespec } from '../abi/stat.ts';
import type { UtsName } from '../abi/utsname.ts';
import type { Fork } from './fork.ts';
import {
  chrootCall,
  clearCapabilities,
  getGroups,
  getResgid,
  getResuid,
  setFsgid,
  setFsuid,
  setGroups,
  setResgid,
  setResuid,
  unshareCall,
} from './identity-calls.ts';
import { inotifyOf, inotifyOpen } from './inotify-file.ts';
import type { InotifyEvent } from './inotify.ts';
import { mountCall, pivotRootCall, umountCall } from './mount-calls.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW } from './namei.ts';
import { checkPermission } from './permission.ts';
import type { ProgramTable } from './program.ts';
import { quotactlCall } from './quota-calls.ts';
import type { Task } from './task.ts';
import { utsnameOf } from './utsname.ts';
import { XattrSystemCalls } from './xattr-system-calls.ts';

export class SystemCalls extends XattrSystemCalls implements Task {
  /** The counterpart of this task in a forked machine. */
  fork(fork: Fork, programs: ProgramTable): SystemCalls {
    const parts = {
      kernel: fork.kernel,
      programs,
      credentials: fork.credentials(this.credentials),
      fs: this.fs.fork(fork),
      files: this.files.fork(fork),
      namespace: fork.namespace(this.namespace),
    };
    return new SystemCalls(parts, this.pid);
  }

  mount(source: string, target: string, type: string, data = '', flags = 0): void {
    this.call('mount', source, target, () => mountCall(this, source, target, type, data, flags));
  }

  umount(target: string, flags = 0): void {
    this.call('umount', target, undefined, () => umountCall(this, target, flags));
  }

  quotactl(command: number, special: string, id: number, argument?: unknown): unknown {
    return this.call('quotactl', special, undefined, () => quotactlCall(this, command, special, id, argument));
  }

  pivotRoot(newRoot: string, putOld: string): void {
    this.call('pivot_root', newRoot, putOld, () => pivotRootCall(this, newRoot, putOld));
  }

  inotifyInit(): number {
    return this.call('inotify_init', undefined, undefined, () => this.files.install(inotifyOpen(this)));
  }

  inotifyAddWatch(fd: number, path: string, mask: number): number {
    return this.call('inotify_add_watch', path, undefined, () => {
      if ((mask & INOTIFY_BITS) === 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      if ((mask & IN_MASK_ADD) !== 0 && (mask & IN_MASK_CREATE) !== 0) raise('EINVAL');
      const instance = inotifyOf(file);
      const directory = (mask & IN_ONLYDIR) !== 0 ? LOOKUP_DIRECTORY : 0;
      const follow = (mask & IN_DONT_FOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW;
      const dentry = this.at(path, follow | directory);
      checkPermission(this.kernel, dentry.inode!, 4);
      return instance.add(dentry.inode!, mask);
    });
  }

  inotifyRemoveWatch(fd: number, watch: number): void {
    this.call('inotify_rm_watch', undefined, undefined, () => {
      if (!inotifyOf(this.files.getUsable(fd)).remove(watch)) raise('EINVAL');
    });
  }

  inotifyRead(fd: number): InotifyEvent[] {
    return this.call('read', undefined, undefined, () => inotifyOf(this.files.getUsable(fd)).read());
  }

  inotifyListen(fd: number, listener: (() => void) | undefined): void {
    this.call('fcntl', undefined, undefined, () => {
      inotifyOf(this.files.getUsable(fd)).listener = listener;
    });
  }

  clone(flags = 0): Task {
    return this.call('clone', undefined, undefined, () => {
      if ((flags & ~(CLONE_NEWNS | CLONE_NEWUSER)) !== 0) raise('EINVAL');
      const parts = { kernel: this.kernel, programs: this.programs, credentials: this.credentials };
      const shared = { fs: this.fs.copy(), files: this.files.copy(), namespace: this.namespace };
      const child = new SystemCalls({ ...parts, ...shared });
      try {
        unshareCall(child, flags);
      } catch (error) {
        child.exit();
        throw error;
      }
      return child;
    });
  }

  chroot(path: string): void {
    this.call('chroot', path, undefined, () => chrootCall(this, path));
  }

  unshare(flags: number): void {
    this.call('unshare', undefined, undefined, () => unshareCall(this, flags));
  }

  setresuid(real: number, effective: number, saved: number): void {
    this.call('setresuid', undefined, undefined, () => setResuid(this, real, effective, saved));
  }

  setresgid(real: number, effective: number, saved: number): void {
    this.call('setresgid', undefined, undefined, () => setResgid(this, real, effective, saved));
  }

  setfsuid(uid: number): number {
    return this.call('setfsuid', undefined, undefined, () => setFsuid(this, uid));
  }

  setfsgid(gid: number): number {
    return this.call('setfsgid', undefined, undefined, () => setFsgid(this, gid));
  }

  setgroups(groups: readonly number[]): void {
    this.call('setgroups', undefined, undefined, () => setGroups(this, groups));
  }

  getresuid(): number[] {
    return this.call('getresuid', undefined, undefined, () => getResuid(this));
  }

  getresgid(): number[] {
    return this.call('getresgid', undefined, undefined, () => getResgid(this));
  }

  getgroups(): number[] {
    return this.call('getgroups', undefined, undefined, () => getGroups(this));
  }

  capset(effective: number): void {
    this.call('capset', undefined, undefined, () => clearCapabilities(this, effective));
  }

  exec(path: string, argv: readonly string[]): number {
    return this.call('execve', path, undefined, () => this.programs.exec(this, path, argv));
  }

  getrandom(into: Uint8Array): void {
    this.call('getrandom', undefined, undefined, () => into.set(this.kernel.random.bytes(into.length)));
  }

  clockGettime(): Timespec {
    return this.call('clock_gettime', undefined, undefined, () => this.kernel.now());
  }

  uname(): UtsName {
    return this.call('uname', undefined, undefined, () => utsnameOf(this.kernel.profile));
  }

  nanosleep(duration: Timespec): void {
    this.call('nanosleep', undefined, undefined, () => {
      if (duration.sec < 0 || duration.nsec < 0 || duration.nsec > 999_999_999) raise('EINVAL');
      this.kernel.clock.advance(duration.sec * 1e9 + duration.nsec);
      this.kernel.timers.run(this.kernel.now());
    });
  }

  exit(): void {
    for (const [fd] of this.files.entries()) this.close(fd);
    this.fs.close();
    this.kernel.tasks.delete(this);
  }
}
