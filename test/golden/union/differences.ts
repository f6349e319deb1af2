/** Where a replayed case differs from its recording. */
import { isDeepStrictEqual } from 'node:util';
import { InodeTranslation } from './inode-translation.ts';
import type { RecordedCase } from './recording.ts';
import { type RecordedUnion, Replayer } from './replayer.ts';

export interface Difference {
  /** `step 3`, `merged`, `rw` … */
  readonly at: string;
  readonly call?: unknown;
  readonly got: unknown;
  readonly want: unknown;
}

/** What only one filesystem's recordings tell. */
export type MoreChecks = (replayer: Replayer, recorded: RecordedCase, check: Check) => void;
export type Check = (at: string, got: unknown, want: unknown, call?: unknown) => void;

/** Replays a case to its end; the union of `recorded.branches` is mounted with `options`. */
export function differencesOf(
  union: RecordedUnion,
  recorded: RecordedCase,
  options: string,
  more: MoreChecks = () => {},
): Difference[] {
  const found: Difference[] = [];
  const inodes = new InodeTranslation();
  const check: Check = (at, got, want, call) => {
    const told = union.numbersInodes ? got : inodes.translate(got, want);
    if (!isDeepStrictEqual(told, want)) found.push({ at, call, got: told, want });
  };
  const replayer = new Replayer(union, recorded, options);
  check('rw after mounting', replayer.rawBranch('rw'), recorded.rw_after_mount);
  for (const [i, { do: call, result }] of recorded.steps.entries()) {
    check(`step ${i}`, replayer.step(call), result, call);
  }
  check('merged', replayer.merged(), recorded.merged);
  check('rw', replayer.rawBranch('rw'), recorded.rw);
  for (const [name, tree] of Object.entries(recorded.layers ?? {})) check(name, replayer.rawBranch(name), tree);
  more(replayer, recorded, check);
  checkRemount(replayer, recorded, check);
  return found;
}

function checkRemount(replayer: Replayer, recorded: RecordedCase, check: Check): void {
  const { rw_after_umount: raw, merged_after_remount: merged } = recorded;
  if (raw === undefined && merged === undefined) return;
  replayer.umount();
  if (raw !== undefined) check('rw after unmounting', replayer.rawBranch('rw'), raw);
  replayer.mount();
  if (merged !== undefined) check('merged after a remount', replayer.merged(), merged);
}
