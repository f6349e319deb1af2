/** What tests of several drivers need. */

/** What a refusal says. */
export interface Told {
  readonly code: string | undefined;
  readonly message: string;
}

/** What `action` throws. */
export function errorOf(action: () => unknown): Told {
  try {
    action();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code, message };
  }
  return { code: undefined, message: 'nothing was thrown' };
}

/** What each of them throws. */
export const refusalsOf = (actions: readonly (() => unknown)[]): Told[] => actions.map(errorOf);
