/** What the module of overlayfs is told: the defaults of each mount. @see /sys/module/overlay/parameters */
export interface OverlayModuleParameters {
  readonly redirectDir: boolean;
  /** Redirects are followed where they are not made. */
  readonly redirectAlwaysFollow: boolean;
  /** The longest absolute redirect that is made, in bytes. */
  readonly redirectMax: number;
  readonly index: boolean;
  readonly nfsExport: boolean;
  readonly metacopy: boolean;
  readonly xinoAuto: boolean;
}

/** What a kernel image is: its version, the filesystems built into it, its settings. It belongs to bootfs. */
export interface KernelProfile {
  /** As `uname -r` prints it. */
  readonly version: string;
  /** The names in `/proc/filesystems`, in its order. */
  readonly filesystems: readonly string[];
  /** `/proc/sys/fs/protected_…` */
  readonly protectedHardlinks: boolean;
  readonly protectedSymlinks: boolean;
  readonly protectedRegular: 0 | 1 | 2;
  readonly protectedFifos: 0 | 1 | 2;
  readonly overlay: OverlayModuleParameters;
  /**
   * A descriptor of an overlay's file that was opened for reading shows what was written since the file was copied up.
   * Before Linux 4.19 it was one of the lower file, for good.
   */
  readonly stackedFileOperations: boolean;
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
  memory: 16 * 2 ** 30,
});
