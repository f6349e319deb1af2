/** A layer of 200 MB, taken in here and loaded by a real dockerd: the same bytes, in turns. */
import { createHash, randomFillSync } from 'node:crypto';
import { archiveOfImage } from '../../test/docker/image-archive.ts';
import { type Disk, Dockerd, type DriverName, whyNoDocker } from '../../test/docker/dockerd.ts';
import type { DriverType } from '../../src/driver/driver.ts';
import { installed, started } from './daemon.ts';
import { incompressible } from './images.ts';
import type { DriverLibrary } from './library.ts';

export interface IngestSample {
  readonly driver: string;
  readonly bytes: number;
  readonly ours: number[];
  /** `docker load` by what the data root lies on; empty where there is no dockerd. */
  readonly docker: ReadonlyMap<Disk, number[]>;
  readonly skipped: string | undefined;
}

export const LAYER_BYTES = 200e6;

const since = (begin: bigint): number => Number(process.hrtime.bigint() - begin) / 1e6;

/** 200 files whose bytes are random, each of a megabyte, and the tar's own. */
export function layerOf({ writeArchive }: DriverLibrary, bytes: number): Uint8Array {
  const noise = randomFillSync(new Uint8Array(1e6));
  return Buffer.concat([...writeArchive(incompressible(noise, Math.round(bytes / noise.length)))]);
}

/** What the store is given: pieces as they would come from a socket. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 0x10000) yield bytes.subarray(at, at + 0x10000);
}

export async function measureIngest(
  library: DriverLibrary,
  type: DriverType,
  bytes: number,
  rounds: number,
): Promise<IngestSample> {
  const layer = layerOf(library, bytes);
  const skipped = whyNoDocker();
  const disks: readonly Disk[] = skipped === undefined ? ['tmpfs', 'own'] : [];
  const docker = new Map(disks.map((disk) => [disk, [] as number[]]));
  const ours: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(ingest(library, type, layer));
    for (const [disk, times] of docker) times.push(await load(type.name as DriverName, disk, layer));
  }
  return { driver: type.name, bytes: layer.length, ours, docker, skipped };
}

function ingest(library: DriverLibrary, type: DriverType, layer: Uint8Array): number {
  const { store } = started(library, installed(library, type), type);
  const begin = process.hrtime.bigint();
  const { diffID } = store.register(pieces(layer));
  const time = since(begin);
  const expected = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  if (diffID !== expected) throw new Error(`the layer was taken in as ${diffID}, not as ${expected}`);
  return time;
}

async function load(driver: DriverName, disk: Disk, layer: Uint8Array): Promise<number> {
  const archive = archiveOfImage([layer]);
  const dockerd = await Dockerd.start(driver, disk);
  try {
    const begin = process.hrtime.bigint();
    const answer = await dockerd.call('POST', '/images/load?quiet=1', archive);
    const time = since(begin);
    if (!answer.toString().includes('Loaded image')) throw new Error(`docker load says ${answer}`);
    return time;
  } finally {
    await dockerd.stop();
  }
}
