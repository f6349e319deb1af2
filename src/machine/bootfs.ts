/**
 * bootfs: the filesystem that a computer starts from, with its bootloader, its kernel and its initramfs. Distributions
 * that share a kernel share one such value.
 */
import { type KernelProfile, linux_6_18 } from '../kernel/profile.ts';

/** A file of bootfs; its bytes are made up, its size counts. */
export interface BootFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What a computer starts from. A value: machines that start from the same kernel share it. */
export interface Bootfs {
  readonly bootloader: BootFile;
  readonly kernel: BootFile & { readonly profile: KernelProfile };
  readonly initramfs: BootFile;
}

const MIB = 2 ** 20;

/** The usual bootfs of a kernel profile: GRUB, a compressed kernel, an initramfs. */
export function bootfsOf(profile: KernelProfile = linux_6_18): Bootfs {
  return Object.freeze({
    bootloader: { path: '/boot/grub/core.img', size: 128 * 1024 },
    kernel: { path: `/boot/vmlinuz-${profile.version}`, size: 12 * MIB, profile },
    initramfs: { path: `/boot/initrd.img-${profile.version}`, size: 40 * MIB },
  });
}
