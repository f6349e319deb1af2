/** Reads a file piece by piece. */
import { O_RDONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';

/** How much of a file is read at once, at most. */
const READ_SIZE = 1 << 18;

/** The bytes of an open file from its position on, at most `limit` of them; each piece is an array of its own. */
export function* readChunks(task: Task, fd: number, limit: number): Generator<Uint8Array, void> {
  for (let left = limit; left > 0; ) {
    const chunk = new Uint8Array(Math.min(READ_SIZE, left));
    const length = task.read(fd, chunk);
    if (length === 0) return;
    left -= length;
    yield length === chunk.length ? chunk : chunk.subarray(0, length);
  }
}

/** The file's bytes, piece by piece; a loop that breaks off leaves nothing open. @throws ErrnoException */
export function* readPieces(task: Task, path: string): Generator<Uint8Array, void> {
  const fd = task.open(path, O_RDONLY);
  try {
    yield* readChunks(task, fd, task.fstat(fd).size + 1);
  } finally {
    task.close(fd);
  }
}
