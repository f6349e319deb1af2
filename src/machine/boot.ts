/**
 * From bootfs to rootfs. Each step is an event that tells the memory in use before and after it.
 *
 * @see bootup(7), init/do_mounts.c, switch_root(8)
 */
import { MS_MOVE, MS_RDONLY, MS_REMOUNT, O_CREAT, O_WRONLY } from '../abi/flags.ts';
import type { SystemCalls } from '../kernel/system-calls.ts';
import type { Bootfs, BootFile } from './bootfs.ts';
import type { Rootfs } from './rootfs.ts';

/**
 * The steps of booting, in order. The last is read-write for a host, the writable layer for a container, or
 * `emergency`.
 */
export type BootStep =
  | 'load-bootfs'
  | 'start-kernel'
  | 'unmount-bootfs'
  | 'mount-rootfs-read-only'
  | 'check-rootfs'
  | 'remount-rootfs-read-write'
  | 'mount-writable-layer'
  | 'emergency';

/** One step of booting, with the memory in use before and after it. */
export interface BootEvent {
  readonly step: BootStep;
  readonly what: string;
  /** Bytes in use before and after. */
  readonly memoryBefore: number;
  readonly memoryAfter: number;
  /** What the check found. */
  readonly errors?: readonly string[];
}

/** What booting works on. */
export interface BootingMachine {
  readonly task: SystemCalls;
  /** Bytes in use. */
  memory(): number;
  /** The kernel's own code and data, from now on. */
  residentKernel: number;
}

/** The first root of every kernel; bootfs and the real root are mounted in it. @see rootfs in init/do_mounts.c */
const BOOT = '/boot';
const SYSROOT = '/sysroot';

/** Runs every step; answers what happened. A failed check ends in the emergency state: rootfs stays read-only. */
export function bootMachine(machine: BootingMachine, bootfs: Bootfs, rootfs: Rootfs): readonly BootEvent[] {
  const events: BootEvent[] = [];
  const step = (name: BootStep, what: string, act: () => readonly string[] | undefined): void => {
    const memoryBefore = machine.memory();
    const errors = act();
    const event = { step: name, what, memoryBefore, memoryAfter: machine.memory() };
    events.push(errors === undefined || errors.length === 0 ? event : { ...event, errors });
  };
  startKernel(machine, bootfs, step);
  const { task } = machine;
  step('mount-rootfs-read-only', `${rootfs.type ?? 'tmpfs'} on /, read-only`, () => mountRootfs(task, rootfs));
  let errors: readonly string[] = [];
  step('check-rootfs', 'the filesystem check', () => {
    errors = checkRootfs(task, rootfs);
    return errors;
  });
  if (errors.length > 0) step('emergency', '/ stays read-only', () => enterRoot(task, SYSROOT));
  else if (rootfs.role === 'host') step('remount-rootfs-read-write', '/ is read-write', () => openForWriting(task));
  else step('mount-writable-layer', 'a union over the read-only root', () => addWritableLayer(task));
  return events;
}

type Step = (name: BootStep, what: string, act: () => undefined) => void;

function startKernel(machine: BootingMachine, bootfs: Bootfs, step: Step): void {
  const { task } = machine;
  const files = [bootfs.bootloader, bootfs.kernel, bootfs.initramfs];
  step('load-bootfs', files.map((file) => file.path).join(', '), () => {
    task.mkdir(BOOT);
    task.mount('bootfs', BOOT, 'tmpfs');
    for (const file of files) loadFile(task, file);
  });
  step('start-kernel', `Linux ${bootfs.kernel.profile.version}`, () => {
    machine.residentKernel = bootfs.kernel.size;
  });
  step('unmount-bootfs', 'its memory is free again', () => {
    task.umount(BOOT);
    task.rmdir(BOOT);
  });
}

/** Reads a file into memory: pages are taken for its whole size. */
function loadFile(task: SystemCalls, file: BootFile): void {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  const fd = task.open(`${BOOT}/${name}`, O_WRONLY | O_CREAT, 0o600);
  task.fallocate(fd, 0, 0, file.size);
  task.close(fd);
}

function mountRootfs(task: SystemCalls, rootfs: Rootfs): undefined {
  const { type = 'tmpfs', source = 'rootfs', data = type === 'tmpfs' ? 'mode=755' : '' } = rootfs;
  task.mkdir(SYSROOT);
  task.mount(source, SYSROOT, type, data);
  if (rootfs.install !== undefined) {
    const installer = task.clone();
    installer.chroot(SYSROOT);
    installer.chdir('/');
    rootfs.install(installer);
    installer.exit();
  }
  task.mount('', SYSROOT, '', '', MS_REMOUNT | MS_RDONLY);
}

function checkRootfs(task: SystemCalls, rootfs: Rootfs): readonly string[] {
  const checker = task.clone() as SystemCalls;
  checker.chroot(SYSROOT);
  checker.chdir('/');
  const own = checker.fs.root.mount.superblock.check();
  const errors = [...own, ...(rootfs.check?.(checker) ?? [])];
  checker.exit();
  return errors;
}

function openForWriting(task: SystemCalls): undefined {
  task.mount('', SYSROOT, '', '', MS_REMOUNT);
  return enterRoot(task, SYSROOT);
}

/** The container's way: the read-only root below, a tmpfs with upperdir and workdir beside it, the union as `/`. */
function addWritableLayer(task: SystemCalls): undefined {
  task.mkdir('/writable');
  task.mount('writable', '/writable', 'tmpfs', 'mode=755');
  for (const name of ['upper', 'work', 'merged']) task.mkdir(`/writable/${name}`, 0o755);
  const options = `lowerdir=${SYSROOT},upperdir=/writable/upper,workdir=/writable/work`;
  task.mount('overlay', '/writable/merged', 'overlay', options);
  return enterRoot(task, '/writable/merged');
}

/** Moves the mounted tree over the kernel's first root, which nobody sees from then on. @see switch_root(8) */
function enterRoot(task: SystemCalls, path: string): undefined {
  task.chdir(path);
  task.mount('.', '/', '', '', MS_MOVE);
  task.chroot('.');
}
