/** open(2) as work: one that may have to wait for the other end of a fifo. */
import { FIONREAD, O_ACCMODE, O_NONBLOCK, O_RDONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { WouldBlock } from '../kernel/would-block.ts';
import type { Work } from './settle.ts';

/**
 * Opens `path`. Where that would block, the first try has no effect; from the second on, a reader stands at the fifo
 * without blocking, as the waiting reader does on Linux, so that a writer finds it and both come together.
 */
export function waitingOpen(task: Task, path: string, flags: number, mode: number): Work<number> {
  let tries = 0;
  let standing: number | undefined;
  const leave = (): void => {
    if (standing !== undefined) task.close(standing);
    standing = undefined;
  };
  const work = (): number => {
    tries++;
    try {
      const fd = task.open(path, flags, mode);
      leave();
      return fd;
    } catch (error) {
      if (!(error instanceof WouldBlock)) leave();
      if (!(error instanceof WouldBlock) || tries === 1 || (flags & O_ACCMODE) !== O_RDONLY) throw error;
      standing ??= task.open(path, flags | O_NONBLOCK, mode);
      if (task.ioctl(standing, FIONREAD) === 0) throw error;
      // a writer has come and gone, and has left something
      const fd = standing;
      standing = undefined;
      task.setfl(fd, flags);
      return fd;
    }
  };
  return Object.assign(work, { abandon: leave });
}
