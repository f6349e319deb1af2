/** Runs one sequence on AUFS and on overlayfs, and explains the differences by a table of rules. */
import { MS_NOATIME, MNT_DETACH } from '../../src/abi/flags.ts';
import { buildLayer, makeParents } from '../../src/testing/build.ts';
import { applyOperation } from '../../src/testing/calls.ts';
import type { Operation } from '../../src/testing/operations.ts';
import { Replay } from '../../src/testing/replay.ts';
import type { Sequence } from '../../src/testing/sequence.ts';
import { attempt, resultOf } from '../../src/testing/subject.ts';
import { builtOf, mergedOf, mountUnion, type Union, upperOf } from '../../src/testing/union.ts';
import { tidy } from './layer-form.ts';
import type { Side } from './subjects.ts';
import { inWords, type Told, treeInWords } from './telling.ts';

/** Something in which the two differ. */
export interface Difference {
  /** The number of the operation, or what was compared. */
  readonly at: number | string;
  /** The operation that made the difference, or shows it. */
  readonly operation?: Operation | undefined;
  /** What is different: an answer, or the entries of the tree, each as `path: line`. */
  readonly of: 'answer' | 'tree';
  readonly aufs: readonly string[];
  readonly overlay: readonly string[];
}

/** A reason why AUFS and overlayfs may differ. */
export interface Rule {
  readonly name: string;
  readonly aufs: string;
  readonly overlay: string;
  /** Where the recordings of the real ones show it. */
  readonly seen: string;
  /** Both are in the same state nevertheless: the sequence goes on. */
  readonly goesOn?: boolean;
  explains(difference: Difference, course: Course): boolean;
}

/** What may decide about a difference. */
export interface Course {
  readonly sequence: Sequence;
  /** The operations before the one in question. */
  readonly before: readonly Operation[];
  readonly replays: readonly [aufs: Replay, overlay: Replay];
}

export interface Outcome {
  /** How many operations were compared. */
  readonly operations: number;
  /** The rules that explained something, in their order. */
  readonly explained: readonly Rule[];
  readonly unexplained?: Difference;
}

const DEPTH = '/deep/deep/deep';

function begin({ subject, form }: Side, sequence: Sequence): Replay {
  const { task, directory } = subject;
  const base = directory + DEPTH;
  const { atime: flags, options, layers } = sequence;
  const union: Union = { base, layout: 'one', lowers: layers.length, data: 0, committed: 0, options, flags };
  const replay = new Replay(subject, mergedOf(union), union, ['order', 'atime', 'blocks']);
  makeParents(task, `${directory}/`);
  task.mount('tmpfs', directory, 'tmpfs', 'size=16m,mode=755', MS_NOATIME);
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

const treeOf = (replay: Replay, withContent: boolean): Told =>
  replay.asRoot(() => treeInWords(replay.task, replay.root, withContent));

type TreeDifference = Pick<Difference, 'of' | 'aufs' | 'overlay'>;

function treeDifference(
  [aufs, overlay]: readonly [Told, Told],
  known: ReadonlySet<string>,
): TreeDifference | undefined {
  const pair = (path: string) => [aufs, overlay].map((tree) => `${path}: ${tree.get(path) ?? 'nothing'}`);
  const pairs = [...new Set([...aufs.keys(), ...overlay.keys()])].sort().map(pair);
  const differing = pairs.filter(([one, other]) => one !== other && !known.has(`${one}\n${other}`));
  if (differing.length === 0) return undefined;
  return { of: 'tree', aufs: differing.map(([one]) => one!), overlay: differing.map(([, other]) => other!) };
}

class Comparison {
  readonly replays: readonly [Replay, Replay];
  readonly #sequence: Sequence;
  readonly #rules: readonly Rule[];
  readonly explained: Rule[] = [];
  /** Entries that differ and are explained already. */
  readonly #known = new Set<string>();
  operations = 0;

  constructor(replays: readonly [Replay, Replay], sequence: Sequence, rules: readonly Rule[]) {
    this.replays = replays;
    this.#sequence = sequence;
    this.#rules = rules;
  }

  /** The first difference that no rule explains; `undefined` too where a rule ends the comparison. */
  run(): Difference | undefined {
    for (const [at, operation] of this.#sequence.operations.entries()) {
      const before = this.#sequence.operations.slice(0, at);
      this.operations++;
      for (const difference of this.#differencesOf(at, operation)) {
        const rule = this.#explain(difference, before);
        if (rule === undefined) return difference;
        if (rule.goesOn !== true) return undefined;
      }
    }
    return this.#end();
  }

  *#differencesOf(at: number, operation: Operation): Iterable<Difference> {
    const [aufs, overlay] = this.replays.map((replay) => inWords(operation, applyOperation(replay, operation))) as [
      string[],
      string[],
    ];
    const crashed = [...aufs, ...overlay].some((line) => line.startsWith('crash'));
    if (crashed || aufs.join('\n') !== overlay.join('\n')) yield { at, operation, of: 'answer', aufs, overlay };
    const tree = this.#treeDifference(false);
    if (tree !== undefined) yield { at, operation, ...tree };
  }

  #treeDifference(withContent: boolean) {
    const [aufs, overlay] = this.replays;
    return treeDifference([treeOf(aufs, withContent), treeOf(overlay, withContent)], this.#known);
  }

  #explain(difference: Difference, before: readonly Operation[]): Rule | undefined {
    const course = { sequence: this.#sequence, before, replays: this.replays };
    const rule = this.#rules.find((candidate) => candidate.explains(difference, course));
    if (rule !== undefined) this.explained.push(rule);
    for (const [at, line] of difference.aufs.entries()) this.#known.add(`${line}\n${difference.overlay[at]}`);
    return rule;
  }

  /** Whole trees with their contents, and again after a remount. */
  #end(): Difference | undefined {
    const { operations } = this.#sequence;
    const whole = this.#treeDifference(true);
    if (whole !== undefined) return this.#lastWord({ at: 'the trees at the end', ...whole }, operations);
    const [aufs, overlay] = this.replays.map((replay) =>
      JSON.stringify(resultOf(() => replay.letGo() + replay.remount())),
    ) as [string, string];
    const at = 'the remount';
    if (aufs !== overlay) return this.#lastWord({ at, of: 'answer', aufs: [aufs], overlay: [overlay] }, operations);
    const again = this.#treeDifference(true);
    return again && this.#lastWord({ at: 'the trees after the remount', ...again }, operations);
  }

  #lastWord(difference: Difference, before: readonly Operation[]): Difference | undefined {
    return this.#explain(difference, before) === undefined ? difference : undefined;
  }
}

/** Runs `sequence` on both until something is different that ends the comparison. */
export function compareSides(aufs: Side, overlay: Side, sequence: Sequence, rules: readonly Rule[]): Outcome {
  const replays = [begin(aufs, sequence), begin(overlay, sequence)] as const;
  const comparison = new Comparison(replays, sequence, rules);
  try {
    const unexplained = comparison.run();
    const { operations, explained } = comparison;
    return { operations, explained, ...(unexplained && { unexplained }) };
  } finally {
    for (const replay of replays) end(replay);
  }
}
