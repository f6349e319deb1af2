/** Where we differ from the recordings of the real AUFS on purpose. */

/** A case that is accepted to differ, in whichever recording it is. */
export interface Accepted {
  readonly name: string;
  /** Where it differs; everything else is as recorded. */
  readonly at: readonly string[];
  readonly reason: string;
}

const emptyValue =
  'removexattr(2) of this one version leaves the attribute with an empty value, which listxattr(2) still shows; ' +
  'ours removes it';

export const accepted: readonly Accepted[] = [
  { name: 'xattr_lower', at: ['step 6', 'step 10', 'merged', 'rw'], reason: emptyValue },
  { name: 'xattr_remove_rw', at: ['step 1', 'step 3', 'merged', 'rw'], reason: emptyValue },
];
