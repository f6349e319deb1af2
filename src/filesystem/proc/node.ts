/** What stands under a name in /proc: text that is made when it is read, a link, or a directory of further nodes. */
import type { Credentials } from '../../kernel/credentials.ts';
import type { Kernel } from '../../kernel/kernel.ts';

/** Whose a node is. */
export interface ProcOwner {
  readonly uid: number;
  readonly gid: number;
}

interface NodeBase {
  /** Names the node within the filesystem, also in a forked machine. */
  readonly key: string;
  /** Type and permission bits. */
  readonly mode: number;
  /** A number that never changes; others are given when a name is looked up first. */
  readonly ino?: number;
  /** Root's, unless told. */
  owner?(kernel: Kernel): ProcOwner;
  /** Takes the place of the rule of mode bits. Answers the refusal or nothing. `mask` is a sum of MAY_… */
  permission?(credentials: Credentials, mask: number): 'EACCES' | undefined;
  /** stat(2)'s size; 0 unless told. */
  size?(kernel: Kernel): number;
}

export interface ProcText extends NodeBase {
  readonly kind: 'text';
  text(kernel: Kernel): string;
  /** Refuses an open for writing. */
  openForWriting?(kernel: Kernel): void;
  /** Takes what is written at the start by the one who has opened it. Without it nothing can be written. */
  write?(kernel: Kernel, opener: Credentials, text: string): void;
  /** What is written elsewhere than at the start is taken and means nothing; else it is refused. */
  readonly ignoresLaterWrites?: boolean;
}

export interface ProcLink extends NodeBase {
  readonly kind: 'link';
  /** @throws Errno EACCES, ENOENT */
  target(kernel: Kernel): string;
}

/** A name in a listing. `position` is where it stands, from 2 on and rising. */
export interface ProcEntry {
  readonly name: string;
  readonly position: number;
}

export interface ProcDirectory extends NodeBase {
  readonly kind: 'directory';
  nlink(kernel: Kernel): number;
  entries(kernel: Kernel): readonly ProcEntry[];
  find(kernel: Kernel, name: string): ProcNode | undefined;
}

export type ProcNode = ProcText | ProcLink | ProcDirectory;

/** The entries of names that never change, in their order. */
export const fixedEntries = (names: readonly string[]): ProcEntry[] =>
  names.map((name, i) => ({ name, position: i + 2 }));
