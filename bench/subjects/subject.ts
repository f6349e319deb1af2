/** Something that offers the calls of `node:fs` over a stack of layers: ours, the peers, the real kernel, the bare limit. */
import type fs from 'node:fs';
import type { Stack } from '../tree.ts';

export type FsCalls = Pick<
  typeof fs,
  | 'statSync'
  | 'existsSync'
  | 'readFileSync'
  | 'openSync'
  | 'readSync'
  | 'closeSync'
  | 'readdirSync'
  | 'writeFileSync'
  | 'appendFileSync'
  | 'unlinkSync'
  | 'renameSync'
  | 'chmodSync'
>;

export interface Mounted {
  fs: FsCalls;
  /** What stands before the paths of a stack. */
  readonly prefix: string;
  /** Makes it the one whose turn it is; before each batch. */
  enter?(): void;
  /** A fresh mount: nothing written, nothing cached. */
  reset(): void;
  /** Counts what happens below the system call until the answer is called. */
  count?(): () => Counts;
  close(): void;
}

/** What operations took inside the machine. */
export interface Counts {
  calls: number;
  lookups: number;
  metadata: number;
  bytes: number;
  copiedUp: number;
}

export interface Subject {
  readonly name: string;
  /** How many lower layers it stacks; 0 for one without layers. */
  readonly lowers: number;
  /** Whether a fresh mount forgets what was looked up, so that there is a cold case to measure. */
  readonly caches: boolean;
  /** Calls that it lacks; rows that need them leave it out. */
  readonly lacks?: readonly (keyof FsCalls)[];
  mount(stack: Stack): Mounted | Promise<Mounted>;
}

export const label = ({ name, lowers }: Subject): string => (lowers === 0 ? name : `${name} ${lowers}`);
