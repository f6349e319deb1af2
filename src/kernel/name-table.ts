import type { Epoch } from './epoch.ts';
import { countCopy } from './epoch.ts';

/** What a directory holds: anything that has a name. */
export interface NamedEntry {
  readonly name: string;
}

const BITS = 3;
const FANOUT = 1 << BITS;
const MASK = FANOUT - 1;
/** A bucket with more entries is split, unless the bits of the hash are used up. */
const BUCKET_MAX = 16;
/** Buckets that hold no more than this together are joined again. */
const BUCKET_JOIN = 8;
const DEPTH_MAX = Math.floor(32 / BITS);

/** A fork in the trie: one slot for each value of the next bits of the hash. */
class Branch {
  readonly epoch: Epoch;
  readonly slots: (Branch | Bucket | undefined)[];

  constructor(epoch: Epoch, slots: (Branch | Bucket | undefined)[]) {
    this.epoch = epoch;
    this.slots = slots;
  }
}

/** An unordered handful of entries behind the epoch of their array: one object, because most directories are small. */
type Bucket = [epoch: Epoch, ...entries: NamedEntry[]];

/** What a name is filed under: who looks it up in many tables computes it once. */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function slotOf(hash: number, depth: number): number {
  return (hash >>> (depth * BITS)) & MASK;
}

function find(bucket: Bucket, name: string): number {
  for (let i = 1; i < bucket.length; i++) if ((bucket[i] as NamedEntry).name === name) return i;
  return 0;
}

function ownedBucket(bucket: Bucket, epoch: Epoch): Bucket {
  if (bucket[0] === epoch) return bucket;
  countCopy(epoch, bucket.length);
  const copy = bucket.slice() as Bucket;
  copy[0] = epoch;
  return copy;
}

function ownedBranch(branch: Branch, epoch: Epoch): Branch {
  if (branch.epoch === epoch) return branch;
  countCopy(epoch, FANOUT);
  return new Branch(epoch, branch.slots.slice());
}

/** A new bucket with one entry more; arrays are made to measure because V8 leaves 16 spare slots in one that grows. */
function longer(bucket: Bucket, entry: NamedEntry, epoch: Epoch): Bucket {
  if (bucket[0] !== epoch) countCopy(epoch, bucket.length);
  const { length } = bucket;
  const copy = new Array(length + 1) as unknown as Bucket;
  copy[0] = epoch;
  for (let i = 1; i < length; i++) copy[i] = bucket[i] as NamedEntry;
  copy[length] = entry;
  return copy;
}

function split(bucket: Bucket, depth: number, epoch: Epoch): Branch {
  const parts: NamedEntry[][] = Array.from({ length: FANOUT }, () => []);
  for (let i = 1; i < bucket.length; i++) {
    const entry = bucket[i] as NamedEntry;
    parts[slotOf(hashOf(entry.name), depth)]!.push(entry);
  }
  const slots = parts.map((part) => (part.length === 0 ? undefined : bucketOf(part, depth + 1, epoch)));
  return new Branch(epoch, slots);
}

function bucketOf(entries: NamedEntry[], depth: number, epoch: Epoch): Bucket | Branch {
  const bucket = [epoch as unknown, ...entries].slice() as Bucket;
  return entries.length > BUCKET_MAX && depth < DEPTH_MAX ? split(bucket, depth, epoch) : bucket;
}

/** The entries of all slots in one bucket if they are few enough, else the branch as it is; `undefined` if there are none. */
function joined(branch: Branch): Branch | Bucket | undefined {
  let count = 0;
  for (const slot of branch.slots) {
    if (slot instanceof Branch) return branch;
    if (slot !== undefined) count += slot.length - 1;
  }
  if (count > BUCKET_JOIN) return branch;
  if (count === 0) return undefined;
  const entries = branch.slots.flatMap((slot) =>
    slot === undefined ? [] : ((slot as Bucket).slice(1) as NamedEntry[]),
  );
  return bucketOf(entries, DEPTH_MAX, branch.epoch);
}

function* entriesOf(node: Branch | Bucket | undefined): IterableIterator<NamedEntry> {
  if (node === undefined) return;
  if (node instanceof Branch) for (const slot of node.slots) yield* entriesOf(slot);
  else yield* node.slice(1) as NamedEntry[];
}

/**
 * The entries of a directory by name: a persistent hash trie.
 *
 * The handle is written in place, under its own epoch; nodes of other epochs are copied on the way, so that whoever
 * holds them sees no change.
 */
export class NameTable<E extends NamedEntry> {
  readonly epoch: Epoch;
  private root: Branch | Bucket | undefined;
  private used: number;

  private constructor(epoch: Epoch, root: Branch | Bucket | undefined, used: number) {
    this.epoch = epoch;
    this.root = root;
    this.used = used;
  }

  static empty<E extends NamedEntry>(epoch: Epoch): NameTable<E> {
    return new NameTable<E>(epoch, undefined, 0);
  }

  /** How many names there are. */
  get size(): number {
    return this.used;
  }

  /** This handle if it is of `epoch`, else a handle of `epoch` on the same entries; O(1). */
  own(epoch: Epoch): NameTable<E> {
    return epoch === this.epoch ? this : new NameTable<E>(epoch, this.root, this.used);
  }

  get(name: string): E | undefined {
    return this.find(name, this.root instanceof Branch ? hashOf(name) : 0);
  }

  /** Whether there is an entry called `name`, whose {@link hashOf} is `hash`. */
  has(name: string, hash: number): boolean {
    return this.root !== undefined && this.find(name, hash) !== undefined;
  }

  private find(name: string, hash: number): E | undefined {
    let node = this.root;
    for (let rest = hash; node instanceof Branch; rest >>>= BITS) node = node.slots[rest & MASK];
    if (node === undefined) return undefined;
    const at = find(node, name);
    return at === 0 ? undefined : (node[at] as unknown as E);
  }

  /** Puts `entry` in, in place of the one of the same name. */
  set(entry: E): void {
    this.root = this.withEntry(this.root, 0, hashOf(entry.name), entry);
  }

  /** Takes out and answers the entry called `name`. */
  delete(name: string): E | undefined {
    const entry = this.get(name);
    if (entry === undefined) return undefined;
    this.root = this.without(this.root!, 0, hashOf(name), name);
    this.used -= 1;
    return entry;
  }

  /** Every entry once, in no particular order; the table must not be written before the end. */
  values(): IterableIterator<E> {
    return entriesOf(this.root) as IterableIterator<E>;
  }

  private withEntry(node: Branch | Bucket | undefined, depth: number, hash: number, entry: E): Branch | Bucket {
    if (node instanceof Branch) {
      const branch = ownedBranch(node, this.epoch);
      const slot = slotOf(hash, depth);
      branch.slots[slot] = this.withEntry(branch.slots[slot], depth + 1, hash, entry);
      return branch;
    }
    return this.intoBucket(node, depth, entry);
  }

  private intoBucket(bucket: Bucket | undefined, depth: number, entry: E): Branch | Bucket {
    const at = bucket === undefined ? 0 : find(bucket, entry.name);
    if (at > 0) {
      const owned = ownedBucket(bucket!, this.epoch);
      owned[at] = entry;
      return owned;
    }
    this.used += 1;
    const more = longer(bucket ?? [this.epoch], entry, this.epoch);
    return more.length - 1 > BUCKET_MAX && depth < DEPTH_MAX ? split(more, depth, this.epoch) : more;
  }

  private without(node: Branch | Bucket, depth: number, hash: number, name: string): Branch | Bucket | undefined {
    if (node instanceof Branch) {
      const branch = ownedBranch(node, this.epoch);
      const slot = slotOf(hash, depth);
      branch.slots[slot] = this.without(branch.slots[slot]!, depth + 1, hash, name);
      return joined(branch);
    }
    if (node.length === 2) return undefined;
    if (node[0] !== this.epoch) countCopy(this.epoch, node.length);
    const rest = node.filter((item, i) => i > 0 && (item as NamedEntry).name !== name) as NamedEntry[];
    return [this.epoch, ...rest];
  }
}
