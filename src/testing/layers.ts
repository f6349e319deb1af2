/** Random layer trees: what lies on the disk before a union is mounted. */
import fc, { type Arbitrary } from 'fast-check';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, FS_NOATIME_FL, FS_NODUMP_FL, FS_SYNC_FL } from '../abi/fileattr.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '../abi/mode.ts';
import type { Timespec } from '../abi/stat.ts';
import { WHITEOUT_DEV, WHITEOUT_MODE } from '../abi/whiteout.ts';
import { directoryNames, directoryPath, filePath, plainPath, symlinkTarget } from './names.ts';

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
  /** Of a file or directory, what chattr(1) sets when all is built: a sum of `FS_…_FL`. */
  readonly attributes?: number | undefined;
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

/** What chattr(1) is asked for, mostly nothing, so that not all comes to a halt. */
export const fileAttributes: Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constantFrom(FS_NOATIME_FL, FS_NODUMP_FL, FS_NOATIME_FL | FS_NODUMP_FL) },
  { weight: 4, arbitrary: fc.constantFrom(FS_IMMUTABLE_FL, FS_APPEND_FL, FS_APPEND_FL, FS_APPEND_FL | FS_NOATIME_FL) },
  { weight: 1, arbitrary: fc.constantFrom(FS_IMMUTABLE_FL | FS_APPEND_FL, FS_IMMUTABLE_FL | FS_SYNC_FL, FS_SYNC_FL) },
);
const layerAttributes = fc.oneof(
  { weight: 14, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fileAttributes },
);

export const content: Arbitrary<Content> = fc.record({
  letter: fc.constantFrom('l', 'm', 'n'),
  length: fc.constantFrom(0, 1, 5, 100, 4095, 4096, 4097, 9000),
  hole: fc.constantFrom(0, 0, 0, 0, 4096, 5000, 20_000),
});

/** Attributes that overlayfs keeps for itself, such that it knows no more, and escaped ones. */
export const overlayAttribute = fc
  .tuple(
    fc.constantFrom('trusted.overlay.', 'trusted.overlay.', 'trusted.overlay.overlay.', 'user.overlay.'),
    fc.constantFrom(
      'opaque',
      'redirect',
      'metacopy',
      'origin',
      'impure',
      'nlink',
      'upper',
      'whiteout',
      'protattr',
      'x',
    ),
  )
  .map(([prefix, name]) => prefix + name);

const xattr = fc.tuple(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('user.a', 'user.b', 'trusted.a', 'security.a') },
    { weight: 1, arbitrary: overlayAttribute },
  ),
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

const directory = fc.record({
  ...common,
  attributes: layerAttributes,
  path: directoryPath,
  type: fc.constant('directory' as const),
});
const opaque = directory.map((entry) => ({
  ...entry,
  xattrs: [...entry.xattrs, ['trusted.overlay.opaque', 'y'] as const],
}));
const redirectTo = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...directoryNames) },
  { weight: 2, arbitrary: directoryPath.map((path) => `/${path}`) },
);
const redirected = fc.tuple(directory, redirectTo).map(([entry, to]) => ({
  ...entry,
  xattrs: [...entry.xattrs, ['trusted.overlay.redirect', to] as const],
}));
const file = fc.record({
  ...common,
  attributes: layerAttributes,
  path: filePath,
  type: fc.constant('file' as const),
  content,
});
const symlink = fc.record({ ...common, path: plainPath, type: fc.constant('symlink' as const), target: symlinkTarget });
const link = fc.record({ ...common, path: filePath, type: fc.constant('link' as const), to: filePath });
const node = fc.record({
  ...common,
  path: filePath,
  type: fc.constant('node' as const),
  format: fc.constantFrom(S_IFIFO, S_IFCHR, S_IFBLK),
  rdev: fc.constantFrom(0x3c07, 0x3d12c),
});
/** A file whose data lies further down, there by its own name or by another one. */
const metacopy = fc.tuple(file, fc.option(filePath, { nil: undefined })).map(([entry, to]) => ({
  ...entry,
  xattrs: [
    ...entry.xattrs,
    ['trusted.overlay.metacopy', ''] as const,
    ...(to === undefined ? [] : [['trusted.overlay.redirect', `/${to}`] as const]),
  ],
}));
const whiteout = fc.record({
  ...common,
  path: plainPath,
  xattrs: fc.constant([]),
  type: fc.constant('node' as const),
  format: fc.constant(WHITEOUT_MODE),
  rdev: fc.constant(WHITEOUT_DEV),
});

/** A whiteout of the other form, which holds in a directory that is marked to have such. */
const xattrWhiteout = fc.record({
  ...common,
  path: filePath,
  xattrs: fc.constant([['trusted.overlay.whiteout', ''] as const]),
  type: fc.constant('file' as const),
  content: fc.constant({ letter: 'w', length: 0, hole: 0 }),
});
const opaqueX = directory.map((entry) => ({
  ...entry,
  xattrs: [...entry.xattrs, ['trusted.overlay.opaque', 'x'] as const],
}));

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

/** A layer as overlayfs leaves one behind with every option on, redirects and files without data among it. */
const anyLayer: Arbitrary<Layer> = fc
  .tuple(overlayLayer, fc.array(fc.oneof(redirected, metacopy, xattrWhiteout, opaqueX), { maxLength: 3 }))
  .map(([layer, more]) => coverOrigins([...more, ...layer]));

const REDIRECT = 'trusted.overlay.redirect';

/** Where the layers below have what an entry shows; `undefined` where it shows what lies under its own name. */
function originOf({ path, xattrs }: LayerEntry): string | undefined {
  const to = xattrs.find(([name]) => name === REDIRECT)?.[1];
  if (to === undefined || to === '') return undefined;
  return to.startsWith('/') ? to.slice(1) : path.slice(0, path.lastIndexOf('/') + 1) + to;
}

const isWithin = (path: string, directory: string): boolean => `${path}/`.startsWith(`${directory}/`);

/**
 * What was moved leaves a whiteout, so that two names never lead to one object. Otherwise what a name shows depends on
 * which of them the kernel's caches happen to hold. A redirect that cannot be covered is left out.
 */
function coverOrigins(layer: Layer): Layer {
  const covered: LayerEntry[] = [];
  for (const entry of layer) {
    const origin = originOf(entry);
    if (origin === undefined) covered.push(entry);
    else if (!isWithin(origin, entry.path) && !isWithin(entry.path, origin) && isFree(origin, [...layer, ...covered])) {
      covered.push(entry, { ...whiteoutAt(origin), mtime: entry.mtime });
    } else covered.push({ ...entry, xattrs: entry.xattrs.filter(([name]) => name !== REDIRECT) });
  }
  return covered;
}

const isFree = (path: string, layer: Layer): boolean =>
  path !== '' &&
  !layer.some((entry) => isWithin(entry.path, path) || (entry.type === 'link' && isWithin(entry.to, path)));

const whiteoutAt = (path: string) =>
  ({
    path,
    mode: 0,
    uid: 0,
    gid: 0,
    xattrs: [],
    type: 'node',
    format: WHITEOUT_MODE,
    rdev: WHITEOUT_DEV,
  }) as const;

/** One to five lower layers, the topmost first. */
export const layerStack: Arbitrary<readonly Layer[]> = fc
  .tuple(fc.array(overlayLayer, { maxLength: 4, size: 'max' }), plainLayer)
  .map(([above, lowest]) => [...above, lowest]);

/** As `layerStack`, of layers that were written with any options. */
export const anyLayerStack: Arbitrary<readonly Layer[]> = fc
  .tuple(fc.array(anyLayer, { maxLength: 4, size: 'max' }), plainLayer)
  .map(([above, lowest]) => [...above, lowest]);
