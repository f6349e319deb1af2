/** One difference between a layer and what lies below it. @see moby pkg/archive/changes.go (Change) */

/** `'A'` added, `'C'` changed, `'D'` deleted: the letters of `docker diff`. */
export type ChangeKind = 'A' | 'C' | 'D';

/** One line of what changed. */
export interface Change {
  readonly kind: ChangeKind;
  /** Absolute, from the root of the merged tree: `/w/added`. */
  readonly path: string;
  /** The directory hides all that lies below it in the lower layers. Only lists that come from a layer alone tell it. */
  readonly opaque?: true;
}

/** The line of `docker diff`: `C /etc/motd`. */
export const formatChange = ({ kind, path }: Change): string => `${kind} ${path}`;
