/**
 * Takes a layer's mount away. Pseudo-links live in the mount alone: before it goes, `auplink` makes real hard links of
 * them in the layer's own directory.
 *
 * @see moby daemon/graphdriver/aufs/mount.go (Unmount)
 */
import { errnoText } from '../../abi/errno-text.ts';
import { MNT_DETACH } from '../../abi/flags.ts';
import type { Task } from '../../kernel/task.ts';
import type { DriverLog } from '../driver.ts';
import { isErrno, passing } from '../refusal.ts';

/** Where the package aufs-tools has it; Docker looks for it in `$PATH`. */
export const AUPLINK = '/sbin/auplink';
/** How often either step is tried again. */
const RETRIES = 5;
/** Between two tries to unmount what is busy. */
const PAUSE = Object.freeze({ sec: 0, nsec: 100_000_000 });
/** The exit status that says that the mount was not found in a table that just changed. */
const EINVAL = 22;

/** Unmounts what is mounted at `target`, after its pseudo-links are made real; that this fails is no more than logged. */
export function unmount(task: Task, target: string, log?: DriverLog): void {
  flush(task, target, log);
  for (let attempt = 1; ; attempt++) {
    try {
      passing(['EINVAL'], () => task.umount(target, MNT_DETACH));
      return;
    } catch (error) {
      if (!isErrno(error, 'EBUSY') || attempt === RETRIES) throw error;
      task.nanosleep(PAUSE);
    }
  }
}

function flush(task: Task, target: string, log: DriverLog | undefined): void {
  for (let attempt = 0; ; attempt++) {
    const failure = runAuplink(task, target);
    if (failure === undefined) return;
    if (failure.status === EINVAL && attempt < RETRIES) continue;
    log?.({ level: 'warning', message: `auplink flush failed: ${failure.why}` });
    return;
  }
}

/** What went wrong, if anything did. */
function runAuplink(task: Task, target: string): { status?: number; why: string } | undefined {
  try {
    const status = task.exec(AUPLINK, ['auplink', target, 'flush']);
    return status === 0 ? undefined : { status, why: `exit status ${status}` };
  } catch (error) {
    if (!isErrno(error)) throw error;
    return { why: `${AUPLINK}: ${errnoText(error.code)}` };
  }
}
