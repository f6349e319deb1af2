/** The form of the recordings of real union filesystems. */
import { readdirSync, readFileSync } from 'node:fs';

/** What a recording tells of a file. */
export interface Entry {
  /** f d l p s c b */
  t: string;
  /** Permission bits in octal. */
  m: string;
  /** Links. */
  n: number;
  /** Bytes of a regular file. */
  s?: number;
  /** Owner and group, where they are not root's. */
  o?: string;
  /** Time of modification in seconds, where it is old: kept from a layer. */
  mt?: number;
  /** Which inode it is: numbered by first sight. */
  i?: number;
  rdev?: string;
  c?: string | { len: number; sha1: string; head: string };
  x?: Record<string, string | { len: number }>;
}

export type Tree = Record<string, Entry>;

/** What a call changed in the raw writable branch. */
export interface Change {
  '+'?: string[];
  '-'?: string[];
  '~'?: string[];
}

/** A call: `op` is its name, and of the other words it has those that it takes. */
export interface Call {
  op: string;
  p: string;
  to: string;
  c: string;
  h: string;
  m: string;
  n: number;
  off: number;
  size: number;
  uid: number;
  gid: number;
  mtime: number;
  name: string;
  value: string;
  target: string;
  type: string;
  flag: string;
  flags: string;
  branch: string;
  rdev: [number, number];
}

/** What a call answers, and what it changes. */
export interface Answer {
  ok?: unknown;
  err?: string;
  rw?: Change;
}

export interface Step {
  do: Call;
  result: Answer;
}

export interface BranchProps {
  c?: string;
  rep?: number;
  m?: string;
  to?: string;
  o?: [number, number];
  x?: Record<string, string>;
  rdev?: [number, number];
}

export type BranchEntry = [path: string, type: string, props?: BranchProps];

export interface RecordedCase {
  name: string;
  branches: Record<string, BranchEntry[]>;
  steps: Step[];
  rw_after_mount: Tree;
  merged: Tree;
  rw: Tree;
  /** Types of what lies in overlayfs's work directory. */
  work?: Record<string, string>;
  layers?: Record<string, Tree>;
  rw_after_umount?: Tree;
  merged_after_remount?: Tree;
}

export interface Recording {
  mount_options: string;
  cases: RecordedCase[];
}

/** The names of all recordings in a folder. */
export function recordings(folder: URL): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.slice(0, -'.json'.length)).sort();
}

export function readRecording(folder: URL, name: string): Recording {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Recording;
}
