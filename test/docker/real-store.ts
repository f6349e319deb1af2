/** The real store: dockerd through its HTTP API, and what it left on the disk. */
import koffi from 'koffi';
import { gunzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH } from '../../src/abi/flags.ts';
import { RUN_BEGINS } from '../../src/testing/masks.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { checked, cstring, libc } from '../differential/linux-libc.ts';
import { LinuxTask } from '../differential/linux-task.ts';
import { DockerError, type Dockerd, mountLine } from './dockerd.ts';
import { archiveOfImage, layersOfArchive } from './image-archive.ts';
import { type Image, type Inspection, layerdb, mountID, mountpoint, type Mounting, readFile } from './store.ts';
import type { Store, Work } from './store.ts';

const CLONE_FS = 0x200;
const MOUNT_TIMEOUT = 20_000;
const chroot = koffi.load('libc.so.6').func('int chroot(void *path)') as (path: Uint8Array) => number;

let outside: number | undefined;

/** The root of the host; from now on the main thread may have a root of its own. */
function hostRoot(): number {
  if (outside === undefined) {
    checked(libc.unshare(CLONE_FS), 'unshare');
    outside = checked(libc.open(AT_FDCWD, cstring('/'), O_PATH | O_DIRECTORY | O_CLOEXEC, 0), 'open', '/');
  }
  return outside;
}

/** Runs `use` with a task whose root is `directory`, so that no symlink leads out of it. */
function inRoot<T>(directory: string, use: (task: SubjectTask) => T): T {
  const root = hostRoot();
  const task = new LinuxTask();
  task.chdir(directory);
  checked(chroot(cstring('.')), 'chroot', directory);
  try {
    return use(task);
  } finally {
    task.fchdir(root);
    task.turn();
    checked(chroot(cstring('.')), 'chroot', '/');
    host().turn();
  }
}

let hostTask: LinuxTask | undefined;

function host(): LinuxTask {
  hostTask ??= new LinuxTask();
  return hostTask;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + MOUNT_TIMEOUT; Date.now() < end; await pause()) if (holds()) return;
  throw new Error(`dockerd did not ${what}`);
}

interface Inspected {
  readonly GraphDriver: { readonly Data: Record<string, string> | null };
  readonly RootFS?: { readonly Layers?: string[] };
  readonly Size?: number;
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
}

const kinds = ['C', 'A', 'D'];

export class RealStore implements Store {
  readonly daemon: Dockerd;
  /** When the whiteouts of the last commit were made, where a driver gives them the time of the commit. */
  whiteoutTime: number | undefined;

  constructor(daemon: Dockerd) {
    this.daemon = daemon;
  }
  get driver() {
    return this.daemon.driver;
  }
  get root() {
    return this.daemon.root;
  }
  get task(): SubjectTask {
    return host();
  }

  async importImage(tar: Uint8Array): Promise<Image> {
    const lines = (await this.daemon.call('POST', '/images/create?fromSrc=-', tar)).toString().trim().split('\n');
    const last = JSON.parse(lines.at(-1)!) as { status?: string; error?: string };
    if (last.status === undefined) throw new DockerError(0, last.error ?? lines.at(-1)!);
    return this.#image(last.status);
  }

  async #image(id: string): Promise<Image> {
    const { RootFS } = await this.daemon.tell<Inspected>('GET', `/images/${id}/json`);
    return { id, layers: RootFS?.Layers ?? [] };
  }

  async loadImage(layers: readonly Uint8Array[]): Promise<Image> {
    const archive = archiveOfImage(layers);
    const lines = (await this.daemon.call('POST', '/images/load?quiet=1', archive)).toString().trim().split('\n');
    for (const line of lines) {
      const { stream, error } = JSON.parse(line) as { stream?: string; error?: string };
      if (error !== undefined) throw new DockerError(0, error);
      const id = /Loaded image ID: (sha256:[0-9a-f]+)/.exec(stream ?? '')?.[1];
      if (id !== undefined) return this.#image(id);
    }
    throw new DockerError(0, lines.join('\n'));
  }

  async create(image: Image): Promise<string> {
    const config = { Image: image.id, Cmd: ['/bin/hold'], HostConfig: { NetworkMode: 'none' } };
    return (await this.daemon.tell<{ Id: string }>('POST', '/containers/create', config)).Id;
  }

  async work<T>(container: string, mounting: Mounting, use: (task: SubjectTask) => T): Promise<Work<T>> {
    const path = mountpoint(this, mountID(this, container));
    if (mounting === 'started') return this.#whileStarted(container, path, use);
    if (this.driver === 'vfs') return { result: inRoot(path, use), mount: undefined };
    // the container stays locked until dockerd has let go of all of it
    const letGo = this.daemon.hold(container);
    try {
      await until('mount', () => mountLine(path) !== undefined);
      return { mount: mountLine(path), result: inRoot(path, use) };
    } finally {
      letGo();
      await until('unmount', () => mountLine(path) === undefined);
      await this.daemon.call('GET', `/containers/${container}/json`);
    }
  }

  async #whileStarted<T>(container: string, path: string, use: (task: SubjectTask) => T): Promise<Work<T>> {
    await this.daemon.call('POST', `/containers/${container}/start`);
    try {
      return { mount: this.driver === 'vfs' ? undefined : mountLine(path), result: inRoot(path, use) };
    } finally {
      await this.daemon.call('POST', `/containers/${container}/kill`);
      await this.daemon.call('POST', `/containers/${container}/wait`);
    }
  }

  async changes(container: string): Promise<string[]> {
    const path = `/containers/${container}/changes`;
    const changes = await this.daemon.tell<{ Path: string; Kind: number }[] | null>('GET', path);
    return (changes ?? []).map(({ Path, Kind }) => `${kinds[Kind]} ${Path}`);
  }

  async inspectContainer(container: string): Promise<Inspection> {
    const path = `/containers/${container}/json?size=1`;
    const { GraphDriver, SizeRw = 0, SizeRootFs = 0 } = await this.daemon.tell<Inspected>('GET', path);
    return { data: GraphDriver.Data ?? undefined, sizes: { SizeRw, SizeRootFs } };
  }

  async inspectImage(image: Image): Promise<Inspection> {
    const { GraphDriver, Size = 0 } = await this.daemon.tell<Inspected>('GET', `/images/${image.id}/json`);
    return { data: GraphDriver.Data ?? undefined, sizes: { Size } };
  }

  /** Where the whiteouts got different seconds, it is done again. */
  async commit(container: string): Promise<Image> {
    const path = `/commit?container=${container}&pause=false`;
    for (;;) {
      const image = await this.#image((await this.daemon.tell<{ Id: string }>('POST', path)).Id);
      const times = this.driver === 'overlay2' ? [] : [...new Set(this.#whiteoutTimes(image))];
      this.whiteoutTime = times[0];
      if (times.length < 2) return image;
      await this.removeImage(image);
    }
  }

  /** When each whiteout of an image's topmost layer was made, as the kept headers tell it. */
  #whiteoutTimes(image: Image): number[] {
    if (image.layers.length === 0) return [];
    const records = gunzipSync(
      readFile(this.task, `${layerdb(this)}/sha256/${chainOf(image.layers)}/tar-split.json.gz`),
    );
    const times: number[] = [];
    let header = Buffer.alloc(0);
    for (const line of records.toString().trim().split('\n')) {
      const { type, name = '', payload } = JSON.parse(line) as { type: number; name?: string; payload: string | null };
      if (type === 2) header = Buffer.from(payload ?? '', 'base64').subarray(-512);
      else if (/(^|\/)\.wh\.[^/]+$/.test(name)) times.push(Number.parseInt(header.toString('latin1', 136, 147), 8));
    }
    return times.filter((time) => time >= RUN_BEGINS);
  }

  async save(image: Image): Promise<Uint8Array[]> {
    return layersOfArchive(await this.daemon.call('GET', `/images/${image.id}/get`));
  }

  async removeContainer(container: string): Promise<void> {
    await this.daemon.call('DELETE', `/containers/${container}?force=1`);
  }

  async removeImage(image: Image): Promise<void> {
    await this.daemon.call('DELETE', `/images/${image.id}?force=1&noprune=1`);
  }

  restart(): Promise<void> {
    return this.daemon.restart();
  }

  /** Children go before their parents, in as many rounds as it takes. */
  async clear(): Promise<void> {
    for (const { Id } of await this.#list('/containers/json?all=1')) await this.removeContainer(Id);
    for (let before = Number.POSITIVE_INFINITY; ; ) {
      const images = await this.#list('/images/json?all=1');
      if (images.length === 0 || images.length >= before) return;
      before = images.length;
      for (const { Id } of images) await this.daemon.ask('DELETE', `/images/${Id}?force=1&noprune=1`);
    }
  }

  #list(path: string): Promise<{ Id: string }[]> {
    return this.daemon.tell('GET', path);
  }
}

/** The chainID of layers, without its `sha256:`. */
export function chainOf(layers: readonly string[]): string {
  return layers
    .reduce((chain, layer) =>
      chain === '' ? layer : `sha256:${createHash('sha256').update(`${chain} ${layer}`).digest('hex')}`,
    )
    .slice('sha256:'.length);
}
