/** Layer tars that cases write by hand. */
import { concatenate } from '../../archive/codecs.ts';
import { DIRTYPE, LNKTYPE, REGTYPE, SYMTYPE, type TarEntry, type TarHeader } from '../../archive/tar-entry.ts';
import { writeArchive } from '../../archive/tar-writer.ts';

/** A time of long ago, to the second as old tars have it. */
export const OLD = Object.freeze({ sec: 1_000_000_000, nsec: 0 });

const blank: TarHeader = {
  name: '',
  type: REGTYPE,
  linkname: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: OLD,
  uname: '',
  gname: '',
  devmajor: 0,
  devminor: 0,
  xattrs: new Map(),
};

/** What of an entry is not as it mostly is. */
export type Details = Partial<TarHeader>;

/** A file with that text. */
export function fileEntry(name: string, text = '', details: Details = {}): TarEntry {
  const body = new TextEncoder().encode(text);
  return { header: { ...blank, name, size: body.length, ...details }, body: [body] };
}

/** A directory; its name ends in a slash. */
export const directoryEntry = (name: string, details: Details = {}): TarEntry => ({
  header: { ...blank, name, type: DIRTYPE, mode: 0o755, ...details },
  body: [],
});

/** A hard link to another name of the layer. */
export const linkEntry = (name: string, linkname: string, details: Details = {}): TarEntry => ({
  header: { ...blank, name, type: LNKTYPE, linkname, ...details },
  body: [],
});

/** A symlink. */
export const symlinkEntry = (name: string, linkname: string, details: Details = {}): TarEntry => ({
  header: { ...blank, name, type: SYMTYPE, mode: 0o777, linkname, ...details },
  body: [],
});

/** The tar of the entries. */
export const layerTar = (...entries: readonly TarEntry[]): Uint8Array => concatenate([...writeArchive(entries)]);
