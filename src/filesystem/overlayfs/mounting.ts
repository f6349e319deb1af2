/** A mount under way, and what has to be undone when it fails. */
import { CAP_SYS_RESOURCE } from '../../abi/capability.ts';
import { raise } from '../../abi/errno.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { type Inode, release } from '../../kernel/inode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { OverlayConfig } from './config.ts';
import type { Layer } from './entry.ts';
import type { OverlayParams } from './params.ts';
import type { LayerFilesystem } from './super.ts';
import type { UpperAbilities } from './workdir.ts';
import type { XattrSpace } from './xattr.ts';

export class Mounting implements XattrSpace {
  readonly kernel: Kernel;
  readonly params: OverlayParams;
  /** Who mounts; layers are never written to beyond anybody's limit. */
  readonly mounter: Credentials;
  readonly traps = new Set<Inode>();
  /** The directories that this overlay alone uses. */
  readonly inUse = new Set<Inode>();
  readonly lowerLayers: Layer[] = [];
  readonly filesystems: LayerFilesystem[] = [];
  upperLayer: Layer | undefined = undefined;
  abilities: UpperAbilities = { workdir: undefined, tmpfile: undefined, noXattr: false, tempNames: 0 };
  nameMax = 0;
  stackDepth = 0;

  constructor(kernel: Kernel, params: OverlayParams) {
    this.kernel = kernel;
    this.params = params;
    const { credentials } = kernel;
    this.mounter = { ...credentials, capabilities: credentials.capabilities & ~CAP_SYS_RESOURCE };
  }

  get config(): OverlayConfig {
    return this.params.config;
  }

  /** @throws Errno ELOOP for a directory that is a layer or work directory already */
  addTrap(directory: Dentry): void {
    if (this.traps.has(directory.inode!)) raise('ELOOP');
    this.traps.add(directory.inode!);
  }

  /** The mount is done, or has failed: what was made to try the upper filesystem goes. */
  letGo(): void {
    const { tmpfile } = this.abilities;
    if (tmpfile !== undefined) release(tmpfile);
  }

  dropLayers(): void {
    for (const layer of this.lowerLayers) layer.mount.drop();
    this.upperLayer?.mount.drop();
  }
}
