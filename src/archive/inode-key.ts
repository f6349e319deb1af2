/** What tells one inode from another. */
import type { Stat } from '../abi/stat.ts';

/** The same for all names of an inode, and for no other on the machine. */
export const inodeKey = ({ dev, ino, ino64 }: Stat): string => `${dev}:${ino64 ?? ino}`;
