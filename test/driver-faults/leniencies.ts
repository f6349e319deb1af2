/** Where the real Docker leaves something behind too: what is forgiven in the daemon that goes on, and why. */
import type { TraceEvent } from '../../src/kernel/trace.ts';
import type { Fault } from './strike.ts';

/** Where a fault struck. */
export interface Point {
  readonly driver: string;
  readonly action: string;
  readonly fault: Fault;
  readonly event: TraceEvent;
  /** The system call that it happens in. */
  readonly call: string;
  /** The last path that a call was made with until then. */
  readonly path: string;
  /** The daemon compares trees from then on, since the kernel could not be asked whether it must. */
  naive(): boolean;
}

/** What was found strange after a fault. */
export interface Finding {
  readonly kind: 'check' | 'disk' | 'mount' | 'open' | 'answer' | 'error';
  readonly text: string;
}

export interface Leniency {
  readonly reason: string;
  applies(point: Point, finding: Finding): boolean;
}

const TRIED_OUT = /(opaque-bug-check|check-overlayfs-support|feature-check|fsutils-dummy|docker-aufs-(base|union))\d+/;

export const leniencies: readonly Leniency[] = [
  {
    reason:
      'where something was tried out Docker leaves it when it cannot be removed or unmounted: os.RemoveAll, unix.Unmount behind defer',
    applies: ({ fault }, { kind, text }) => fault !== 'stop' && kind !== 'answer' && TRIED_OUT.test(text),
  },
  {
    reason: 'what was unpacked stays until the layer is removed: ApplyDiff()',
    applies: ({ fault, action }, { kind, text }) =>
      kind === 'disk' &&
      /half done|temp-docker-extract/.test(text) &&
      (action === 'applyDiff to a container' || (fault !== 'stop' && /^applyDiff/.test(action))),
  },
  {
    reason:
      'what cannot be removed on the way back stays until the next sweep, with Docker for ever: registerWithDescriptor()',
    applies: ({ fault, action }, { kind, text }) =>
      fault !== 'stop' &&
      /^(ingest|commit|createRWLayer)/.test(action) &&
      ((kind === 'check' && /^(nobody refers to|a transaction has not ended)/.test(text)) ||
        (kind === 'disk' && /^left over: .(overlay|vfs|aufs)|^left over: .*write-set/.test(text))),
  },
  {
    reason: 'an owner whose name cannot be read is written without one: archive/tar statUnix()',
    applies: ({ fault, path }, { kind }) =>
      fault !== 'stop' && (kind === 'answer' || kind === 'disk') && /^.etc.(passwd|group)$/.test(path),
  },
  {
    reason:
      'Linux leaves out of a listing what overlayfs cannot look up, and tells no error behind other names: ovl_cache_update()',
    applies: ({ fault, driver, call, event }, { kind }) =>
      fault !== 'stop' &&
      driver !== 'vfs' &&
      call === 'getdents' &&
      event.kind === 'lookup' &&
      (kind === 'answer' || kind === 'disk'),
  },
  {
    reason:
      'a layer below one that was removed stays, whole and without a reference, when its own removal cannot begin: releaseLayer()',
    applies: ({ fault, action }, { kind, text }) =>
      fault !== 'stop' &&
      /^release of (three|a container with)/.test(action) &&
      kind === 'disk' &&
      /^at the end: more .*(sha256|aufs.diff).* and less \[\]$/.test(text),
  },
  {
    reason:
      'a layer that cannot be unmounted, or asked for whether it is mounted, stays shown until the end of the daemon, and its mount point with it: Put()',
    applies: ({ fault, driver, call, path }, { kind, text }) =>
      fault !== 'stop' &&
      driver !== 'vfs' &&
      (call === 'umount' || call === 'rmdir' || (driver === 'aufs' && call === 'statfs')) &&
      /merged$|aufs.mnt.\w+(-init)?$/.test(path) &&
      (kind === 'mount' ||
        (kind === 'check' && /has left .*merged$/.test(text)) ||
        (kind === 'disk' && /half done: .merged|^.aufs.mnt.\w+(-init)? is half done/.test(text))),
  },
  {
    reason: 'the end of the daemon unmounts and leaves the mount points, whatever comes after that: Cleanup()',
    applies: ({ fault, action }, { kind, text }) =>
      fault !== 'stop' &&
      action === 'end of the daemon' &&
      (kind === 'mount' || (kind === 'check' && /merged$/.test(text))),
  },
  {
    reason:
      'what a whole tree has replaced in its layer is removed as well as can be, the rest with the next sweep: ApplyDiff()',
    applies: ({ fault, driver }, { kind, text }) =>
      fault !== 'stop' &&
      driver === 'overlay' &&
      ((kind === 'check' && /the driver has left .*(upper|work|lower-id)$/.test(text)) ||
        (kind === 'disk' && /half done: .(upper|work|lower-id)/.test(text))),
  },
  {
    reason:
      'an overlay that cannot make its work directory is mounted all the same, read-only, and Docker finds out later: ovl_make_workdir()',
    applies: ({ fault, call }, { kind, text }) =>
      fault !== 'stop' && call === 'mount' && kind === 'error' && /ENOENT: .*chown .*work.work|EROFS/.test(text),
  },
  {
    reason:
      'overlayfs notes in its log what it cannot remove from its work directory, and removes it when it is mounted again: ovl_cleanup()',
    applies: ({ fault }, { kind, text }) =>
      fault !== 'stop' && kind === 'check' && /^#\d+ was left in the work directory/.test(text),
  },
  {
    reason: 'what cannot be unmounted is removed below the mount, until something is missing: EnsureRemoveAll()',
    applies: ({ fault, action, call }, { kind, text }) =>
      fault !== 'stop' &&
      /^remove of a layer that is shown/.test(action) &&
      call === 'umount' &&
      kind === 'error' &&
      /ENOENT/.test(text),
  },
  {
    reason:
      'AUFS tells what goes wrong with a branch as EINVAL when it is mounted, and Docker takes that for a missing dirperm1: cvt_err()',
    applies: ({ fault, driver, call, event }, { kind }) =>
      fault !== 'stop' &&
      driver === 'aufs' &&
      call === 'mount' &&
      event.kind !== 'syscall' &&
      (kind === 'error' || kind === 'answer'),
  },
  {
    reason:
      'what aufs has renamed in order to remove it goes with the next try, or with the next start: atomicRemove()',
    applies: ({ fault, driver, action }, { kind, text }) =>
      fault !== 'stop' &&
      driver === 'aufs' &&
      /^(remove|release|ingest|createRWLayer)/.test(action) &&
      ((kind === 'check' && /^the driver has left .*\/(diff|mnt)\/\w+(-init)?(-removing)?$/.test(text)) ||
        (kind === 'disk' &&
          /^(left over: .aufs.(diff|mnt).\w+(-init)?(-removing)?|gone: .aufs.layers.\w+(-init)?)$/.test(text))),
  },
  {
    reason: 'a removal that was refused has begun, and ends when it is tried again: driver.Remove()',
    applies: ({ fault, action }, { kind, text }) =>
      fault !== 'stop' &&
      /^(remove|release)/.test(action) &&
      ((kind === 'disk' && / half done: (nothing|.mount-id-removing) /.test(text)) ||
        (action === 'remove of a layer that is shown' && (kind === 'mount' || /half done/.test(text))) ||
        (kind === 'check' && /^mount \w+ (cannot be read|is not in the driver)/.test(text))),
  },
  {
    reason:
      'a layer whose removal was refused is gone from the store, and from the disk with the next cleanup: deleteLayer()',
    applies: ({ fault, action }, { kind, text }) =>
      fault !== 'stop' &&
      /^release/.test(action) &&
      ((kind === 'check' && /^the removal of layer/.test(text)) || (kind === 'disk' && /-removing$/.test(text))),
  },
  {
    reason:
      'when the kernel cannot be asked whether a layer may be packed as it lies, trees are compared: useNaiveDiff()',
    applies: (point, { kind }) =>
      point.fault !== 'stop' && point.driver === 'overlay2' && (kind === 'answer' || kind === 'disk') && point.naive(),
  },
];
