/** What the module is told is what a mount does without being told; /proc/mounts tells what differs from it. */
import { describe, expect, test } from 'vitest';
import { type KernelProfile, linux_6_18, type OverlayModuleParameters } from '../../../../src/kernel/profile.ts';
import { bootfsOf } from '../../../../src/machine/bootfs.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';
import { refusal } from './observe.ts';

const UPPER = 'lowerdir=/l,upperdir=/u,workdir=/w';
const LOWERS = 'lowerdir=/l:/l2';

/** The options that a mount tells, without the layers. */
function shown(parameters: Partial<OverlayModuleParameters>, data: string): string {
  const profile: KernelProfile = { ...linux_6_18, overlay: { ...linux_6_18.overlay, ...parameters } };
  const machine = createMachine({ bootfs: bootfsOf(profile) });
  machine.boot();
  const { task, kernel } = machine;
  for (const path of ['/l', '/l2', '/u', '/w', '/m', '/o']) task.mkdir(path);
  task.mount('o', '/o', 'tmpfs');
  const error = refusal(() => task.mount('overlay', '/m', 'overlay', data));
  if (error !== undefined) return error;
  const superblock = [...kernel.superblocks].find(({ type }) => type.name === 'overlay')!;
  return superblock.showOptions().replace(/,(lowerdir|upperdir|workdir)=[^,]*/g, '');
}

const cases: readonly (readonly [Partial<OverlayModuleParameters>, data: string, options: string])[] = [
  [{}, UPPER, ',uuid=on'],
  [{ redirectDir: true }, UPPER, ',uuid=on'],
  [{ redirectDir: true }, `${UPPER},redirect_dir=off`, ',redirect_dir=follow,uuid=on'],
  [{ redirectDir: true }, LOWERS, ''],
  [{ redirectAlwaysFollow: false }, UPPER, ',uuid=on'],
  [{ redirectAlwaysFollow: false }, `${UPPER},redirect_dir=off`, ',uuid=on'],
  [{ redirectAlwaysFollow: false }, `${UPPER},redirect_dir=follow`, ',redirect_dir=follow,uuid=on'],
  [{ redirectAlwaysFollow: false }, LOWERS, ''],
  [{ index: true }, UPPER, ',uuid=on'],
  [{ index: true }, `${UPPER},index=off`, ',index=off,uuid=on'],
  [{ index: true }, LOWERS, ',redirect_dir=on,index=off'],
  [{ nfsExport: true }, UPPER, ',index=on,uuid=on'],
  [{ nfsExport: true }, `${UPPER},index=off`, ',uuid=on,nfs_export=off'],
  [{ nfsExport: true }, `${UPPER},metacopy=on`, ',redirect_dir=on,index=on,uuid=on,nfs_export=off,metacopy=on'],
  [{ nfsExport: true, metacopy: true }, UPPER, ',redirect_dir=on,index=on,uuid=on,metacopy=off'],
  [{ metacopy: true }, UPPER, ',redirect_dir=on,uuid=on'],
  [{ metacopy: true }, `${UPPER},redirect_dir=nofollow`, ',redirect_dir=nofollow,uuid=on,metacopy=off'],
  [{ metacopy: true }, `${UPPER},userxattr`, ',redirect_dir=nofollow,uuid=on,metacopy=off,userxattr'],
  [{ metacopy: true }, `${UPPER},nfs_export=on`, ',redirect_dir=on,index=on,uuid=on,nfs_export=on,metacopy=off'],
  [{ redirectDir: true }, `${UPPER},userxattr`, ',redirect_dir=nofollow,uuid=on,userxattr'],
  [{ xinoAuto: true }, UPPER, ',uuid=on'],
  [{ xinoAuto: true }, 'lowerdir=/o,upperdir=/u,workdir=/w', ',uuid=on'],
  [{ xinoAuto: true }, 'lowerdir=/o,upperdir=/u,workdir=/w,xino=off', ',uuid=on,xino=off'],
  [{ xinoAuto: true }, 'lowerdir=/o,upperdir=/u,workdir=/w,xino=on', ',uuid=on,xino=on'],
];

describe('module parameters', () => {
  test.each(cases)('%j %s', (parameters, data, options) => {
    expect(shown(parameters, data)).toBe(options);
  });
});
