import { describe, expect, it } from 'vitest';
import { digestOf, pureCodecs } from '../../../src/archive/codecs.ts';
import { readImageArchive } from '../../../src/archive/docker-archive.ts';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import type { TarEntry } from '../../../src/archive/tar-entry.ts';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import { writeArchive } from '../../../src/archive/tar-writer.ts';
import { golden, whole } from './golden.ts';
import { entry, makeTar, plainHeader } from './make-tar.ts';

const sha256 = nodeCodecs.sha256;
const two = golden('save/two.tar');
const base = golden('base/base-pax.tar');
const baseID = digestOf(sha256, base);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (name: string, body: Uint8Array): TarEntry => ({
  header: { ...plainHeader, name, size: body.length },
  body: [body],
});
/** two.tar with some of its files replaced or, for `undefined`, left out. */
const altered = (changes: Record<string, Uint8Array | undefined>): Uint8Array =>
  makeTar(
    ...[...readArchive(two)].flatMap(({ header, body }) => {
      if (!(header.name in changes)) return [{ header, body }];
      const replaced = changes[header.name];
      return replaced === undefined ? [] : [file(header.name, replaced)];
    }),
  );
const layerNames = [...readArchive(two)].map(({ header }) => header.name).filter((name) => name.endsWith('layer.tar'));

describe('docker save archives', () => {
  it.each([
    ['pure', pureCodecs],
    ['node', nodeCodecs],
  ])('give the recorded images, verified with the %s codecs', (_, codecs) => {
    const images = readImageArchive(two, codecs);
    expect(images.map(({ id, tags }) => [id, tags])).toEqual([
      ['sha256:82fb218ab400b5762e66c518bf47d571072ebd33ca82ff4b6640165abd32ff50', ['small/a:1']],
      ['sha256:9220e7ebe2ae6702c08c9d7f39ca941a5b36ece1007cdc6a8d165774534c0c7e', ['small/b:1']],
    ]);
    for (const { layers, config } of images) {
      expect(layers.map(({ diffID }) => diffID)).toEqual(JSON.parse(new TextDecoder().decode(config)).rootfs.diff_ids);
      expect(layers[0]!.diffID).toBe(baseID);
      expect(Buffer.from(layers[0]!.tar).equals(base)).toBe(true);
    }
    expect(readImageArchive(codecs.gzip(two), codecs)).toEqual(images);
  });

  it('may have gzip layers, and symlinks in the place of layers', () => {
    const zipped = altered(
      Object.fromEntries(
        [...readArchive(two)]
          .filter(({ header }) => header.name.endsWith('layer.tar'))
          .map(({ header, body }) => [header.name, nodeCodecs.gzip(whole(body))]),
      ),
    );
    expect(readImageArchive(zipped, nodeCodecs)).toEqual(readImageArchive(two, nodeCodecs));
    const manifest = bytes(
      JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: ['a/layer.tar', 'b/layer.tar'] }]),
    );
    const config = bytes(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [baseID, baseID] } }));
    const linked = makeTar(
      file('a/layer.tar', base),
      'b/layer.tar -> ../a/layer.tar',
      file('c.json', config),
      file('manifest.json', manifest),
    );
    const [image] = readImageArchive(linked, nodeCodecs);
    expect(image).toMatchObject({ tags: [], id: digestOf(sha256, config) });
    expect(image!.layers.map(({ diffID }) => diffID)).toEqual([baseID, baseID]);
    const circle = makeTar(
      file('c.json', config),
      file('manifest.json', manifest),
      'a/layer.tar -> ../b/layer.tar',
      'b/layer.tar -> ../a/layer.tar',
      'x/layer.tar = x',
    );
    expect(() => readImageArchive(circle, nodeCodecs)).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_BLOB' }));
  });

  it.each<[string, string, Record<string, Uint8Array | undefined>]>([
    ['a layer of other bytes', 'ERR_IMAGE_DIFFID', { [layerNames[0]!]: bytes('other') }],
    ['a missing layer', 'ERR_IMAGE_BLOB', { [layerNames[0]!]: undefined }],
    ['a manifest that is no JSON', 'ERR_IMAGE_MANIFEST', { 'manifest.json': bytes('[{') }],
    ['a manifest of another shape', 'ERR_IMAGE_MANIFEST', { 'manifest.json': bytes('[{"Config":1}]') }],
    ['no manifest, the form before 1.10', 'ERR_IMAGE_MANIFEST', { 'manifest.json': undefined }],
    ['a layer in broken gzip', 'ERR_ARCHIVE_COMPRESSION', { [layerNames[0]!]: nodeCodecs.gzip(base).subarray(0, 900) }],
    ['a layer in zstd', 'ERR_ARCHIVE_COMPRESSION', { [layerNames[0]!]: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0) }],
  ])('are refused with %s', (_, code, changes) => {
    for (const codecs of [pureCodecs, nodeCodecs]) {
      expect(() => readImageArchive(altered(changes), codecs)).toThrow(
        expect.objectContaining({ name: 'ArchiveError', code }),
      );
    }
  });

  it('are refused in the words of docker load', () => {
    const first = 'invalid diffID for layer 1: expected "sha256:';
    expect(() => readImageArchive(altered({ [layerNames[1]!]: bytes('x') }), nodeCodecs)).toThrow(first);
    const manifest = (layers: string[], config: string): Uint8Array =>
      makeTar(
        file('manifest.json', bytes(JSON.stringify([{ Config: 'c', RepoTags: [], Layers: layers }]))),
        file('c', bytes(config)),
        file('a/layer.tar', base),
      );
    expect(() => readImageArchive(manifest(['a/layer.tar'], '{"rootfs":{"diff_ids":[]}}'), nodeCodecs)).toThrow(
      'invalid manifest, layers length mismatch: expected 1, got 0',
    );
    expect(() => readImageArchive(manifest([], '{}'), nodeCodecs)).toThrow('invalid image JSON, no RootFS key');
  });
});

describe('OCI layouts', () => {
  const blob = (body: Uint8Array): TarEntry => file(`blobs/${digestOf(sha256, body).replace(':', '/')}`, body);
  const json = (value: unknown): Uint8Array => bytes(JSON.stringify(value));
  const descriptor = (body: Uint8Array, more = {}): unknown => ({
    digest: digestOf(sha256, body),
    size: body.length,
    ...more,
  });
  const config = json({ rootfs: { type: 'layers', diff_ids: [baseID] } });
  const zipped = nodeCodecs.gzip(base);
  const manifest = json({ schemaVersion: 2, config: descriptor(config), layers: [descriptor(zipped)] });
  const annotations = { 'io.containerd.image.name': 'docker.io/library/a:1', 'org.opencontainers.image.ref.name': '1' };
  const layout = file('oci-layout', bytes('{"imageLayoutVersion": "1.0.0"}'));
  const archive = (index: unknown, ...more: TarEntry[]): Uint8Array =>
    makeTar(layout, file('index.json', json(index)), blob(config), blob(zipped), blob(manifest), ...more);
  const image = { id: digestOf(sha256, config), tags: ['a:1'], layers: [{ diffID: baseID }] };

  it('give their images', () => {
    expect(readImageArchive(archive({ manifests: [descriptor(manifest, { annotations })] }), nodeCodecs)).toMatchObject(
      [image],
    );
  });

  it('give the images of nested indexes, attestations left out', () => {
    const attestation = descriptor(bytes('absent'), { platform: { os: 'unknown', architecture: 'unknown' } });
    const nested = json({ manifests: [descriptor(manifest, { platform: { os: 'linux' } }), attestation] });
    const index = { manifests: [descriptor(nested, { annotations })] };
    expect(readImageArchive(archive(index, blob(nested)), nodeCodecs)).toMatchObject([image]);
  });

  it('beside a manifest.json give the same', () => {
    const name = (body: Uint8Array): string => `blobs/${digestOf(sha256, body).replace(':', '/')}`;
    const items = [{ Config: name(config), RepoTags: ['a:1'], Layers: [name(zipped)] }];
    const both = archive({ manifests: [] }, file('manifest.json', json(items)));
    expect(readImageArchive(both, nodeCodecs)).toMatchObject([image]);
  });

  it('are refused when a blob is not what its name says', () => {
    const wrong = { ...blob(zipped), body: [base], header: { ...blob(base).header, name: blob(zipped).header.name } };
    const refused = (code: string): unknown => expect.objectContaining({ code });
    const read =
      (index: unknown, ...more: TarEntry[]) =>
      () =>
        readImageArchive(archive(index, ...more), nodeCodecs);
    expect(read({ manifests: [descriptor(manifest)] }, wrong)).toThrow(refused('ERR_IMAGE_BLOB'));
    expect(read({ manifests: [descriptor(bytes('absent'))] })).toThrow(refused('ERR_IMAGE_BLOB'));
    expect(read({ manifests: [{ digest: 'sha256:../../etc' }] })).toThrow(refused('ERR_IMAGE_MANIFEST'));
    expect(read({})).toThrow(refused('ERR_IMAGE_MANIFEST'));
    expect(read({ manifests: [descriptor(config)] })).toThrow(refused('ERR_IMAGE_MANIFEST'));
  });
});

describe('plain tars', () => {
  it('are images of one layer, compressed or not', () => {
    for (const archive of [base, nodeCodecs.gzip(base), pureCodecs.gzip(base)]) {
      expect(readImageArchive(archive, nodeCodecs)).toEqual([
        { tags: [], layers: [{ diffID: baseID, tar: expect.anything() }] },
      ]);
    }
  });

  it('may hold a file called manifest.json', () => {
    for (const text of ['{"name":"app"}', 'no JSON', '[]']) {
      const tar = makeTar(entry(`manifest.json = ${text}`));
      expect(readImageArchive(tar, nodeCodecs)).toMatchObject([{ tags: [], layers: [{ tar }] }]);
    }
  });

  it('are refused when they are no tars', () => {
    expect(() => readImageArchive(bytes('hello'), nodeCodecs)).toThrow(
      expect.objectContaining({ code: 'ERR_TAR_TRUNCATED' }),
    );
    expect(() => readImageArchive(new Uint8Array(600).fill(65), nodeCodecs)).toThrow(
      expect.objectContaining({ name: 'ArchiveError' }),
    );
    expect(writeArchive([]).next().value).toEqual(new Uint8Array(1024));
  });
});
