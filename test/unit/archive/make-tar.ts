/** Small archives for tests. */
import type { TarEntry, TarHeader } from '../../../src/archive/tar-entry.ts';
import { writeArchive } from '../../../src/archive/tar-writer.ts';
import { whole } from './golden.ts';

export const plainHeader: TarHeader = {
  name: '',
  type: '0',
  linkname: '',
  mode: 0o100644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: { sec: 1600000000, nsec: 0 },
  uname: '',
  gname: '',
  devmajor: 0,
  devminor: 0,
  xattrs: new Map(),
};

/** An entry: a name that ends in `/` is a directory, `a -> b` a symlink, `a => b` a hard link, `a = text` a file. */
export function entry(text: string, header: Partial<TarHeader> = {}): TarEntry {
  const [, name = '', operator, value = ''] = /^(.*?)(?: (->|=>|=) (.*))?$/s.exec(text)!;
  const body = operator === '=' ? new TextEncoder().encode(value) : new Uint8Array(0);
  const type = operator === '->' ? '2' : operator === '=>' ? '1' : name.endsWith('/') ? '5' : '0';
  const linkname = operator === '->' || operator === '=>' ? value : '';
  const mode = type === '5' ? 0o40755 : 0o100644;
  return { header: { ...plainHeader, name: name, type, linkname, mode, size: body.length, ...header }, body: [body] };
}

export const makeTar = (...entries: (string | TarEntry)[]): Uint8Array =>
  whole(writeArchive(entries.map((each) => (typeof each === 'string' ? entry(each) : each))));
