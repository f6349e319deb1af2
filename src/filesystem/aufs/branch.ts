/** A branch: one directory tree of the union, and what the union keeps at its root. @see fs/aufs/branch.c */
import { type Dentry, pin, unpin } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import { type Mount, type Path, unuseMount, useMount } from '../../kernel/mount.ts';
import type { BranchPermission } from './branch-permission.ts';

/** What lies at the root of a writable branch. @see struct au_wbr */
export interface WritableParts {
  /** `.wh..wh.aufs`: whiteouts are hard links to it; missing with `nolwh`. */
  readonly base: Dentry | undefined;
  /** `.wh..wh.plnk`: what pseudo-links are names of; missing with `noplink`. */
  readonly plnk: Dentry | undefined;
  /** `.wh..wh.orph`: where a file of a removed directory is copied up to. */
  readonly orph: Dentry;
}

export class Branch {
  /** Stays when branches above come and go. */
  readonly id: number;
  /** 0 is the topmost. */
  index = 0;
  readonly mount: Mount;
  readonly root: Dentry;
  permission: BranchPermission;
  #parts: WritableParts | undefined = undefined;

  constructor(id: number, { mount, dentry }: Path, permission: BranchPermission) {
    this.id = id;
    this.mount = mount;
    this.root = dentry;
    this.permission = permission;
    useMount(mount);
    pin(dentry);
  }

  get writable(): boolean {
    return this.permission.access === 'rw';
  }

  /** Names that begin with `.wh.` hide what lies below. @see au_br_whable() */
  get hides(): boolean {
    return this.permission.whiteouts;
  }

  get parts(): WritableParts | undefined {
    return this.#parts;
  }

  set parts(parts: WritableParts | undefined) {
    for (const dentry of dentriesOf(parts)) pin(dentry);
    for (const dentry of dentriesOf(this.#parts)) unpin(dentry);
    this.#parts = parts;
  }

  /** Lets go of the tree. */
  drop(): void {
    this.parts = undefined;
    unpin(this.root);
    unuseMount(this.mount);
  }

  fork(fork: Fork): Branch {
    const made = new Branch(this.id, fork.path({ mount: this.mount, dentry: this.root }), this.permission);
    made.index = this.index;
    const { parts } = this;
    if (parts !== undefined) {
      const { base, plnk, orph } = parts;
      made.parts = { base: base && fork.dentry(base), plnk: plnk && fork.dentry(plnk), orph: fork.dentry(orph) };
    }
    return made;
  }
}

function dentriesOf(parts: WritableParts | undefined): Dentry[] {
  return [parts?.base, parts?.plnk, parts?.orph].filter((dentry) => dentry !== undefined);
}

/** A real object and the branch it lies in. */
export interface RealPath {
  readonly branch: Branch;
  readonly dentry: Dentry;
}
