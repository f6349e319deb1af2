/** What the real AUFS leaves behind too when a step of a call is refused or the power goes, and why. */
import type { TraceEvent } from '../../../src/kernel/trace.ts';
import { isDirectoryLine, type Mask, maskOf, type View, withoutLinks, withoutTime } from '../views.ts';
import type { Seen } from './prepared.ts';

/** A step that was refused. */
export interface Fault {
  readonly call: string;
  readonly options: string;
  readonly event: TraceEvent;
  /** The call went on all the same. */
  readonly ignored: boolean;
}

/** The times of directories differ after everything that is made in them for a moment. */
export const directoryTimes: { readonly reason: string; readonly mask: Mask } = {
  reason:
    'directories that were copied up stay, with the time of what was made in them; restored times are not part of the step before: au_dtime_revert(), "harmless" in i_op_ren.c',
  mask: (line) => (isDirectoryLine(line) ? withoutTime(line) : line),
};

/** A mask, and that of the times of directories. */
export const withDirectoryTimes = (mask?: Mask): Mask => maskOf([...(mask ? [mask] : []), directoryTimes.mask]);

/** What may be seen after a fault instead. */
export interface FaultLeniency {
  readonly reason: string;
  readonly applies: (fault: Fault) => boolean;
  /** Every line is to be that of one of these. */
  readonly trees: (seen: Seen, fault: Fault) => readonly View[];
  readonly mask?: Mask;
}

/** The step keeps the copy of a file with several names under a name of its own. */
const keepsPlink = (event: TraceEvent): boolean => isAbout(event, ['link', 'unlink']) && isPlinkName(event);

/** The event changes a name, or looks it up for that. */
const isAbout = (event: TraceEvent, operations: readonly string[]): boolean =>
  event.kind === 'lookup' || (event.kind === 'metadata' && operations.includes(event.op));

const nameIn = (event: TraceEvent): string => ('name' in event ? (event.name ?? '') : '');

/** What pseudo-linked files are kept as: `INO.HINO`. */
const isPlinkName = (event: TraceEvent): boolean => /^\d+\.\d+$/.test(nameIn(event));

const cuts = ({ call }: Fault): boolean => /truncate of a (removed )?lower|lower file with O_TRUNC/.test(call);

/** The tree, its file as short as the call wants it. */
export function cut(view: View, { call }: { readonly call: string }): View {
  const [size, text] = call.includes('truncate') ? [3, '0:low'] : [0, ''];
  const shortened = new Map(view);
  if (call.includes('removed')) return shortened.set('/(open)', '10 "low"');
  const line = view.get('/d/e/f') ?? '';
  return shortened.set('/d/e/f', line.replace(/ size=\d+ "[^"]*"/, ` size=${size} "${text}"`));
}

export const faultLeniencies: readonly FaultLeniency[] = [
  {
    reason:
      'a pseudo-link that cannot be kept is given up, and the copy-up goes on: the other names stay what they were: au_plink_append()',
    applies: ({ event, ignored }) => keepsPlink(event) && ignored,
    trees: ({ now, later }) => [now, later],
    mask: withoutLinks,
  },
  {
    reason: 'a copy for truncate(2) takes only what is wanted, and stays when the rest is refused: au_pin_and_icpup()',
    applies: (fault) => cuts(fault) && !fault.ignored,
    trees: ({ now }, fault) => [cut(now, fault)],
  },
  {
    reason: 'the kept name of a file counts as a link once the union has forgotten its pseudo-links: aufs-util plink.c',
    applies: ({ event, ignored }) => removesPlink(event) && !ignored,
    trees: ({ now }) => [now],
    mask: withoutLinks,
  },
  {
    reason:
      'without pseudo-links, or numbers to know them by, the copy of a file with several names is another file, also one that a call leaves that fails: au_cpup_single()',
    applies: ({ options }) => /noplink|noxino/.test(options),
    trees: ({ now }) => [now],
    mask: withoutLinks,
  },
  {
    reason: 'an open file goes on with the copy, once it was to be written to: au_ready_to_write()',
    applies: ({ call, ignored }) => call === 'write to a removed pseudo-linked file' && !ignored,
    trees: ({ now }) => [new Map([...now, ['/(open)', '10 "lower several2, changed"']])],
  },
];

/** The step removes what pseudo-linked files are kept as. */
const removesPlink = (event: TraceEvent): boolean => isAbout(event, ['unlink']) && isPlinkName(event);

/** Where the real call fails when it is made again. */
export const agains = [
  {
    reason:
      'a nameless file can be linked once; that the link was taken back does not change it: vfs_link(), I_LINKABLE',
    applies: ({ call, event }: Fault): boolean =>
      call === 'link of a nameless file over a whiteout' && isRemoval(event, '.wh.gone'),
    code: 'ENOENT',
  },
] as const;

const isRemoval = (event: TraceEvent, name: string): boolean =>
  event.kind === 'metadata' && event.op === 'unlink' && nameIn(event) === name;

/** After a restart a name that has come up for a call that failed shows what it showed as a pseudo-link. */
export const laterLeniencies: readonly FaultLeniency[] = [
  {
    reason: 'what was copied up for a call that fails stays, names of pseudo-linked files too: au_pin_and_icpup()',
    applies: () => true,
    trees: ({ now, later }) => [later, now],
    mask: withoutLinks,
  },
  {
    reason: faultLeniencies[1]!.reason,
    applies: faultLeniencies[1]!.applies,
    trees: ({ later }, fault) => [cut(later, fault)],
  },
];

/** A name that only the union itself uses, on the way to or from another: `.wh..wh.NAME.0001`. */
export const isTemporary = (path: string): boolean => /(^|\/)\.wh\.\.wh\.[^/]*\.[0-9a-f]{4}($|\/)/.test(path);

/** A copy for a removed file keeps its passing name when that cannot be removed; the call fails with EIO: au_cpup_wh(). */
export const leavesName = ({ event }: Fault): boolean =>
  event.kind === 'metadata' && event.op === 'unlink' && isTemporary(nameIn(event));

/** A directory that was hidden to be removed stays when that is refused: au_whtmp_rmdir(), "ignored". */
const staysHidden = ({ event, ignored }: Fault): boolean =>
  ignored && isAbout(event, ['rmdir', 'unlink']) && nameIn(event).startsWith('.wh.');

/** What lies in a branch under names that should be gone. */
export const leftOvers = (raw: View, fault: Fault): string[] =>
  [...raw.keys()].filter((path) => isTemporary(path) && !staysHidden(fault) && !leavesName(fault));
