/** The form of the recordings of the real overlayfs. */
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

/** What a call changed in the raw upper directory. */
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
  work: Record<string, string>;
  layers?: Record<string, Tree>;
  merged_after_remount?: Tree;
}

export interface Recording {
  mount_options: string;
  cases: RecordedCase[];
}

/** The names of all recordings. */
export function recordings(): string[] {
  const files = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.slice(0, -'.json'.length)).sort();
}

export function readRecording(name: string): Recording {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Recording;
}
