/** The real objects behind an inode of the union, and the holds on their names. @see fs/aufs/inode.h struct au_hinode */
import { type Dentry, pin, unpin } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { Branch, RealPath } from './branch.ts';

export class RealStack {
  #top: RealPath;
  /** All of them, unless there is one: most inodes are files, and show one object. */
  #all: readonly RealPath[] | undefined;
  #nameless: RealPath | undefined = undefined;
  #isPinned = false;

  constructor(stack: readonly RealPath[]) {
    this.#top = stack[0]!;
    this.#all = stack.length === 1 ? undefined : stack;
  }

  /** The real objects, topmost first: of a directory those that are merged, of a file the one shown and what it came from. */
  get stack(): readonly RealPath[] {
    return this.#all ?? [this.#top];
  }

  set stack(stack: readonly RealPath[]) {
    if (this.#isPinned) {
      for (const { dentry } of stack) pin(dentry);
      for (const { dentry } of this.stack) unpin(dentry);
    }
    this.#top = stack[0]!;
    this.#all = stack.length === 1 ? undefined : stack;
  }

  /** The topmost of them. */
  get top(): RealPath {
    return this.#top;
  }

  /** The topmost real object. */
  get real(): Inode {
    return this.#top.dentry.inode!;
  }

  /** A copy, without a name, of a file that was removed before it was written to. @see au_hi_wh() */
  get nameless(): RealPath | undefined {
    return this.#nameless;
  }

  set nameless(path: RealPath | undefined) {
    if (this.#isPinned) {
      if (path !== undefined) pin(path.dentry);
      if (this.#nameless !== undefined) unpin(this.#nameless.dentry);
    }
    this.#nameless = path;
  }

  /** The real object in one branch. @see au_h_iptr() */
  realIn(branch: Branch): RealPath | undefined {
    const all = this.#all;
    if (all === undefined) return this.#top.branch === branch ? this.#top : undefined;
    // an object lies at the index of its branch, or before it
    for (let i = Math.min(branch.index, all.length - 1); i >= 0; i--) {
      const path = all[i]!;
      if (path.branch === branch) return path;
      if (path.branch.index < branch.index) return undefined;
    }
    return undefined;
  }

  /** Holds the real names. */
  protected pinReal(): void {
    if (this.#isPinned) return;
    this.#isPinned = true;
    this.#each(pin);
  }

  protected unpinReal(): void {
    if (!this.#isPinned) return;
    this.#isPinned = false;
    this.#each(unpin);
  }

  #each(act: (dentry: Dentry) => void): void {
    if (this.#all === undefined) act(this.#top.dentry);
    else for (const { dentry } of this.#all) act(dentry);
    if (this.#nameless !== undefined) act(this.#nameless.dentry);
  }
}
