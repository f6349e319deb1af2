/** What the module of overlayfs is told: the defaults of each mount. @see /sys/module/overlay/parameters */
export interface OverlayModuleParameters {
  /** `redirect_dir`: without the option, a mount makes and follows redirects. */
  readonly redirectDir: boolean;
  /** `redirect_always_follow`: redirects are followed where they are not made, and `redirect_dir=off` is `follow`. */
  readonly redirectAlwaysFollow: boolean;
  /** `redirect_max`: the longest absolute redirect that is made, in bytes; beyond it a rename gives EXDEV. */
  readonly redirectMax: number;
  /** `index` */
  readonly index: boolean;
  /** `nfs_export`; needs `index`. */
  readonly nfsExport: boolean;
  /** `metacopy`; turns `redirect_dir` on, unless the mount says otherwise. */
  readonly metacopy: boolean;
  /** `xino_auto`: without the option, a mount has `xino=auto`. */
  readonly xinoAuto: boolean;
}

/**
 * What a kernel image is: its version, the filesystems built into it, its settings. It belongs to bootfs.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { linux_6_18 } from 'lowerdir/kernel';
 * import { bootfsOf } from 'lowerdir/machine';
 * const overlay = { ...linux_6_18.overlay, redirectDir: true };
 * const machine = createMachine({ bootfs: bootfsOf({ ...linux_6_18, overlay }) });
 * machine.boot();
 * for (const name of ['/l', '/l/d', '/u', '/w', '/m']) machine.fs.mkdirSync(name);
 * machine.task.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w');
 * machine.task.rename('/m/d', '/m/e');
 * ```
 */
export interface KernelProfile {
  /** As `uname -r` prints it. */
  readonly version: string;
  /** The names in `/proc/filesystems`, in its order. */
  readonly filesystems: readonly string[];
  /** `/proc/sys/fs/protected_hardlinks`; the next three are its likes. */
  readonly protectedHardlinks: boolean;
  readonly protectedSymlinks: boolean;
  readonly protectedRegular: 0 | 1 | 2;
  readonly protectedFifos: 0 | 1 | 2;
  /** What overlayfs does where a mount does not say. */
  readonly overlay: OverlayModuleParameters;
  /**
   * A descriptor of an overlay's file that was opened for reading shows what was written since the file was copied up.
   * Before Linux 4.19 it was one of the lower file, for good.
   */
  readonly stackedFileOperations: boolean;
  /**
   * Overlayfs takes several lower layers, or lower layers alone. Before Linux 4.0 it took one lower layer below an upper
   * one: colons in `lowerdir` are part of a name, and a mount without `upperdir` and `workdir` gives EINVAL.
   */
  readonly multipleLowerLayers: boolean;
  /** Memory of the machine in bytes: tmpfs takes half of it unless told otherwise. */
  readonly memory: number;
}

/** Linux 6.18 with the settings of an unconfigured system. */
export const linux_6_18: KernelProfile = Object.freeze({
  version: '6.18.0',
  filesystems: Object.freeze(['tmpfs', 'proc', 'overlay', 'hostfs', 'memfs']),
  protectedHardlinks: true,
  protectedSymlinks: false,
  protectedRegular: 0,
  protectedFifos: 0,
  overlay: Object.freeze({
    redirectDir: false,
    redirectAlwaysFollow: true,
    redirectMax: 256,
    index: false,
    nfsExport: false,
    metacopy: false,
    xinoAuto: false,
  }),
  stackedFileOperations: true,
  multipleLowerLayers: true,
  memory: 16 * 2 ** 30,
});
