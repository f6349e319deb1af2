/** A history of layers that is drawn at random, lived through by a driver and by the model of a union in step. */
import fc, { type Arbitrary } from 'fast-check';
import { expectEqual } from '../expectation.ts';
import { runSteps, scaffold, type Step, treeStep } from '../filesystem/commands.ts';
import type { MountedDirectory } from '../filesystem/oracle.ts';
import { SHORT_NAME_MAX, UnionModel } from '../filesystem/union-model.ts';
import { type ListingOptions, listTree } from '../listing.ts';
import type { DriverBench } from './driver-bench.ts';

/** The set-user-ID and set-group-ID bits. */
const SET_ID = 0o6000;

/** What a commit keeps of a tree. */
export const COMMITTED: ListingOptions = { times: 'files', attributes: 'capability', links: false };

/** A history as plain data. */
export interface LayerHistory {
  /** What is done in the base. */
  readonly base: readonly Step[];
  /** What is done in a container on top of it and committed, layer by layer. */
  readonly layers: readonly (readonly Step[])[];
  /** What is done in the last container. */
  readonly container: readonly Step[];
}

/**
 * What a commit that compares trees cannot tell: a file that got the time of before, and which files of the layer below
 * a new name belongs to.
 */
const UNTOLD = ['utimensat', 'link'];

/** Attributes other than capabilities are no part of a layer: some drivers show those of the one below, some do not. */
export const UNKEPT = ['setxattr', 'removexattr'];

/** Random steps. */
export const steps = (maxLength: number, without: readonly string[] = []): Arbitrary<Step[]> =>
  fc.array(treeStep(without), { maxLength, size: 'max' });

/**
 * A random history of up to `height` layers between the base and the container. Hard links of the base are of regular
 * files, the only ones that all drivers keep together, and no layer moves one of their names, which a commit that
 * compares trees would take for a new file.
 */
export const layerHistory = (height = 2): Arbitrary<LayerHistory> =>
  fc.oneof(historyWithout(['link'], [], height), historyWithout(['mknod', 'symlink'], ['rename'], height));

const historyWithout = (
  inBase: readonly string[],
  inLayers: readonly string[],
  height: number,
): Arbitrary<LayerHistory> =>
  fc.record({
    base: steps(14, [...inBase, ...UNKEPT]),
    layers: fc.array(steps(8, [...inLayers, ...UNTOLD]), { maxLength: height, size: 'max' }),
    container: steps(14),
  });

/**
 * Without the steps whose names are longer than the driver can show. A base lies on the disk as it is, so that they
 * could be made there.
 */
function shownSteps({ driver }: DriverBench, all: readonly Step[]): readonly Step[] {
  if (!driver.features.nonStandard.has('name-length')) return all;
  const textsOf = (step: Step): string[] =>
    step.flatMap((operation) => Object.values(operation)).filter((value) => typeof value === 'string');
  return all.filter((step) =>
    textsOf(step).every((text) => text.split('/').every((name) => name.length <= SHORT_NAME_MAX)),
  );
}

/** Without the steps after which nobody can know the time of a file. */
function timedSteps({ driver }: DriverBench, all: readonly Step[]): readonly Step[] {
  if (!driver.features.nonStandard.has('truncate-time')) return all;
  return all.filter((step) => step.every(({ call }) => call !== 'truncate'));
}

/** The steps after which the driver shows what every other does. */
export const comparableSteps = (bench: DriverBench, all: readonly Step[]): readonly Step[] =>
  timedSteps(bench, shownSteps(bench, all));

/** What a layer showed when it was made. */
interface Recorded {
  readonly id: string;
  readonly shown: readonly string[];
}

/** A driver and the model, in the course of a history. */
export class LayerCourse {
  readonly bench: DriverBench;
  readonly model: UnionModel;
  readonly layers: Recorded[] = [];
  readonly #prefix: string;
  readonly #dropsBits: boolean;

  /** @param linked whether files get several names: those of some drivers cannot have every bit of a mode then */
  constructor(bench: DriverBench, { prefix = '', linked = true }: { prefix?: string; linked?: boolean } = {}) {
    this.bench = bench;
    this.#prefix = prefix;
    this.#dropsBits = linked && bench.driver.features.nonStandard.has('set-id-bits');
    this.model = new UnionModel(bench.driver.features.nonStandard);
  }

  /** The topmost layer. */
  get top(): string | undefined {
    return this.layers.at(-1)?.id;
  }

  /**
   * How the driver's trees are listed: where hard links break, which names are one file is not told, nor when a directory
   * was changed where copying up changes that; and what a commit has copied has lost the nanoseconds of its times.
   */
  get listing(): ListingOptions {
    const { nonStandard } = this.bench.driver.features;
    const times = this.layers.length > 1 ? 'seconds' : 'whole';
    return { links: !nonStandard.has('hard-links'), times: nonStandard.has('directory-time') ? 'files' : times };
  }

  /** Fills the base, without anything below it, beginning with a few directories and files. */
  base(base: readonly Step[]): void {
    const id = this.bench.make(`${this.#prefix}base`);
    this.live(id, [...scaffold, ...shownSteps(this.bench, base)]);
    this.model.stack();
    this.#record(id);
  }

  /** A new container on the topmost layer. */
  container(name: string): string {
    return this.bench.makeWritable(this.#prefix + name, this.top);
  }

  /** Makes the steps in a layer, and sees that it answers and shows what the model does. */
  live(id: string, steps: readonly Step[]): void {
    this.bench.see(id, (root) => this.liveIn(root, id, steps));
  }

  /** As `live`, in a layer that is shown already. */
  liveIn(root: string, id: string, steps: readonly Step[]): void {
    const task = this.bench.task.clone();
    try {
      task.chroot(root);
      task.chdir('/');
      task.umask(0);
      const asked: MountedDirectory = { name: id, task, directory: '' };
      const known: MountedDirectory = { name: 'the model', task: this.model, directory: '' };
      runSteps({ known, asked }, this.#keepable(steps), () => this.bench.pause());
      expectEqual(`the tree of ${id}`, listTree(task, '/', this.listing).slice(1), this.#known(this.listing));
    } finally {
      task.exit();
    }
  }

  /** The steps without bits of modes that the driver loses, and without those after which a time cannot be known. */
  #keepable(all: readonly Step[]): readonly Step[] {
    const steps = timedSteps(this.bench, all);
    if (!this.#dropsBits) return steps;
    const keepable = (step: Step): Step =>
      step.map((operation) => ('mode' in operation ? { ...operation, mode: operation.mode & ~SET_ID } : operation));
    return steps.map(keepable);
  }

  #known(options: ListingOptions): string[] {
    return listTree(this.model, '/', options).slice(1);
  }

  /** Makes the steps in a container and commits it; the new layer shows what the container showed. */
  commit(name: string, steps: readonly Step[]): void {
    const container = this.container(`${name}-container`);
    this.live(container, steps);
    const id = this.#prefix + name;
    this.bench.commit(id, container, this.top);
    expectEqual(`the tree of ${id}`, this.bench.list(id, COMMITTED).slice(1), this.#known(COMMITTED));
    this.bench.driver.remove(container);
    this.model.commit();
    this.#record(id);
  }

  #record(id: string): void {
    this.layers.push({ id, shown: this.bench.list(id) });
  }

  /** Lives through all of a history but its last container. */
  rise({ base, layers }: LayerHistory): void {
    this.base(base);
    for (const [at, steps] of layers.entries()) this.commit(`layer-${at}`, steps);
  }

  /** Each layer shows what it showed when it was made. */
  expectUnchanged(): void {
    for (const { id, shown } of this.layers) expectEqual(`the tree of ${id}`, this.bench.list(id), shown);
  }

  /** Removes every layer, the topmost first. */
  removeAll(): void {
    for (const { id } of this.layers.toReversed()) this.bench.driver.remove(id);
  }
}
