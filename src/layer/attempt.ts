/** What becomes of errors while something is undone. */

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
