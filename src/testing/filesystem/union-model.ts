/**
 * The model of a union: the tree that `cp -a` of the layers leaves, and then what is done to it. That is how the
 * kernel's documentation says what overlayfs should be like; where it is not, the driver's features say so.
 */
import { isDirectory } from '../../abi/mode.ts';
import type { DriverFeatures } from '../../driver/driver.ts';
import { type ModelNode, nodesBelow, refuse } from './model-node.ts';
import { PosixModel } from './posix-model.ts';

/** What is left of a name where a union puts something before it, in bytes. @see AUFS_MAX_NAMELEN */
export const SHORT_NAME_MAX = 242;

export class UnionModel extends PosixModel {
  readonly #nonStandard: DriverFeatures['nonStandard'];
  /** The names that a directory of the layers below has there. */
  #below = new WeakMap<ModelNode, ReadonlySet<string>>();

  constructor(nonStandard: DriverFeatures['nonStandard'] = new Set()) {
    super();
    this.#nonStandard = nonStandard;
  }

  protected override get nameMax(): number {
    return this.#nonStandard.has('name-length') ? SHORT_NAME_MAX : super.nameMax;
  }

  /**
   * All that there is lies in a layer below from now on. Where copying up breaks hard links, each of their names is a
   * file of its own from there.
   */
  stack(): void {
    this.#stackBelow(this.root);
  }

  /** What a commit does not keep is gone: extended attributes but for capabilities. */
  commit(): void {
    for (const { xattrs } of nodesBelow(this.root)) {
      for (const name of xattrs.keys()) if (name !== 'security.capability') xattrs.delete(name);
    }
    this.stack();
  }

  #stackBelow(directory: ModelNode): void {
    directory.isLower = true;
    this.#below.set(directory, new Set(directory.entries.keys()));
    for (const [name, node] of directory.entries) {
      if (isDirectory(node.mode)) this.#stackBelow(node);
      else if (this.#nonStandard.has('hard-links') && node.nlink > 1) directory.entries.set(name, aloneOf(node));
      else node.isLower = true;
    }
  }

  protected override mayMove(node: ModelNode, there: ModelNode | undefined, path: string): void {
    const isStuck = (each: ModelNode | undefined) => each !== undefined && isDirectory(each.mode) && each.isLower;
    if (this.#nonStandard.has('directory-rename') && isStuck(node)) refuse('EXDEV', 'rename', path);
    super.mayMove(node, there, path);
    if (!this.#nonStandard.has('filled-directory-rename') || !isStuck(node)) return;
    if (there !== undefined && there.entries.size > 0) refuse('ENOTEMPTY', 'rename', path);
    const below = this.#below.get(node);
    if ([...node.entries.keys()].some((name) => below?.has(name))) refuse('EXDEV', 'rename', path);
    node.isLower = false;
  }
}

const aloneOf = (node: ModelNode): ModelNode => ({
  ...node,
  nlink: 1,
  isLower: true,
  entries: new Map(),
  xattrs: new Map(node.xattrs),
});
