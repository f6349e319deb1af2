import { describe, expect, it } from 'vitest';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import { checksumsOf } from '../../../src/archive/tar-header.ts';
import { encodeHeader, writeArchive } from '../../../src/archive/tar-writer.ts';
import { whole } from './golden.ts';
import { entry, makeTar, plainHeader } from './make-tar.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const padded = (body: Uint8Array): Uint8Array => whole([body, new Uint8Array((512 - (body.length % 512)) % 512)]);
/** A block with some of its bytes changed and the checksum put right. */
function patched(block: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const copy = block.slice();
  copy.set(bytes, at);
  copy.set(ascii(`${checksumsOf(copy).unsigned.toString(8).padStart(6, '0')}\0 `), 148);
  return copy;
}
const file = encodeHeader({ ...plainHeader, name: 'f', size: 3 });
const body = padded(ascii('abc'));
const end = new Uint8Array(1024);
const extended = (type: string, text: string): Uint8Array => {
  const header = encodeHeader({ ...plainHeader, name: 'ext', type, size: ascii(text).length });
  return whole([header, padded(ascii(text))]);
};
const read = (...parts: Uint8Array[]) => [...readArchive(whole(parts))];
const names = (...parts: Uint8Array[]): string[] => read(...parts).map(({ header }) => header.name);

describe('what is refused', () => {
  it.each<[string, string, Uint8Array[]]>([
    ['a header that breaks off', 'ERR_TAR_TRUNCATED', [file.subarray(0, 100)]],
    ['a body that breaks off', 'ERR_TAR_TRUNCATED', [file, ascii('ab')]],
    ['padding that breaks off', 'ERR_TAR_TRUNCATED', [file, body.subarray(0, 100)]],
    ['a second zero block that breaks off', 'ERR_TAR_TRUNCATED', [file, body, end.subarray(0, 700)]],
    ['an extended header with nothing behind it', 'ERR_TAR_TRUNCATED', [extended('x', '9 path=a\n'), end]],
    ['an extended header at the very end', 'ERR_TAR_TRUNCATED', [extended('x', '9 path=a\n')]],
    ['an entry behind a zero block', 'ERR_TAR_HEADER', [end.subarray(0, 512), file, body, end]],
    ['a flipped bit', 'ERR_TAR_CHECKSUM', [file.with(3, 1), body, end]],
    ['a negative size', 'ERR_TAR_SIZE', [patched(file, 124, new Uint8Array(12).fill(255)), body, end]],
    ['a size beyond all numbers', 'ERR_TAR_SIZE', [patched(file, 124, Uint8Array.of(128, 127)), body, end]],
    ['a size larger than the archive', 'ERR_TAR_TRUNCATED', [patched(file, 124, ascii('77777777777')), body, end]],
    ['a size that is no number', 'ERR_TAR_HEADER', [patched(file, 124, ascii('12x')), body, end]],
    ['a negative size in PAX', 'ERR_TAR_SIZE', [extended('x', '11 size=-1\n'), file, body, end]],
    ['a PAX size that is no number', 'ERR_TAR_HEADER', [extended('x', '11 size=1x\n'), file, body, end]],
    ['a PAX record without a length', 'ERR_TAR_HEADER', [extended('x', 'path=a\n'), file, body, end]],
    ['a PAX record that is too long', 'ERR_TAR_HEADER', [extended('x', '99 path=a\n'), file, body, end]],
    ['a PAX record that is too short', 'ERR_TAR_HEADER', [extended('x', '5 path=a\n'), file, body, end]],
    ['a PAX path with a NUL', 'ERR_TAR_HEADER', [extended('x', '11 path=a\0b\n'), file, body, end]],
    ['a PAX record without a key', 'ERR_TAR_HEADER', [extended('x', '6 =ab\n'), file, body, end]],
    ['a PAX time that is none', 'ERR_TAR_HEADER', [extended('x', '13 mtime=1e3\n'), file, body, end]],
    [
      'an extended header of a gigabyte',
      'ERR_TAR_SIZE',
      [encodeHeader({ ...plainHeader, name: 'x', type: 'x', size: 2 ** 30 }), end],
    ],
    ['a GNU sparse file', 'ERR_TAR_SPARSE', [encodeHeader({ ...plainHeader, name: 's', type: 'S' }), end]],
    ['a PAX sparse file', 'ERR_TAR_SPARSE', [extended('x', '22 GNU.sparse.major=1\n'), file, body, end]],
  ])('%s', (_, code, parts) => {
    expect(() => read(...parts)).toThrow(expect.objectContaining({ name: 'ArchiveError', code }));
    const bytes = whole(parts);
    const single = (): unknown => [...readArchive(Array.from(bytes, (byte) => Uint8Array.of(byte)))];
    expect(single).toThrow(expect.objectContaining({ code }));
  });

  it('names the entry', () => {
    expect(() => read(file, ascii('ab'))).toThrow(
      expect.objectContaining({ entry: 'f', message: expect.stringContaining('"f"') }),
    );
    expect(() => [...writeArchive([entry('long = abc', { size: 4 })])]).toThrow(
      expect.objectContaining({ code: 'ERR_TAR_SIZE', entry: 'long' }),
    );
    expect(() => encodeHeader({ ...plainHeader, name: 'a\0b' })).toThrow(
      expect.objectContaining({ code: 'ERR_TAR_HEADER' }),
    );
  });
});

describe('what is understood', () => {
  it('an archive without its zero blocks, or without the last padding, as in Go', () => {
    expect(names(file, body)).toEqual(['f']);
    expect(names(file, ascii('abc'))).toEqual(['f']);
    expect(names(file, body, end.subarray(0, 512))).toEqual(['f']);
    expect(names()).toEqual([]);
    expect(names(end, file)).toEqual([]);
  });

  it('old headers: NUL for a file, a slash for a directory, signed checksums', () => {
    const old = patched(encodeHeader({ ...plainHeader, name: 'd/' }), 257, new Uint8Array(255));
    expect(read(patched(old, 156, Uint8Array.of(0)), end)[0]!.header).toMatchObject({ type: '5', name: 'd/' });
    expect(read(patched(file, 156, Uint8Array.of(0)), body, end)[0]!.header.type).toBe('0');
    const latin = patched(file, 0, Uint8Array.of(0xe9));
    latin.set(ascii(`${checksumsOf(latin).signed.toString(8).padStart(6, '0')}\0 `), 148);
    expect(names(latin, body)).toEqual(['\udce9']);
  });

  it('base 256, negative too', () => {
    const negative = patched(file, 136, Uint8Array.from([...new Array(11).fill(255), 0xfb]));
    expect(read(negative, body)[0]!.header.mtime).toEqual({ sec: -5, nsec: 0 });
  });

  it('PAX records: the later wins, an empty one changes nothing, fractions and signs', () => {
    const time = (text: string): unknown => {
      const record = `mtime=${text}\n`;
      return read(extended('x', `${record.length + 3} ${record}`), file, body)[0]!.header.mtime;
    };
    expect(time('1.25')).toEqual({ sec: 1, nsec: 250000000 });
    expect(time('-0.25')).toEqual({ sec: -1, nsec: 750000000 });
    expect(time('-5.0')).toEqual({ sec: -5, nsec: 0 });
    expect(time('1.12345678999')).toEqual({ sec: 1, nsec: 123456789 });
    expect(names(extended('x', '9 path=a\n9 path=b\n'), file, body)).toEqual(['b']);
    expect(names(extended('x', '8 path=\n'), file, body)).toEqual(['f']);
    expect(read(extended('x', '9 size=2\n'), file, body)[0]!.header.size).toBe(2);
  });

  it('an extended header before a global one for nobody, as Go does', () => {
    expect(names(extended('x', '9 path=a\n'), extended('g', '9 path=b\n'), file, body, end)).toEqual(['ext', 'f']);
  });

  it('a global header as an entry of its own', () => {
    expect(read(extended('g', '13 comment=x\n'), file, body).map(({ header }) => header.type)).toEqual(['g', '0']);
  });

  it('long names by ustar prefix, written and read', () => {
    const name = `${'d'.repeat(90)}/${'e'.repeat(60)}/${'f'.repeat(99)}`;
    const block = encodeHeader({ ...plainHeader, name });
    expect(block.length).toBe(512);
    expect(names(block)).toEqual([name]);
    expect(encodeHeader({ ...plainHeader, name: 'n'.repeat(101) }).length).toBe(3 * 512);
    expect(encodeHeader({ ...plainHeader, name, mtime: { sec: 1, nsec: 1 } }).length).toBe(3 * 512);
  });

  it('a fallback name that is cut at a slash loses it, lest a file look like a directory', () => {
    const name = `${'a'.repeat(97)}///${'b'.repeat(200)}`;
    const blocks = encodeHeader({ ...plainHeader, name });
    expect(new TextDecoder().decode(blocks.subarray(2 * 512, 2 * 512 + 100))).toBe(`${'a'.repeat(97)}\0//`);
    expect(names(blocks)).toEqual([name]);
  });

  it('bodies as views of the archive', () => {
    const tar = makeTar(entry(`big = ${'x'.repeat(200_000)}`), 'small = y');
    for (const { body } of readArchive(tar)) for (const view of body) expect(view.buffer).toBe(tar.buffer);
    expect([...readArchive(tar)].map(({ body }) => [...body].length)).toEqual([1, 1]);
  });
});
