/**
 * What the real AUFS shows between two steps of a call when the power goes there: its steps follow one another on the
 * disk, and a mount cleans nothing up.
 */
import type { Mask, View } from '../views.ts';
import { without, withoutLinks } from '../views.ts';
import { moves } from './calls.ts';
import { cut } from './leniencies.ts';
import type { Seen } from './prepared.ts';

/** The trees of a call that was stopped. */
export interface Stopped {
  readonly call: string;
  readonly before: Seen;
  readonly after: Seen;
  /** What the branches below the topmost show. */
  readonly below: View;
}

export interface StopLeniency {
  readonly reason: string;
  readonly applies: (stopped: Stopped) => boolean;
  /** The view is a mix of the lines of one of these sets of trees. */
  readonly mixes: (stopped: Stopped) => readonly (readonly View[])[];
  readonly mask?: Mask;
}

const withLine = (view: View, path: string, line: string): View => new Map([...without(view, path), [path, line]]);

/** A path has a whiteout: it is missing, or, where its object is still beside it, cannot be looked up. */
const whitedOut = (view: View, path: string): readonly View[] => [without(view, path), withLine(view, path, '!EIO')];

/** The topmost paths that one tree has and another has not. */
function onlyIn(view: View, other: View): string[] {
  const paths = [...view.keys()].filter((path) => !other.has(path));
  return paths.filter((path) => !paths.some((above) => path.startsWith(`${above}/`)));
}

const moveOf = ({ call }: Stopped): { from: string; to: string; exchange: boolean } | undefined => {
  const move = moves[call];
  return move && { from: `/${move.from}`, to: `/${move.to}`, exchange: move.flags === 2 };
};

/** What the branches below have there shows too. */
function withBelow(view: View, below: View, path: string): View {
  const isThere = (each: string): boolean => each === path || each.startsWith(`${path}/`);
  return new Map([...[...below].filter(([each]) => isThere(each)), ...view]);
}

/** The old name of what is moved: it has a whiteout by then where the branches below have it too. */
const oldName = (view: View, stopped: Stopped): readonly View[] => {
  const { from } = moveOf(stopped)!;
  return stopped.below.has(from) ? whitedOut(view, from) : [view];
};

const replaces = (stopped: Stopped): boolean => moveOf(stopped)?.exchange === false;

export const stopLeniencies: readonly StopLeniency[] = [
  {
    reason:
      'a new name is made before its whiteout goes, and a whiteout before its object goes: "both of real entry and whiteout found", au_lkup_dentry()',
    applies: (stopped) => moveOf(stopped) === undefined,
    mixes: ({ before, after }) => [
      ...onlyIn(after.later, before.later).map((path) => [before.later, withLine(before.later, path, '!EIO')]),
      ...onlyIn(before.later, after.later).map((path) => [after.later, withLine(after.later, path, '!EIO')]),
    ],
  },
  {
    reason: 'the same of a new name for a file, whose other names count it: aufs_link()',
    applies: ({ call }) => call.startsWith('link'),
    mixes: ({ before, after }) =>
      onlyIn(after.later, before.later).map((path) => [before.later, withLine(before.later, path, '!EIO')]),
    mask: withoutLinks,
  },
  {
    reason: 'the whiteout of the old name is made before the object is moved: do_rename()',
    applies: replaces,
    mixes: (stopped) => [oldName(stopped.before.later, stopped)],
  },
  {
    reason: 'a directory that is replaced is hidden before the other comes, and what lies below it shows: do_rename()',
    applies: replaces,
    mixes: (stopped) => {
      const { to } = moveOf(stopped)!;
      return [oldName(withBelow(without(stopped.before.later, to), stopped.below, to), stopped)];
    },
  },
  {
    reason: 'the whiteout of the new name goes when the object is there: do_rename()',
    applies: replaces,
    mixes: (stopped) => [whitedOut(stopped.after.later, moveOf(stopped)!.to)],
  },
  {
    reason: 'a directory becomes opaque after it is moved: au_ren_diropq()',
    applies: (stopped) => moveOf(stopped) !== undefined,
    mixes: (stopped) => {
      const { from, to, exchange } = moveOf(stopped)!;
      const { later } = stopped.after;
      const shown = withBelow(later, stopped.below, to);
      return exchange
        ? [[shown], [withBelow(shown, stopped.below, from)], [withBelow(later, stopped.below, from)]]
        : [[shown]];
    },
  },
  {
    reason: 'a copy for truncate(2) takes only what is wanted: au_pin_and_icpup()',
    applies: ({ call }) => /truncate of a lower|lower file with O_TRUNC/.test(call),
    mixes: ({ call, before }) => [[cut(before.later, { call })]],
  },
  {
    reason:
      'without `auplink flush` pseudo-links are lost; a name that has come up by then shows what it showed before: aufs(5), plink',
    applies: () => true,
    mixes: ({ before, after }) => [
      [before.later, before.now],
      [after.later, after.now],
    ],
    mask: withoutLinks,
  },
  {
    reason: 'the whiteout of the old name is made before the object is moved, its pseudo-link being lost: do_rename()',
    applies: replaces,
    mixes: (stopped) => {
      const { to } = moveOf(stopped)!;
      const { before, after } = stopped;
      return [
        [...oldName(before.later, stopped), ...oldName(before.now, stopped)],
        [...whitedOut(after.later, to), ...whitedOut(after.now, to)],
      ];
    },
    mask: withoutLinks,
  },
];
