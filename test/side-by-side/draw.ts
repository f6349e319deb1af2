/** The sequences that both filesystems are put through. */
import type { Arbitrary } from 'fast-check';
import { type Sequence, sequence } from '../../src/testing/sequence.ts';
import type { Operation } from '../../src/testing/operations.ts';

/** Calls that ask what each filesystem keeps for itself: its limits and identity, and what chattr(1) sets. */
const OWN = ['statfs', 'fstatfs', 'chattr', 'fchattr', 'lsattr', 'seekdir'];

/** Whether both have a rule of their own for it: attributes of overlayfs are ordinary ones elsewhere. */
const isOwn = (operation: Operation): boolean => 'name' in operation && operation.name.includes('.overlay.');

/** A listing in parts shows what is first, which is each one's own. */
const whole = (operation: Operation): Operation =>
  operation.call === 'getdents' ? { ...operation, count: undefined } : operation;

/** Random sequences on a union that is mounted as Docker mounts it. */
export const unionSequence = (length: number): Arbitrary<Sequence> =>
  sequence({ filesystem: 'overlay', length, options: [',index=off'], layouts: ['one'], without: OWN }).map((drawn) => ({
    ...drawn,
    operations: drawn.operations.filter((operation) => !isOwn(operation)).map(whole),
  }));
