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
  memory: 16 * 2 ** 30,
});
