/** Where we differ from the recordings of the real AUFS on purpose. */

export interface Accepted {
  /** The case, in whichever recording it is. */
  readonly name: string;
  /** Where it differs, and nowhere else. */
  readonly at: readonly string[];
  readonly reason: string;
}

export const accepted: readonly Accepted[] = [];
