/** The first mount and the first task of a kernel. @see init/main.c, init/do_mounts.c */
import { MS_RELATIME } from '../abi/flags.ts';
import { DescriptorTable, FileSystemContext } from '../kernel/context.ts';
import { rootCredentials } from '../kernel/credentials.ts';
import { initUserNamespace } from '../kernel/user-namespace.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Mount, MountNamespace } from '../kernel/mount.ts';
import type { ProgramTable } from '../kernel/program.ts';
import type { Superblock } from '../kernel/superblock.ts';
import { SystemCalls } from '../kernel/system-calls.ts';

/** Mounts `superblock` as `/` of a new namespace and makes the task that calls it so. */
export function startInit(kernel: Kernel, superblock: Superblock, source: string, programs: ProgramTable): SystemCalls {
  const namespace = new MountNamespace(kernel, initUserNamespace);
  kernel.superblocks.add(superblock);
  const mount = new Mount(superblock, superblock.root, source, MS_RELATIME);
  namespace.attach(mount);
  const place = { mount, dentry: superblock.root };
  return new SystemCalls({
    kernel,
    programs,
    credentials: rootCredentials,
    fs: new FileSystemContext(place, place, 0o022),
    files: new DescriptorTable(),
    namespace,
  });
}
