/** What becomes of refusals: of the system's while something is tried, of anybody's while something is undone. */
import { type ErrnoCode, ErrnoException } from '../abi/errno.ts';

/** Whether the system refused with one of those codes, or with any. */
export const isErrno = (error: unknown, ...codes: readonly ErrnoCode[]): error is ErrnoException =>
  error instanceof ErrnoException && (codes.length === 0 || codes.includes(error.code));

/** Whether somebody refused, rather than that the machine stopped or a program is wrong. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && 'code' in error;

/** Whether the machine has stopped, on which nothing can be undone any more. */
export const isStop = (error: unknown): boolean => error instanceof Error && error.name === 'MachineStopped';

/** Takes one step of the way back; a system that refuses this too must not hide the first refusal. */
export function attempt(step: () => unknown): void {
  try {
    step();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

/** Makes the call, and passes over those refusals. */
export function passing(codes: readonly ErrnoCode[], call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!isErrno(error, ...codes)) throw error;
  }
}

/** What `ask` answers; `answer` where the system refuses to tell. */
export function unlessRefused<T>(ask: () => T, answer: T): T {
  try {
    return ask();
  } catch (error) {
    if (isErrno(error)) return answer;
    throw error;
  }
}
