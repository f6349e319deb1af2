/** Random layer trees: what lies on the disk before a union is mounted. */
import fc, { type Arbitrary } from 'fast-check';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '../abi/mode.ts';
import type { Timespec } from '../abi/stat.ts';
import { WHITEOUT_DEV, WHITEOUT_MODE } from '../abi/whiteout.ts';
import { directoryPath, filePath, plainPath, symlinkTarget } from './names.ts';

/** What a file holds: runs of one letter behind a hole. */
export interface Content {
  readonly letter: string;
  readonly length: number;
  /** Bytes of hole before the letters. */
  readonly hole: number;
}

interface Common {
  /** Relative to the layer; `''` is its root. Missing parents are made. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timespec;
  readonly xattrs: readonly (readonly [name: string, value: string])[];
}

/** One object of a layer, as plain data. */
export type LayerEntry = Common &
  (
    | { readonly type: 'directory' }
    | { readonly type: 'file'; readonly content: Content }
    | { readonly type: 'symlink'; readonly target: string }
    | { readonly type: 'link'; readonly to: string }
    | { readonly type: 'node'; readonly format: number; readonly rdev: number }
  );

/** A layer as plain data: its objects in the order in which they are made. */
export type Layer = readonly LayerEntry[];

/** Times of long ago, which no clock of a run gives. */
export const oldTime: Arbitrary<Timespec> = fc.constantFrom(
  { sec: 1_000_000_000, nsec: 123_456_789 },
  { sec: 1_200_000_000, nsec: 0 },
  { sec: 1, nsec: 999_999_999 },
  { sec: -5, nsec: 7 },
);

export const owner: Arbitrary<number> = fc.constantFrom(0, 0, 0, 1000, 1000, 2000);
export const mode: Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0o755, 0o777, 0o644, 0o666, 0o700) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0o111, 0o444, 0o222, 0o070) },
  { weight: 2, arbitrary: fc.constantFrom(0o4755, 0o2755, 0o2644, 0o6777, 0o1777, 0o3777) },
);

export const content: Arbitrary<Content> = fc.record({
  letter: fc.constantFrom('l', 'm', 'n'),
  length: fc.constantFrom(0, 1, 5, 100, 4095, 4096, 4097, 9000),
  hole: fc.constantFrom(0, 0, 0, 0, 4096, 5000, 20_000),
});

const xattr = fc.tuple(
  fc.constantFrom('user.a', 'user.b', 'trusted.a', 'security.a'),
  fc.constantFrom('', 'y', 'value', 'v'.repeat(200)),
);

const common = {
  mode,
  uid: owner,
  gid: owner,
  mtime: oldTime,
  xattrs: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(xattr, { maxLength: 2 }) },
  ),
};

const directory = fc.record({ ...common, path: directoryPath, type: fc.constant('directory' as const) });
const opaque = directory.map((entry) => ({
  ...entry,
  xattrs: [...entry.xattrs, ['trusted.overlay.opaque', 'y'] as const],
}));
const file = fc.record({ ...common, path: filePath, type: fc.constant('file' as const), content });
const symlink = fc.record({ ...common, path: plainPath, type: fc.constant('symlink' as const), target: symlinkTarget });
const link = fc.record({ ...common, path: filePath, type: fc.constant('link' as const), to: filePath });
const node = fc.record({
  ...common,
  path: filePath,
  type: fc.constant('node' as const),
  format: fc.constantFrom(S_IFIFO, S_IFCHR, S_IFBLK),
  rdev: fc.constantFrom(0x3c07, 0x3d12c),
});
const whiteout = fc.record({
  ...common,
  path: plainPath,
  xattrs: fc.constant([]),
  type: fc.constant('node' as const),
  format: fc.constant(WHITEOUT_MODE),
  rdev: fc.constant(WHITEOUT_DEV),
});

/** A tree without marks of a union: the contents of a plain filesystem, or of a lowest layer. */
export const plainLayer: Arbitrary<Layer> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: directory },
    { weight: 7, arbitrary: file },
    { weight: 2, arbitrary: symlink },
    { weight: 1, arbitrary: link },
    { weight: 1, arbitrary: node },
  ),
  { minLength: 3, maxLength: 14, size: 'max' },
);

/** A layer as overlayfs leaves one behind, whiteouts and opaque directories among it. */
export const overlayLayer: Arbitrary<Layer> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: directory },
    { weight: 2, arbitrary: opaque },
    { weight: 7, arbitrary: file },
    { weight: 2, arbitrary: symlink },
    { weight: 1, arbitrary: link },
    { weight: 1, arbitrary: node },
    { weight: 2, arbitrary: whiteout },
  ),
  { maxLength: 9, size: 'max' },
);

/** One to five lower layers, the topmost first. */
export const layerStack: Arbitrary<readonly Layer[]> = fc
  .tuple(fc.array(overlayLayer, { maxLength: 4, size: 'max' }), plainLayer)
  .map(([above, lowest]) => [...above, lowest]);
