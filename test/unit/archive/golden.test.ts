import { describe, expect, it } from 'vitest';
import { pureCodecs } from '../../../src/archive/codecs.ts';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { paddingOf, type TarHeader } from '../../../src/archive/tar-entry.ts';
import { readArchive, TarReader } from '../../../src/archive/tar-reader.ts';
import { assembleArchive, formatSplit, parseSplit, splitArchive } from '../../../src/archive/tar-split.ts';
import { encodeHeader, writeArchive } from '../../../src/archive/tar-writer.ts';
import { cleanName } from '../../../src/abi/name-bytes.ts';
import { golden, goldenGunzipped, goldenText, whole } from './golden.ts';
import { dumpTar } from './tar-dump.ts';

const child = golden('layer/child.tar');
const madeByGo: [string, Uint8Array][] = [
  ['layer/child.tar', child],
  ['save/two.tar', golden('save/two.tar')],
  ...[2, 3, 4, 5, 6, 7].map((n): [string, Uint8Array] => [
    `build/layer-${n}`,
    goldenGunzipped(`build/layer-${n}.tar.gz`),
  ]),
];

describe('parsing the recordings', () => {
  it.each([['base/base-pax'], ['base/base-gnu'], ['layer/child']])('%s gives the recorded header fields', (name) => {
    expect(dumpTar(golden(`${name}.tar`))).toBe(goldenText(`${name}.dump`));
  });

  it.each([2, 3, 4, 5, 6, 7])('build/layer-%s gives the recorded header fields', (n) => {
    expect(dumpTar(goldenGunzipped(`build/layer-${n}.tar.gz`))).toBe(goldenText(`build/layer-${n}.dump`));
  });

  it('resolves PAX and GNU long names, xattrs, fractions and large ids', () => {
    const byName = new Map([...readArchive(golden('base/base-pax.tar'))].map((entry) => [entry.header.name, entry]));
    expect(byName.get('w/ünï-日本.txt')?.header.size).toBe(13);
    expect(byName.has(`w/${'L'.repeat(101)}`)).toBe(true);
    expect(byName.get('w/xattr')?.header.xattrs).toEqual(new Map([['user.color', new TextEncoder().encode('blue')]]));
    expect(byName.get('w/frac')?.header.mtime).toEqual({ sec: 1600000000, nsec: 500000000 });
    expect(byName.get('w/biguid')?.header).toMatchObject({ uid: 3000000, gid: 3000001 });
    expect(byName.get('dev/bloop')?.header).toMatchObject({ type: '4', devmajor: 7, devminor: 0 });
    expect(whole(byName.get('home/bob/notes')!.body)).toEqual(new TextEncoder().encode("bob's notes\n"));
    const gnu = [...readArchive(golden('base/base-gnu.tar'))].map(({ header }) => header.name);
    expect(gnu).toContain(`w/${'L'.repeat(101)}`);
    const negative = [...readArchive(child)].find(({ header }) => header.name === 'w/neg');
    expect(negative?.header.mtime).toEqual({ sec: -5, nsec: 0 });
  });
});

describe('writing what Go writes', () => {
  it.each(madeByGo)('%s: every header encoded anew has the same bytes', (_, tar) => {
    let segments: Uint8Array[] = [];
    let padding = 0;
    let count = 0;
    const reader = new TarReader({
      segment: (bytes) => segments.push(bytes),
      entry(header: TarHeader) {
        expect(Buffer.from(encodeHeader(header))).toEqual(Buffer.concat(segments).subarray(padding));
        segments = [];
        padding = paddingOf(header.size);
        count++;
      },
    });
    reader.write(tar);
    reader.end();
    expect(count).toBeGreaterThan(0);
  });

  it.each(madeByGo)('%s: the whole archive comes out again', (_, tar) => {
    expect(Buffer.from(whole(writeArchive(readArchive(tar)))).equals(tar)).toBe(true);
  });
});

describe('tar-split', () => {
  const cases: [string, string][] = [
    ['child', 'layer/child.tar'],
    ['base-pax', 'base/base-pax.tar'],
    ['base-gnu', 'base/base-gnu.tar'],
  ];

  it.each(cases)('%s: the records are those that dockerd kept', (name, tar) => {
    const lines = new TextDecoder().decode(formatSplit(splitArchive(golden(tar))));
    expect(lines).toBe(new TextDecoder().decode(goldenGunzipped(`tar-split/${name}.json.gz`)));
  });

  it.each(cases)('%s: the archive comes out again from the records and the files', (name, tar) => {
    const archive = golden(tar);
    const files = new Map([...readArchive(archive)].map(({ header, body }) => [header.name, body]));
    const records = parseSplit(goldenGunzipped(`tar-split/${name}.json.gz`));
    expect(Buffer.from(whole(assembleArchive(records, (file) => files.get(file)!))).equals(archive)).toBe(true);
  });

  it('does not depend on how the bytes come', () => {
    const pieces = Array.from({ length: Math.ceil(child.length / 777) }, (_, n) =>
      child.subarray(n * 777, n * 777 + 777),
    );
    expect(splitArchive(pieces)).toEqual(splitArchive(child));
  });

  it('notices a file that is not the recorded one', () => {
    const records = splitArchive(child);
    const files = new Map([...readArchive(child)].map(({ header, body }) => [header.name, whole(body)]));
    const altered = (change: (body: Uint8Array) => Uint8Array): (() => Uint8Array) => {
      const read = (name: string): Uint8Array => (name === 'w/change' ? change(files.get(name)!) : files.get(name)!);
      return () => whole(assembleArchive(records, read));
    };
    expect(altered((body) => body)()).toEqual(child);
    const error = { code: 'ERR_TAR_SPLIT_CHECKSUM', entry: 'w/change' };
    expect(altered((body) => body.with(0, body[0]! ^ 1))).toThrow(expect.objectContaining(error));
    expect(altered((body) => body.subarray(1))).toThrow(expect.objectContaining(error));
    expect(altered((body) => Uint8Array.from([...body, 0]))).toThrow(expect.objectContaining(error));
    expect(altered(() => new Uint8Array(0))).toThrow('file integrity checksum failed for "w/change"');
  });

  it('keeps names that are no UTF-8, and escapes names as Go does', () => {
    const header = [...readArchive(child)][1]!.header;
    const names = ['a\udcffb', '<&>\u2028', 'back\\b\b\f\u007f'];
    const archive = whole(writeArchive(names.map((name) => ({ header: { ...header, name, size: 0 }, body: [] }))));
    const records = splitArchive(archive);
    const text = new TextDecoder().decode(formatSplit(records));
    expect(text).toContain('"name_raw":"Yf9i"');
    expect(text).toContain('"name":"\\u003c\\u0026\\u003e\\u2028"');
    expect(text).toContain('"name":"back\\\\b\\u0008\\u000c\u007f"');
    expect(parseSplit(formatSplit(records)).map(({ name }) => name)).toEqual(records.map(({ name }) => name));
    expect(whole(assembleArchive(records, () => new Uint8Array(0)))).toEqual(archive);
  });

  it('refuses a path that comes twice', () => {
    const header = [...readArchive(child)][1]!.header;
    const twice = ['a', './a'].map((name) => ({ header: { ...header, name: cleanName(name), size: 0 }, body: [] }));
    expect(() => splitArchive(whole(writeArchive(twice)))).toThrow(
      expect.objectContaining({ code: 'ERR_TAR_DUPLICATE' }),
    );
  });
});

describe('codecs', () => {
  it('pure and Node codecs agree', () => {
    const hash = (codecs: typeof pureCodecs): Uint8Array =>
      new Uint8Array(codecs.sha256().update(child.subarray(0, 1000)).update(child.subarray(1000)).digest());
    expect(hash(pureCodecs)).toEqual(hash(nodeCodecs));
    for (const codecs of [pureCodecs, nodeCodecs]) {
      expect(Buffer.from(pureCodecs.gunzip(codecs.gzip(child))).equals(child)).toBe(true);
      expect(Buffer.from(nodeCodecs.gunzip(codecs.gzip(child))).equals(child)).toBe(true);
    }
    const members = whole([pureCodecs.gzip(child), nodeCodecs.gzip(child)]);
    for (const codecs of [pureCodecs, nodeCodecs]) expect(codecs.gunzip(members).length).toBe(2 * child.length);
  });
});
