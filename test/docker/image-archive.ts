/** The archive of an image as `docker save` writes it and `docker load` reads it, just enough of it. */
import { createHash } from 'node:crypto';
import { REGTYPE, readArchive, SYMTYPE, type TarEntry, writeArchive } from '../../src/archive/index.ts';

const hexDigest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A plain file in an archive. */
export function fileEntry(name: string, body: Uint8Array): TarEntry {
  const header = { name, type: REGTYPE, linkname: '', mode: 0o644, uid: 0, gid: 0, size: body.length };
  const rest = { mtime: { sec: 0, nsec: 0 }, uname: '', gname: '', devmajor: 0, devminor: 0, xattrs: new Map() };
  return { header: { ...header, ...rest }, body: [body] };
}

/** An image with these layers, base first, and no name. */
export function archiveOfImage(layers: readonly Uint8Array[]): Uint8Array {
  const diffIDs = layers.map((layer) => `sha256:${hexDigest(layer)}`);
  const config = {
    architecture: 'amd64',
    config: { Cmd: ['/bin/hold'] },
    created: '2020-09-13T12:26:40Z',
    history: layers.map((_, at) => ({ created: '2020-09-13T12:26:40Z', created_by: `layer ${at}` })),
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIDs },
  };
  const json = Buffer.from(JSON.stringify(config));
  const name = `${hexDigest(json)}.json`;
  const files = layers.map((layer, at) => fileEntry(`${at}/layer.tar`, layer));
  const manifest = [{ Config: name, RepoTags: null, Layers: layers.map((_, at) => `${at}/layer.tar`) }];
  const all = [...files, fileEntry(name, json), fileEntry('manifest.json', Buffer.from(JSON.stringify(manifest)))];
  return Buffer.concat([...writeArchive(all)]);
}

/** The tars of the layers in an archive of one image, base first. */
export function layersOfArchive(archive: Uint8Array): Uint8Array[] {
  const files = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  for (const { header, body } of readArchive([archive])) {
    if (header.type === SYMTYPE) links.set(header.name, header.linkname.replace('../', ''));
    else files.set(header.name, Buffer.concat([...body]));
  }
  const manifest = JSON.parse(Buffer.from(files.get('manifest.json')!).toString()) as { Layers: string[] }[];
  return manifest[0]!.Layers.map((name) => files.get(links.get(name) ?? name)!);
}
