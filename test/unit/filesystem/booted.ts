import { overlayfs } from '../../../src/filesystem/overlayfs/index.ts';
import { tmpfs } from '../../../src/filesystem/tmpfs/index.ts';
import type { FilesystemType } from '../../../src/kernel/superblock.ts';
import { Machine } from '../../../src/machine/machine.ts';

/** A machine that is up and knows these filesystems beside tmpfs and overlay. */
export function booted(...types: FilesystemType[]): Machine {
  const machine = new Machine({ filesystems: [tmpfs, overlayfs, ...types] });
  machine.boot();
  return machine;
}

/** The code of what `act` throws. */
export function code(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'none';
}
