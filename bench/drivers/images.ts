/** The images that drivers are compared on. */
import type { TarEntry, TarHeader } from '../../src/archive/tar-entry.ts';
import type { Layer } from '../../src/layer/layer.ts';
import type { Daemon } from './daemon.ts';
import type { DriverLibrary } from './library.ts';

const MTIME = { sec: 1_600_000_000, nsec: 0 };
const KIB = 1024;

function headerOf(name: string, size: number): TarHeader {
  const isDirectory = name.endsWith('/');
  const [type, mode] = isDirectory ? ['5', 0o040755] : ['0', 0o100644];
  const rest = { linkname: '', uid: 0, gid: 0, uname: 'root', gname: 'root', devmajor: 0, devminor: 0 };
  return { name, type: type as string, mode: mode as number, size, mtime: MTIME, xattrs: new Map(), ...rest };
}

const block = (length: number, letter: number): Uint8Array => new Uint8Array(length).fill(letter);

function* bodyOf(size: number, letter: number): Generator<Uint8Array> {
  for (let at = 0; at < size; at += KIB * KIB) yield block(Math.min(KIB * KIB, size - at), letter);
}

const entryOf = (name: string, size = 0, letter = 97): TarEntry => ({
  header: headerOf(name, size),
  body: size > 0 ? bodyOf(size, letter) : [],
});

/** `count` files of 4 KiB in directories of 100. */
export function* files(count: number): Generator<TarEntry> {
  yield entryOf('files/');
  for (let i = 0; i < count; i++) {
    const directory = `files/${Math.floor(i / 100)}/`;
    if (i % 100 === 0) yield entryOf(directory);
    yield entryOf(pathOf(i).slice(1), 4 * KIB);
  }
}

/** Where the file of that number lies. */
export const pathOf = (index: number): string => `/files/${Math.floor(index / 100)}/${index}`;

/** The sizes of the files that are written to for the first time. */
export const SIZES: readonly (readonly [string, number])[] = [
  ['4 KiB', 4 * KIB],
  ['1 MiB', KIB * KIB],
  ['256 MiB', 256 * KIB * KIB],
];

/** A file of each size. */
export function* bigFiles(): Generator<TarEntry> {
  for (const [name, size] of SIZES) yield entryOf(name, size);
}

/** One more layer: a file of its own. */
export const oneFile = (index: number): TarEntry[] => [entryOf(`layer-${index}`, KIB, 98)];

/** Takes a layer in. */
export const addLayer = (
  library: DriverLibrary,
  { store }: Daemon,
  entries: Iterable<TarEntry>,
  parent?: Layer,
): Layer => store.register(library.writeArchive(entries), parent?.chainID);

/** That many files of the same bytes. */
export function* incompressible(noise: Uint8Array, count: number): Generator<TarEntry> {
  for (let i = 0; i < count; i++) yield { header: headerOf(`noise-${i}`, noise.length), body: [noise] };
}
