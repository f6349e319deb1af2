/** Where the real Docker leaves something behind too: what is forgiven in the daemon that goes on, and why. */
import type { TraceEvent } from '../../src/kernel/trace.ts';
import type { Fault } from './strike.ts';

/** Where a fault struck. */
export interface Point {
  readonly driver: string;
  readonly action: string;
  readonly fault: Fault;
  readonly event: TraceEvent;
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

const TRIED_OUT = /(opaque-bug-check|check-overlayfs-support|feature-check|fsutils-dummy)\d+/;

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
      /half done/.test(text) &&
      (action === 'applyDiff to a container' || (fault !== 'stop' && /^applyDiff/.test(action))),
  },
  {
    reason:
      'what cannot be removed on the way back stays until the next sweep, with Docker for ever: registerWithDescriptor()',
    applies: ({ fault, action }, { kind, text }) =>
      fault !== 'stop' &&
      /^(ingest|commit|createRWLayer)/.test(action) &&
      ((kind === 'check' && /^(nobody refers to|a transaction has not ended)/.test(text)) ||
        (kind === 'disk' && /^left over: .overlay2|^left over: .*write-set/.test(text))),
  },
  {
    reason: 'the end of the daemon unmounts and leaves the mount points: Cleanup()',
    applies: ({ action }, { kind, text }) => action === 'end of the daemon' && kind === 'check' && /merged$/.test(text),
  },
  {
    reason: 'a removal that was refused has begun, and ends when it is tried again: driver.Remove()',
    applies: ({ fault, action }, { kind, text }) =>
      fault !== 'stop' &&
      /^(remove|release)/.test(action) &&
      ((kind === 'disk' && / half done: (nothing|.mount-id-removing) /.test(text)) ||
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
