import { AT_FDCWD } from '../abi/flags.ts';
import type { Dentry } from './dentry.ts';
import { LOOKUP_FOLLOW, resolvePath } from './namei.ts';
import {
  checkXattrArguments,
  checkXattrName,
  vfsGetxattr,
  vfsListxattr,
  vfsRemovexattr,
  vfsSetxattr,
} from './xattr.ts';
import { wantWrite } from './mount.ts';

import { NameSystemCalls } from './name-system-calls.ts';

export abstract class XattrSystemCalls extends NameSystemCalls {
  protected at(path: string, flags: number): Dentry {
    return resolvePath(this, AT_FDCWD, path, flags).dentry;
  }

  protected writableAt(path: string, flags: number): Dentry {
    const place = resolvePath(this, AT_FDCWD, path, flags);
    wantWrite(place.mount);
    return place.dentry;
  }

  protected writableFd(fd: number): Dentry {
    const file = this.files.getUsable(fd);
    wantWrite(file.mount);
    return file.dentry;
  }

  protected getxattrOf(call: string, path: string | undefined, name: string, find: () => Dentry): Uint8Array {
    return this.call(call, path, undefined, () => {
      checkXattrName(name);
      return vfsGetxattr(this.kernel, find(), name);
    });
  }

  getxattr(path: string, name: string): Uint8Array {
    return this.getxattrOf('getxattr', path, name, () => this.at(path, LOOKUP_FOLLOW));
  }

  lgetxattr(path: string, name: string): Uint8Array {
    return this.getxattrOf('lgetxattr', path, name, () => this.at(path, 0));
  }

  fgetxattr(fd: number, name: string): Uint8Array {
    return this.getxattrOf('fgetxattr', undefined, name, () => this.files.getUsable(fd).dentry);
  }

  protected setxattrOf(
    call: string,
    path: string | undefined,
    name: string,
    value: Uint8Array,
    flags: number,
    find: () => Dentry,
  ): void {
    this.call(call, path, undefined, () => {
      checkXattrArguments(name, value, flags);
      vfsSetxattr(this.kernel, find(), name, value, flags);
    });
  }

  setxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.setxattrOf('setxattr', path, name, value, flags, () => this.writableAt(path, LOOKUP_FOLLOW));
  }

  lsetxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.setxattrOf('lsetxattr', path, name, value, flags, () => this.writableAt(path, 0));
  }

  fsetxattr(fd: number, name: string, value: Uint8Array, flags = 0): void {
    this.setxattrOf('fsetxattr', undefined, name, value, flags, () => this.writableFd(fd));
  }

  protected removexattrOf(call: string, path: string | undefined, name: string, find: () => Dentry): void {
    this.call(call, path, undefined, () => {
      checkXattrName(name);
      vfsRemovexattr(this.kernel, find(), name);
    });
  }

  removexattr(path: string, name: string): void {
    this.removexattrOf('removexattr', path, name, () => this.writableAt(path, LOOKUP_FOLLOW));
  }

  lremovexattr(path: string, name: string): void {
    this.removexattrOf('lremovexattr', path, name, () => this.writableAt(path, 0));
  }

  fremovexattr(fd: number, name: string): void {
    this.removexattrOf('fremovexattr', undefined, name, () => this.writableFd(fd));
  }

  listxattr(path: string): string[] {
    return this.call('listxattr', path, undefined, () => vfsListxattr(this.kernel, this.at(path, LOOKUP_FOLLOW)));
  }

  llistxattr(path: string): string[] {
    return this.call('llistxattr', path, undefined, () => vfsListxattr(this.kernel, this.at(path, 0)));
  }

  flistxattr(fd: number): string[] {
    return this.call('flistxattr', undefined, undefined, () =>
      vfsListxattr(this.kernel, this.files.getUsable(fd).dentry),
    );
  }
}
