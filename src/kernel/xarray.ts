import type { Epoch } from './epoch.ts';
import { countCopy } from './epoch.ts';

export type { Epoch } from './epoch.ts';
export { newEpoch } from './epoch.ts';

const BITS = 5;
const FANOUT = 1 << BITS;
const MASK = FANOUT - 1;
/** Levels that lie in the low word of an index; numbers above 2^30 leave V8's fast integers. */
const LOW_LEVELS = 6;
const LOW = 2 ** (BITS * LOW_LEVELS);

/** A node of the tree; slots hold nodes, or values on the lowest level. */
class XNode {
  readonly epoch: Epoch;
  readonly slots: unknown[];

  constructor(epoch: Epoch, slots: unknown[]) {
    this.epoch = epoch;
    this.slots = slots;
  }
}

function emptyNode(epoch: Epoch): XNode {
  return new XNode(epoch, new Array(FANOUT).fill(undefined));
}

function ownedNode(node: XNode, epoch: Epoch): XNode {
  if (node.epoch === epoch) return node;
  countCopy(epoch, FANOUT);
  return new XNode(epoch, node.slots.slice());
}

function slotOf(index: number, level: number): number {
  if (index < LOW) return level < LOW_LEVELS ? (index >>> (level * BITS)) & MASK : 0;
  const high = Math.floor(index / LOW);
  if (level >= LOW_LEVELS) return (high >>> ((level - LOW_LEVELS) * BITS)) & MASK;
  return ((index - high * LOW) >>> (level * BITS)) & MASK;
}

/** How many indices lie below one slot of each level; beyond the last, all of them. */
const spans: readonly number[] = Array.from({ length: 12 }, (_, level) => FANOUT ** level);

function span(level: number): number {
  return spans[level]!;
}

function isEmpty(node: XNode): boolean {
  const { slots } = node;
  for (let i = 0; i < FANOUT; i++) if (slots[i] !== undefined) return false;
  return true;
}

/** The smallest used index at or above `from` below `node`, whose first index is `base`. */
function seekUp(node: XNode, level: number, base: number, from: number): number | undefined {
  const width = span(level);
  const first = from <= base ? 0 : Math.floor((from - base) / width);
  for (let i = first; i < FANOUT; i++) {
    const child = node.slots[i];
    if (child === undefined) continue;
    if (level === 0) return base + i;
    const found = seekUp(child as XNode, level - 1, base + i * width, from);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The largest used index at or below `from` below `node`, whose first index is `base`. */
function seekDown(node: XNode, level: number, base: number, from: number): number | undefined {
  const width = span(level);
  const last = from >= base + width * FANOUT ? FANOUT - 1 : Math.floor((from - base) / width);
  for (let i = last; i >= 0; i--) {
    const child = node.slots[i];
    if (child === undefined) continue;
    if (level === 0) return base + i;
    const found = seekDown(child as XNode, level - 1, base + i * width, from);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Values by number: a persistent radix tree over indices from 0 to 2^53 - 1.
 *
 * The handle is written in place, under its own epoch; nodes of other epochs are copied on the way, so that whoever
 * holds them sees no change. `undefined` is no value.
 *
 * @see lib/xarray.c
 */
export class XArray<T> {
  readonly epoch: Epoch;
  private root: XNode | undefined;
  /** Levels of nodes; the tree holds indices below `FANOUT ** height`. */
  private height: number;
  private used: number;

  private constructor(epoch: Epoch, root: XNode | undefined, height: number, used: number) {
    this.epoch = epoch;
    this.root = root;
    this.height = height;
    this.used = used;
  }

  static empty<T>(epoch: Epoch): XArray<T> {
    return new XArray<T>(epoch, undefined, 0, 0);
  }

  /** How many indices hold a value. */
  get size(): number {
    return this.used;
  }

  /** This handle if it is of `epoch`, else a handle of `epoch` on the same values; O(1). */
  own(epoch: Epoch): XArray<T> {
    if (epoch === this.epoch) return this;
    return new XArray<T>(epoch, this.root, this.height, this.used);
  }

  get(index: number): T | undefined {
    let node = this.root;
    if (node === undefined || index >= span(this.height)) return undefined;
    let level = this.height - 1;
    if (index >= LOW || level >= LOW_LEVELS) return this.getFar(index);
    for (; level > 0; level--) {
      node = node.slots[(index >>> (level * BITS)) & MASK] as XNode | undefined;
      if (node === undefined) return undefined;
    }
    return node.slots[index & MASK] as T | undefined;
  }

  /** Stores `value`, which must not be `undefined`, in place of what was there. */
  set(index: number, value: T): void {
    this.grow(index);
    let node = ownedNode(this.root!, this.epoch);
    this.root = node;
    for (let level = this.height - 1; level > 0; level--) {
      const slot = slotOf(index, level);
      const child = node.slots[slot] as XNode | undefined;
      const next = child === undefined ? emptyNode(this.epoch) : ownedNode(child, this.epoch);
      if (next !== child) node.slots[slot] = next;
      node = next;
    }
    const slot = slotOf(index, 0);
    if (node.slots[slot] === undefined) this.used += 1;
    node.slots[slot] = value;
  }

  /** Empties `index`; answers whether it held a value. */
  delete(index: number): boolean {
    if (this.get(index) === undefined) return false;
    this.root = this.without(this.root!, this.height - 1, index);
    this.used -= 1;
    this.shrink();
    return true;
  }

  /** The smallest used index that is at least `index`. */
  ceiling(index: number): number | undefined {
    if (this.root === undefined || index >= span(this.height)) return undefined;
    return seekUp(this.root, this.height - 1, 0, index);
  }

  /** The largest used index that is at most `index`. */
  floor(index: number): number | undefined {
    if (this.root === undefined || index < 0) return undefined;
    return seekDown(this.root, this.height - 1, 0, index);
  }

  /** The values at `from` and above, in rising order; what is stored or deleted meanwhile ahead of it is heeded. */
  *ascending(from = 0): IterableIterator<T> {
    let index = this.ceiling(from);
    while (index !== undefined) {
      yield this.get(index)!;
      index = this.ceiling(index + 1);
    }
  }

  /** The values at `from` and below, in falling order; what is stored or deleted meanwhile ahead of it is heeded. */
  *descending(from: number = Number.MAX_SAFE_INTEGER): IterableIterator<T> {
    let index = this.floor(from);
    while (index !== undefined) {
      yield this.get(index)!;
      index = this.floor(index - 1);
    }
  }

  private getFar(index: number): T | undefined {
    let node: XNode | undefined = this.root;
    for (let level = this.height - 1; level > 0 && node !== undefined; level--) {
      node = node.slots[slotOf(index, level)] as XNode | undefined;
    }
    return node === undefined ? undefined : (node.slots[slotOf(index, 0)] as T | undefined);
  }

  /** Adds levels on top until `index` fits. */
  private grow(index: number): void {
    if (this.root === undefined) {
      this.root = emptyNode(this.epoch);
      this.height = 1;
    }
    while (index >= span(this.height)) {
      if (this.used > 0) {
        const top = emptyNode(this.epoch);
        top.slots[0] = this.root;
        this.root = top;
      }
      this.height += 1;
    }
  }

  /** Takes off levels that hold nothing but their first slot. */
  private shrink(): void {
    while (
      this.root !== undefined &&
      this.height > 1 &&
      seekUp(this.root, this.height - 1, 0, span(this.height - 1)) === undefined
    ) {
      this.root = this.root.slots[0] as XNode;
      this.height -= 1;
    }
    if (this.root === undefined) this.height = 0;
  }

  /** `node` without `index`, owned, or `undefined` when nothing is left of it. */
  private without(node: XNode, level: number, index: number): XNode | undefined {
    const owned = ownedNode(node, this.epoch);
    const slot = slotOf(index, level);
    owned.slots[slot] = level === 0 ? undefined : this.without(owned.slots[slot] as XNode, level - 1, index);
    return isEmpty(owned) ? undefined : owned;
  }
}
