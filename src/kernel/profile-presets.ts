/**
 * Kernels that Docker has met: what each had to stand on decided which driver it started with. A profile says what can
 * be said of a kernel here; a filesystem that it names is there once somebody hands one of that name to the machine.
 */
import { type KernelProfile, type OverlayModuleParameters, linux_6_18 } from './profile.ts';

/** Overlayfs before Linux 4.10 had no parameters: it made no redirects and followed none. */
const noParameters: OverlayModuleParameters = Object.freeze({
  ...linux_6_18.overlay,
  redirectAlwaysFollow: false,
});

/** What all kernels before Linux 4.0 have in common. */
const before_4_0 = {
  /** Not there before Linux 4.19: commit 30aba6656f61. */
  protectedRegular: 0,
  protectedFifos: 0,
  overlay: noParameters,
  /** Not there before Linux 4.19: commit d1d04ef8572b. */
  stackedFileOperations: false,
  /** Not there before Linux 4.0: "ovl: support multiple lower layers". */
  multipleLowerLayers: false,
  memory: linux_6_18.memory,
} as const;

/**
 * Ubuntu 14.04 as it was released in 2014, with `linux-image-extra`, which brings aufs: the system that Docker's first
 * driver was made for. There is no `overlay`; Ubuntu's own `overlayfs` of the time was another filesystem.
 *
 * @see packages.ubuntu.com linux-image-extra-3.13.0-24-generic, procps /etc/sysctl.d/10-link-restrictions.conf
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { ubuntu_14_04 } from 'lowerdir/kernel';
 * import { bootfsOf } from 'lowerdir/machine';
 * const machine = createMachine({ bootfs: bootfsOf(ubuntu_14_04) });
 * machine.boot();
 * machine.task.uname().release; // => '3.13.0-24-generic'
 * machine.task.mount('overlay', '/', 'overlay'); // throws ENODEV
 * ```
 */
export const ubuntu_14_04: KernelProfile = Object.freeze({
  ...before_4_0,
  version: '3.13.0-24-generic',
  filesystems: Object.freeze(['tmpfs', 'proc', 'ext4', 'xfs', 'btrfs', 'aufs', 'hostfs', 'memfs']),
  protectedHardlinks: true,
  protectedSymlinks: true,
});

/**
 * CentOS 7 as it was released in 2014: neither aufs nor overlay, so that Docker took devicemapper. Its disks are xfs, made
 * without types in directory entries (`mkfs.xfs -n ftype=0` was the default).
 *
 * @see RHEL 7.1 and 7.2 Release Notes, "File Systems" (overlay came later), systemd 208 sysctl.d/50-default.conf
 */
export const centos_7: KernelProfile = Object.freeze({
  ...before_4_0,
  version: '3.10.0-123.el7.x86_64',
  filesystems: Object.freeze(['tmpfs', 'proc', 'xfs', 'ext4', 'btrfs', 'hostfs', 'memfs']),
  protectedHardlinks: true,
  protectedSymlinks: true,
});

/**
 * The last mainline kernel without overlay, as built from its own sources: no aufs, links not protected.
 *
 * @see Linux 3.7 commit 561ec64ae67e (links are not protected by default), Linux 3.18 fs/overlayfs (the first)
 */
export const linux_3_17: KernelProfile = Object.freeze({
  ...before_4_0,
  version: '3.17.8',
  filesystems: Object.freeze(['tmpfs', 'proc', 'ext4', 'xfs', 'btrfs', 'hostfs', 'memfs']),
  protectedHardlinks: false,
  protectedSymlinks: false,
});

/** The first kernel with overlay, which put one layer over one other: enough for Docker's `overlay`, not for overlay2. */
export const linux_3_18: KernelProfile = Object.freeze({
  ...linux_3_17,
  version: '3.18.0',
  filesystems: Object.freeze(['tmpfs', 'proc', 'ext4', 'xfs', 'btrfs', 'overlay', 'hostfs', 'memfs']),
});
