/** A driver that runs on a machine of its own, for one case. */
import { createMachine } from '../../union/create-machine.ts';
import { concatenate } from '../../archive/codecs.ts';
import type { TarEntry } from '../../archive/tar-entry.ts';
import { readArchive } from '../../archive/tar-reader.ts';
import {
  applyArchive,
  type CreateOptions,
  type Driver,
  type DriverFeatures,
  type DriverType,
} from '../../driver/driver.ts';
import type { Task } from '../../kernel/task.ts';
import type { Change } from '../../archive/change.ts';
import { makeParents } from '../build.ts';
import { type ListingOptions, listTree } from '../listing.ts';
import { readText } from '../task-files.ts';
import { asCompared } from './branch-telling.ts';

/** A machine that a driver can run on; what `createMachine` answers is one. */
export interface DriverMachine {
  /** Root, who may mount. */
  readonly task: Task;
  /** What is wrong in any filesystem, one sentence each. */
  check?(): readonly string[];
}

/** What is tested, and where. */
export interface DriverSuiteParts {
  /** The driver. */
  readonly driver: DriverType;
  /** Makes a machine, a fresh one for each case; `createMachine({ drivers: [driver] })` unless given. */
  readonly machine?: () => DriverMachine;
  /** Where the driver keeps its layers: `/var/lib/docker/NAME` unless given. */
  readonly home?: string;
  /** Options that the driver is started with. */
  readonly options?: readonly string[];
  /** What may be relied on; asked of the driver unless given. */
  readonly features?: DriverFeatures;
  /** Of everything that is drawn; 1 unless given. */
  readonly seed?: number;
  /** How many examples each law is shown to hold for; 12 unless given. */
  readonly runs?: number;
}

/** What is done in the directory that shows a layer. */
export type Fill = (root: string, task: Task) => void;

/** Longer than any clock that has seconds only. */
const PAUSE = { sec: 2, nsec: 0 };

/** A started driver, and the steps that cases are made of. */
export class DriverBench {
  readonly parts: DriverSuiteParts;
  readonly machine: DriverMachine;
  readonly home: string;
  #driver: Driver;

  constructor(parts: DriverSuiteParts) {
    this.parts = parts;
    this.machine = parts.machine?.() ?? createMachine({ drivers: [parts.driver] });
    this.home = parts.home ?? `/var/lib/docker/${parts.driver.name}`;
    makeParents(this.task, this.home);
    this.#mountProc();
    this.#driver = this.#start();
  }

  get task(): Task {
    return this.machine.task;
  }

  get driver(): Driver {
    return this.#driver;
  }

  #start(): Driver {
    const { driver, options = [] } = this.parts;
    return driver.init({ task: this.task, home: this.home, options });
  }

  /** The daemon stops and starts again, over the same home. */
  restart(): void {
    this.#driver.cleanup();
    this.#driver = this.#start();
  }

  /** Time goes by, so that what is changed now is younger than what was before. */
  pause(): void {
    this.task.nanosleep(PAUSE);
  }

  /** Makes a layer and fills it; answers its id. */
  make(id: string, parent?: string, fill?: Fill): string {
    this.#driver.create(id, parent);
    return this.change(id, fill);
  }

  /** Makes a container's layer and fills it; answers its id. */
  makeWritable(id: string, parent?: string, fill?: Fill, options?: CreateOptions): string {
    this.#driver.createReadWrite(id, parent, options);
    return this.change(id, fill);
  }

  /** Changes what a layer shows; answers its id. */
  change(id: string, fill?: Fill): string {
    this.pause();
    if (fill !== undefined) this.see(id, (root) => fill(root, this.task));
    return id;
  }

  /** Looks into a layer. */
  see<T>(id: string, look: (root: string) => T): T {
    const root = this.#driver.get(id);
    try {
      return look(root);
    } finally {
      this.#driver.put(id);
    }
  }

  /** The text of a file of a layer. */
  text(id: string, path: string): string {
    return this.see(id, (root) => readText(this.task, `${root}/${path}`));
  }

  /** All that a layer shows. */
  list(id: string, options?: ListingOptions): string[] {
    return this.see(id, (root) => listTree(this.task, root, options));
  }

  /** The tar of a layer's changes. */
  diff(id: string, parent?: string): Uint8Array {
    return concatenate([...this.#driver.diff(id, parent)]);
  }

  /** The entries of that tar. */
  entries(id: string, parent?: string): TarEntry[] {
    return [...readArchive(this.diff(id, parent))];
  }

  /** Unpacks a tar into a layer; answers its size. */
  apply(id: string, parent: string | undefined, tar: Uint8Array): number {
    return applyArchive(this.#driver, id, parent, tar);
  }

  /** What `docker commit` does: a new layer on `parent` from the changes of `from`. Answers its size. */
  commit(id: string, from: string, parent?: string): number {
    this.#driver.create(id, parent);
    return this.apply(id, parent, this.diff(from, parent));
  }

  /**
   * What `docker diff` prints, sorted, since drivers tell the changes of a directory in any order; in the form of a driver
   * that compares two trees.
   */
  changes(id: string, parent?: string): string[] {
    const lines = this.#toldChanges(id, parent).map(({ kind, path }) => `${kind} ${path}`);
    return lines.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
  }

  /** In the form that comparing two trees gives, whichever the driver tells them in. */
  #toldChanges(id: string, parent: string | undefined): readonly Change[] {
    const told = this.#driver.changes(id, parent);
    if (this.#driver.features.changes !== 'branch' || parent === undefined) return told;
    return this.see(id, (root) => this.see(parent, (below) => asCompared(this.task, { root, below, told })));
  }

  #mountProc(): void {
    if (this.task.statIfPresent('/proc/self') !== undefined) return;
    makeParents(this.task, '/proc/');
    this.task.mount('proc', '/proc', 'proc');
  }

  /** What is mounted in the home, path by path. */
  mounts(): string[] {
    const points = readText(this.task, '/proc/self/mounts')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    return points.filter((point) => point.startsWith(`${this.home}/`));
  }

  /** Blocks and inodes that are left where the home lies. */
  room(): { blocks: number; inodes: number } {
    const { bfree, ffree } = this.task.statfs(this.home);
    return { blocks: bfree, inodes: ffree };
  }
}
