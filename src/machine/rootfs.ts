/** rootfs: what a computer has at `/` once its kernel runs. */
import type { Task } from '../kernel/task.ts';

/** What is mounted at `/`: a host's root, or a container's read-only image. */
export interface Rootfs {
  /**
   * `'host'`: mounted read-only, checked, then remounted read-write. `'container'`: stays read-only and gets a writable
   * layer by a union mount.
   */
  readonly role: 'host' | 'container';
  /** The filesystem type, as mount(2) takes it; tmpfs unless given. */
  readonly type?: string;
  readonly source?: string;
  readonly data?: string;
  /** Puts the files of the distribution there before the machine starts: an installation, seen by nobody. */
  readonly install?: (task: Task) => void;
  /** What fsck does besides the filesystem's own check: one sentence for each thing that is wrong. */
  readonly check?: (task: Task) => readonly string[];
}
