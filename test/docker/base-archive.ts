/** Archives of drawn trees, for `docker import` and `docker load`. */
import { readFileSync } from 'node:fs';
import { major, minor, S_IFBLK, S_IFCHR, S_IFIFO } from '../../src/abi/mode.ts';
import { BLKTYPE, CHRTYPE, DIRTYPE, FIFOTYPE, LNKTYPE, REGTYPE, SYMTYPE } from '../../src/archive/index.ts';
import { type TarEntry, type TarHeader, writeArchive } from '../../src/archive/index.ts';
import type { Layer, LayerEntry } from '../../src/testing/layers.ts';
import { bytesOf } from '../../src/testing/subject.ts';
import type { Base } from './history.ts';
import { holdProgram } from './hold-program.ts';
import { archiveOfOdd, type OddArchive } from './odd-archive.ts';

/** A recorded archive, see test/golden/docker. */
export const goldenArchive = (name: string): Uint8Array =>
  readFileSync(new URL(`../golden/docker/base/${name}.tar`, import.meta.url));

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** What an entry of a layer is in an archive: Docker's form of whiteouts and opaque directories. */
type Form = 'object' | 'whiteout' | 'opaque';

const isWhiteout = (entry: LayerEntry): boolean =>
  entry.type === 'node' && entry.rdev === 0 && entry.format === S_IFCHR;
const formOf = (entry: LayerEntry): Form =>
  isWhiteout(entry) ? 'whiteout' : entry.xattrs.some(([name]) => name.endsWith('overlay.opaque')) ? 'opaque' : 'object';

const nodeTypes: { readonly [format: number]: string } = {
  [S_IFIFO]: FIFOTYPE,
  [S_IFCHR]: CHRTYPE,
  [S_IFBLK]: BLKTYPE,
};

function typeOf(entry: LayerEntry): string {
  if (entry.type === 'node') return nodeTypes[entry.format]!;
  return { directory: DIRTYPE, file: REGTYPE, symlink: SYMTYPE, link: LNKTYPE }[entry.type];
}

function headerOf(entry: LayerEntry): TarHeader {
  const rdev = entry.type === 'node' && entry.format !== S_IFIFO ? entry.rdev : 0;
  return {
    name: entry.type === 'directory' ? `${entry.path}/` : entry.path,
    type: typeOf(entry),
    linkname: entry.type === 'symlink' ? entry.target : entry.type === 'link' ? entry.to : '',
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.type === 'file' ? entry.content.hole + entry.content.length : 0,
    mtime: entry.mtime,
    uname: '',
    gname: '',
    devmajor: major(rdev),
    devminor: minor(rdev),
    xattrs: new Map(entry.xattrs.filter(([name]) => /^(user\.[ab]|security\.a)$/.test(name)).map(encoded)),
  };
}

const encoded = ([name, value]: readonly [string, string]): [string, Uint8Array] => [
  name,
  new TextEncoder().encode(value),
];

const bodyOf = (entry: LayerEntry): Uint8Array[] =>
  entry.type === 'file'
    ? [new Uint8Array(entry.content.hole), bytesOf(entry.content.letter, entry.content.length)]
    : [];

function whiteoutOf(header: TarHeader, path: string): TarEntry {
  const directory = parentOf(path);
  const name = `${directory === '' ? '' : `${directory}/`}.wh.${path.slice(path.lastIndexOf('/') + 1)}`;
  return { header: { ...header, name, type: REGTYPE, mode: 0, devmajor: 0, devminor: 0 }, body: [] };
}

/** What a drawn layer names that an archive can hold: each path once, below directories only, links to files before. */
function kept(layer: Layer): Layer {
  const types = new Map<string, string>();
  return layer.filter((entry) => {
    const { path } = entry;
    if (path === '' || types.has(path) || path.split('/').some((part) => part.length > 255)) return false;
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
      if ((types.get(at) ?? 'directory') !== 'directory') return false;
    }
    if (entry.type === 'link' && !['file', 'node'].includes(types.get(entry.to) ?? '')) return false;
    types.set(path, isWhiteout(entry) ? 'whiteout' : entry.type);
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) types.set(at, 'directory');
    return true;
  });
}

function entriesOf(entry: LayerEntry): TarEntry[] {
  const header = headerOf(entry);
  const form = formOf(entry);
  if (form === 'whiteout') return [whiteoutOf(header, entry.path)];
  const object = { header, body: bodyOf(entry) };
  if (form !== 'opaque') return [object];
  const mark = { ...header, name: `${entry.path}/.wh..wh..opq`, type: REGTYPE, xattrs: new Map() };
  return [object, { header: mark, body: [] }];
}

const common = { uid: 0, gid: 0, mtime: { sec: 1_400_000_000, nsec: 0 }, xattrs: [] } as const;
const program: Layer = [{ ...common, path: 'bin', mode: 0o755, type: 'directory' }];

function programEntry(): TarEntry {
  const entry: LayerEntry = {
    ...common,
    path: 'bin/hold',
    mode: 0o755,
    type: 'file',
    content: { letter: 'x', length: holdProgram.length, hole: 0 },
  };
  return { header: headerOf(entry), body: [holdProgram] };
}

/** A drawn tree as an archive. Directories that it leaves out are left out: unpacking makes them. */
export function archiveOfLayer(layer: Layer, withProgram = false): Uint8Array {
  const first = withProgram ? [...program.flatMap(entriesOf), programEntry()] : [];
  return Buffer.concat([...writeArchive([...first, ...kept(layer).flatMap(entriesOf)])]);
}

export function archiveOfBase(base: Base): Uint8Array {
  if (typeof base === 'string') return goldenArchive(base);
  return 'odd' in base ? archiveOfOdd(base) : archiveOfLayer(base, true);
}

/** A layer of an image that is loaded; the lowest one has the program. */
export const archiveOfLoaded = (layer: Layer | OddArchive, isLowest: boolean): Uint8Array =>
  'odd' in layer ? archiveOfOdd(layer) : archiveOfLayer(layer, isLowest);
