/** Runs one sequence on AUFS and on overlayfs, and explains the differences by a table of rules. */
import { MS_NOATIME, MNT_DETACH } from '../../src/abi/flags.ts';
import { buildLayer, makeParents } from '../../src/testing/build.ts';
import { applyOperation } from '../../src/testing/calls.ts';
import type { Operation } from '../../src/testing/operations.ts';
import { Replay } from '../../src/testing/replay.ts';
import type { Sequence } from '../../src/testing/sequence.ts';
import { attempt, resultOf } from '../../src/testing/subject.ts';
import { builtOf, mergedOf, mountUnion, type Union, upperOf } from '../../src/testing/union.ts';
import { linearExt4 } from '../golden/union/linear-ext4.ts';
import { tidy } from './layer-form.ts';
import type { Side } from './subjects.ts';
import { inWords, type Told, treeInWords } from './telling.ts';

/** Something in which the two differ: what a call answers, or one entry of the tree. */
export interface Difference {
  /** The number of the operation, or what was compared. */
  readonly at: number | string;
  /** The operation that made the difference, or shows it. */
  readonly operation?: Operation | undefined;
  /** The path of an entry of the tree; of an answer there is none. */
  readonly path?: string;
  readonly aufs: readonly string[];
  readonly overlay: readonly string[];
}

/** A reason why AUFS and overlayfs may differ. */
export interface Rule {
  readonly name: string;
  readonly aufs: string;
  readonly overlay: string;
  /** The recorded cases of the real ones that show it, or the source that says so. */
  readonly seen: string;
  /** Both trees are the same nevertheless, but for what was explained: the sequence goes on. */
  readonly goesOn?: boolean;
  explains(difference: Difference, course: Course): boolean;
}

/** What may decide about a difference. */
export interface Course {
  readonly sequence: Sequence;
  readonly replays: Sides<Replay>;
  /** The trees before the operation. */
  readonly before: Sides<Told>;
}

/** The same of AUFS and of overlayfs. */
export type Sides<T> = readonly [aufs: T, overlay: T];

export interface Outcome {
  /** How many operations were compared. */
  readonly operations: number;
  /** The rules that explained something, in their order. */
  readonly explained: readonly Rule[];
  /** The differences at one place of which not all are explained. */
  readonly unexplained?: readonly Difference[];
}

/** What a path is told as that is only on the other side. */
export const NOTHING = 'nothing';

type Place = Pick<Difference, 'at' | 'operation'>;

const keyOf = ({ path, aufs, overlay }: Difference): string => JSON.stringify([path, aufs, overlay]);

const DEPTH = '/deep/deep/deep';

function begin({ subject, form }: Side, sequence: Sequence): Replay {
  const { task, directory } = subject;
  const base = directory + DEPTH;
  const { atime: flags, options, layers } = sequence;
  const union: Union = { base, layout: 'one', lowers: layers.length, data: 0, committed: 0, options, flags };
  const replay = new Replay(subject, mergedOf(union), union, ['order', 'atime', 'blocks']);
  makeParents(task, `${directory}/`);
  task.mount('branches', directory, linearExt4.name, '', MS_NOATIME);
  task.umask(0);
  makeParents(task, `${base}/merged/`);
  task.mkdir(replay.home, 0o755);
  task.chdir(replay.home);
  const places = [upperOf(union), ...builtOf(union)];
  for (const [index, layer] of [sequence.upper ?? [], ...layers].entries()) {
    task.mkdir(places[index]!, 0o755);
    const refused = buildLayer(task, places[index]!, form(tidy(layer)), mergedOf(union)).filter(Boolean);
    if (refused.length > 0) throw new Error(`a layer cannot be built: ${refused.join(' ')} ${JSON.stringify(layer)}`);
  }
  mountUnion(task, union);
  return replay;
}

function end(replay: Replay): void {
  attempt(() => replay.become({ uid: 0, gid: 0, groups: [] }));
  attempt(() => replay.letGo());
  attempt(() => replay.task.chdir('/'));
  attempt(() => replay.task.umount(replay.subject.directory, MNT_DETACH));
}

/** What `tell` answers for each of the two. */
const both = <T, U>([aufs, overlay]: Sides<T>, tell: (one: T) => U): Sides<U> => [tell(aufs), tell(overlay)];

class Comparison {
  readonly replays: Sides<Replay>;
  readonly #sequence: Sequence;
  readonly #rules: readonly Rule[];
  readonly explained: Rule[] = [];
  /** Entries that differ and are explained already. */
  readonly #known = new Set<string>();
  #trees: Sides<Told> = [new Map(), new Map()];
  #before: Sides<Told> = [new Map(), new Map()];
  operations = 0;

  constructor(replays: Sides<Replay>, sequence: Sequence, rules: readonly Rule[]) {
    this.replays = replays;
    this.#sequence = sequence;
    this.#rules = rules;
  }

  /** The first differences that no rule explains; none too where a rule ends the comparison. */
  run(): Difference[] {
    for (const differences of this.#stages()) {
      const rules = differences.map((difference) => this.#explain(difference));
      const unexplained = differences.filter((_, at) => rules[at] === undefined);
      if (unexplained.length > 0) return unexplained;
      if (rules.some((rule) => rule!.goesOn !== true)) return [];
    }
    return [];
  }

  /** What differs, place by place. */
  *#stages(): Iterable<Difference[]> {
    yield this.#compareTrees({ at: 'the trees at the beginning' });
    for (const [at, operation] of this.#sequence.operations.entries()) {
      this.operations++;
      const [aufs, overlay] = both(this.replays, (replay) => inWords(operation, applyOperation(replay, operation)));
      yield this.#compareAnswers({ at, operation }, aufs, overlay);
      yield this.#compareTrees({ at, operation });
    }
    yield this.#compareTrees({ at: 'the trees at the end' }, true);
    const ends = both(this.replays, (replay) => [JSON.stringify(resultOf(() => replay.letGo() + replay.remount()))]);
    yield this.#compareAnswers({ at: 'the remount' }, ...ends);
    yield this.#compareTrees({ at: 'the trees after the remount' }, true);
  }

  #compareAnswers(place: Place, aufs: readonly string[], overlay: readonly string[]): Difference[] {
    const crashed = [...aufs, ...overlay].some((line) => line.startsWith('crash'));
    return crashed || aufs.join('\n') !== overlay.join('\n') ? [{ ...place, aufs, overlay }] : [];
  }

  /** With contents only at the end: to read a file makes AUFS write. */
  #compareTrees(place: Place, withContent = false): Difference[] {
    const trees = both(this.replays, (replay) =>
      replay.asRoot(() => treeInWords(replay.task, replay.root, withContent)),
    );
    this.#before = this.#trees;
    this.#trees = trees;
    const paths = [...new Set(trees.flatMap((tree) => [...tree.keys()]))].sort();
    return paths
      .map((path) => ({
        ...place,
        path,
        aufs: [trees[0].get(path) ?? NOTHING],
        overlay: [trees[1].get(path) ?? NOTHING],
      }))
      .filter((difference) => difference.aufs[0] !== difference.overlay[0] && !this.#known.has(keyOf(difference)));
  }

  #explain(difference: Difference): Rule | undefined {
    const before = difference.path === undefined ? this.#trees : this.#before;
    const course = { sequence: this.#sequence, replays: this.replays, before };
    const rule = this.#rules.find((candidate) => candidate.explains(difference, course));
    if (rule === undefined) return undefined;
    this.explained.push(rule);
    this.#known.add(keyOf(difference));
    return rule;
  }
}

/** Runs `sequence` on both until something is different that ends the comparison. */
export function compareSides(aufs: Side, overlay: Side, sequence: Sequence, rules: readonly Rule[]): Outcome {
  const replays = [begin(aufs, sequence), begin(overlay, sequence)] as const;
  const comparison = new Comparison(replays, sequence, rules);
  try {
    const unexplained = comparison.run();
    const { operations, explained } = comparison;
    return { operations, explained, ...(unexplained.length > 0 && { unexplained }) };
  } finally {
    for (const replay of replays) end(replay);
  }
}
