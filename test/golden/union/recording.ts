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

export interface Step {
  do: { op: string } & Record<string, never>;
  result: { ok?: unknown; err?: string; rw?: Change };
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
