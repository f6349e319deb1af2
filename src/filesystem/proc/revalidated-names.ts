/**
 * The cached names of a directory whose entries come and go by themselves: a name whose object has gone, or has become
 * another one, is dropped when it is looked up. @see proc's dentry_operations d_revalidate()
 */
import type { Dentry } from '../../kernel/dentry.ts';

export class RevalidatedNames extends Map<string, Dentry> {
  readonly #modeOf: (name: string) => number | undefined;

  /** `modeOf` tells what stands under a name now. */
  constructor(modeOf: (name: string) => number | undefined) {
    super();
    this.#modeOf = modeOf;
  }

  override get(name: string): Dentry | undefined {
    const dentry = super.get(name);
    if (dentry === undefined || dentry.pins > 0) return dentry;
    const mode = this.#modeOf(name);
    if (mode !== undefined && (dentry.inode === undefined || sameNode(dentry.inode.mode, mode))) return dentry;
    dentry.drop();
    return undefined;
  }
}

/** Type and owner's rights, which tell how a descriptor was opened. */
const sameNode = (a: number, b: number): boolean => ((a ^ b) & 0o170700) === 0;
