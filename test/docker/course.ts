/** The course of one history on one store: what is there, and what is told of each step. */
import { createHash } from 'node:crypto';
import { ErrnoException } from '../../src/abi/errno.ts';
import { pathErrorText } from '../../src/abi/errno-text.ts';
import { archiveOfBase, archiveOfLoaded } from './base-archive.ts';
import { makeChanges } from './container-change.ts';
import { DockerError } from './dockerd.ts';
import type { Base, HistoryStep } from './history.ts';
import { RandomIDs } from './ids.ts';
import { listHome, listLayerdb, listTree, splitRecords } from './observe.ts';
import { type Image, type Inspection, layerDirectory, mountID, settle, type Store } from './store.ts';

/** Something that was looked at after a step. */
export interface Observation {
  readonly what: string;
  readonly lines: readonly string[];
}

/** What the one machine chose and the other is to choose as well. */
export interface Chosen {
  readonly container?: string | undefined;
}

/** The init layer's files are made at this time, as far as anybody can tell afterwards. */
const INIT_TIME = 1_450_000_000;

type WorkStep = Extract<HistoryStep, { step: 'work' }>;

interface HeldImage extends Image {
  readonly parent: HeldImage | undefined;
  /** Its containers can be started: the program is there. */
  readonly startable: boolean;
}
interface HeldContainer {
  readonly id: string;
  readonly image: HeldImage;
  /** It can be started while nothing was changed in it, nor in its image. */
  startable: boolean;
  /** It was started: from then on dockerd mounts files of its own into it, and no more work is done there. */
  started: boolean;
}

export class Course {
  readonly store: Store;
  #images: HeldImage[] = [];
  #containers: HeldContainer[] = [];
  readonly #everyContainer: string[] = [];

  constructor(store: Store) {
    this.store = store;
  }

  /** The container that was made last. */
  get lastContainer(): string | undefined {
    return this.#everyContainer.at(-1);
  }

  /** Does one step; a step that fails is told as a failure. */
  async step(step: HistoryStep, chosen: Chosen = {}): Promise<Observation[]> {
    try {
      return await this.#step(step, chosen);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return [this.#failure(error as Error), ...this.#everything()];
    }
  }

  #step(step: HistoryStep, chosen: Chosen): Promise<Observation[]> {
    switch (step.step) {
      case 'import':
        return this.#addImage(() => this.store.importImage(archiveOfBase(step.base)), !isOdd(step.base));
      case 'load':
        return this.#addImage(
          () => this.store.loadImage(step.layers.map((layer, at) => archiveOfLoaded(layer, at === 0))),
          step.layers.length > 0 && !step.layers.some(isOdd),
        );
      case 'create':
        return this.#create(pick(this.#images, step.image), chosen.container);
      case 'work':
        return this.#work(pick(this.#containers, step.container), step);
      case 'commit':
        return this.#commit(pick(this.#containers, step.container));
      case 'remove container':
        return this.#removeContainer(pick(this.#containers, step.container));
      case 'remove image':
        return this.#removeImage(pick(this.#images.filter(this.#isUnused), step.image));
      case 'restart':
        return this.#restart();
    }
  }

  async #addImage(make: () => Promise<Image>, startable: boolean, parent?: HeldImage): Promise<Observation[]> {
    const image = { ...(await make()), parent, startable };
    this.#images.push(image);
    return [
      { what: 'tar-split', lines: splitRecords(this.store, image) },
      { what: 'layers', lines: image.layers },
      this.#inspection(await this.store.inspectImage(image)),
      ...this.#everything(),
    ];
  }

  async #create(image: HeldImage | undefined, chosen: string | undefined): Promise<Observation[]> {
    if (image === undefined) return [];
    const id = await this.store.create(image, chosen);
    this.#containers.push({ id, image, startable: image.startable, started: false });
    this.#everyContainer.push(id);
    const mount = mountID(this.store, id);
    for (const layer of [`${mount}-init`, mount]) {
      settle(this.store.task, layerDirectory(this.store, layer), INIT_TIME);
    }
    return [this.#inspection(await this.store.inspectContainer(id)), ...this.#everything()];
  }

  async #work(container: HeldContainer | undefined, step: WorkStep): Promise<Observation[]> {
    if (container === undefined || container.started) return [];
    const mounting = container.startable ? step.mounting : 'mounted';
    container.startable = false;
    container.started = mounting === 'started';
    const { result, mount } = await this.store.work(container.id, mounting, (task) => ({
      results: makeChanges(task, step.changes),
      tree: listTree(task, '/.', ''),
    }));
    settle(this.store.task, layerDirectory(this.store, mountID(this.store, container.id)), step.time);
    return [
      { what: 'results', lines: result.results },
      { what: 'merged tree', lines: result.tree },
      { what: 'mount', lines: [this.#ids().translate(mount ?? 'none')] },
      ...(await this.#inspectChanges(container)),
    ];
  }

  async #inspectChanges({ id }: HeldContainer): Promise<Observation[]> {
    return [
      { what: 'changes', lines: (await this.store.changes(id)).map(toJSONText).sort() },
      this.#inspection(await this.store.inspectContainer(id)),
      ...this.#everything(),
    ];
  }

  async #commit(container: HeldContainer | undefined): Promise<Observation[]> {
    if (container === undefined) return [];
    return this.#addImage(() => this.store.commit(container.id), false, container.image);
  }

  async #removeContainer(container: HeldContainer | undefined): Promise<Observation[]> {
    if (container === undefined) return [];
    await this.store.removeContainer(container.id);
    this.#containers = this.#containers.filter((other) => other !== container);
    return this.#everything();
  }

  readonly #isUnused = (image: HeldImage): boolean =>
    !this.#images.some(({ parent }) => parent === image) && !this.#containers.some((one) => one.image === image);

  async #removeImage(image: HeldImage | undefined): Promise<Observation[]> {
    if (image === undefined) return [];
    await this.store.removeImage(image);
    this.#images = this.#images.filter((other) => other !== image);
    return this.#everything();
  }

  async #restart(): Promise<Observation[]> {
    await this.store.restart();
    return this.#everything();
  }

  /** Digests of the layers' tars of the image that was made last. */
  async save(): Promise<Observation[]> {
    const image = this.#images.at(-1);
    if (image === undefined || image.layers.length === 0) return [];
    try {
      const tars = await this.store.save(image);
      return [{ what: 'saved layers', lines: tars.map((tar) => `${digestOf(tar)} ${tar.length}`) }];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return [this.#failure(error as Error)];
    }
  }

  /** Removes all containers and images, youngest first. */
  async removeAll(): Promise<Observation[]> {
    for (const container of [...this.#containers].reverse()) await this.#removeContainer(container);
    for (const image of [...this.#images].reverse()) await this.#removeImage(image);
    return this.#everything();
  }

  #failure(error: Error): Observation {
    return { what: 'failure', lines: [this.#ids().translate(refusalOf(error))] };
  }

  #ids(): RandomIDs {
    return new RandomIDs(this.store, this.#everyContainer);
  }

  #everything(): Observation[] {
    const ids = this.#ids();
    return [
      { what: 'layerdb', lines: listLayerdb(this.store, ids) },
      { what: 'home', lines: listHome(this.store, ids) },
    ];
  }

  #inspection({ data, sizes }: Inspection): Observation {
    const ids = this.#ids();
    const told =
      data === undefined ? ['null'] : Object.entries(data).map(([key, value]) => `${key}=${ids.translate(value)}`);
    return { what: 'inspect', lines: [...told.sort(), JSON.stringify(sizes)] };
  }
}

const isOdd = (base: Base): boolean => typeof base === 'object' && 'odd' in base;

function pick<T>(all: readonly T[], at: number): T | undefined {
  return all[at % all.length];
}

/** As JSON tells a name: without bytes that are no UTF-8. */
const toJSONText = (text: string): string => text.replace(/[\udc80-\udcff]/g, '\ufffd');

/** What dockerd puts around the words of the process that it unpacks in: `exit status 1`, or why it broke off itself. */
const wrapping = [
  /^ApplyLayer exit status 1 stdout: {2}stderr: ()/,
  /^ApplyLayer (.*) stdout: \{"layerSize":\d+\}\n stderr: $/,
  /^Error processing tar file\(exit status 1\): ()/,
  /^Error processing tar file\((.*)\): $/,
];
/** Our errors name the entry where dockerd's do not. */
const entryName =
  /(?<=^(?:unhandled tar header type \d+|duplicates of file paths not supported)): ".*"$|(?<=^Invalid aufs hardlink) ".*"$/s;

/** The words of a refusal. */
function refusalOf(error: Error): string {
  const { syscall, path } = error as Partial<ErrnoException>;
  if (error instanceof ErrnoException && path !== undefined) return pathErrorText(syscall!, path, error);
  const warnings = /time="[^\n]*\n/g;
  const text = wrapping.reduce((words, around) => words.replace(around, '$1'), error.message.replace(warnings, ''));
  return text.replace(entryName, '');
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What dockerd or ours refuse, as against a mistake of the test and a dockerd that is gone. */
const isRefusal = (error: unknown): boolean =>
  error instanceof DockerError || (error instanceof Error && 'code' in error);
