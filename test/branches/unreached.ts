/**
 * Branches that no sequence, mount case or stop takes, and why: each names the file and a part of the line that the
 * branch begins in.
 */
export interface Unreached {
  readonly file: string;
  /** Stands in the line in which the branch begins. */
  readonly line: string;
  readonly reason: string;
}

export const unreached: readonly Unreached[] = [];
