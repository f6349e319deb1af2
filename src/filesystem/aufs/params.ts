/**
 * Mount and remount options as they are read from the data of mount(2).
 *
 * @see fs/aufs/fsctx.c au_fsctx_parse_param()
 */
import { raise } from '../../abi/errno.ts';
import { NAME_MAX } from '../../abi/flags.ts';
import { defaultPermission, parsePermission, readOnly } from './branch-permission.ts';
import { RDBLK_DEFAULT, RDHASH_DEFAULT } from './config.ts';
import { type AddOption, type AufsOption, type FlagName, flagNames } from './option.ts';
import { parseCopyUpPolicy, parseCreatePolicy, parseDirectBranchAccess, parseInteger } from './policy.ts';

export type { AufsOption } from './option.ts';

/** How many options and branches one call can be given: a page of `struct au_opt`, one left over for the end. */
export const MAX_OPTIONS = 84;

/** @see AUFS_RDCACHE_MAX */
const RDCACHE_MAX = 3600;
/** @see KMALLOC_MAX_SIZE */
const KMALLOC_MAX_SIZE = 4 << 20;
/** The size of `struct hlist_head`. */
const HASH_BUCKET_SIZE = 8;

/** What the words mean depends on who gives them. */
export interface ParamsContext {
  /** The union is, or will be, read-only: its first branch is `ro` then unless told otherwise. */
  readonly readOnly?: boolean;
  /** The union is mounted already; some options make sense only then. */
  readonly remount?: boolean;
}

interface Draft {
  readonly options: AufsOption[];
  readonly context: ParamsContext;
  /** Where the next branch of a list goes. */
  nextIndex: number;
}

/** Words for which `name:value` is as good as `name=value`. @see is_colonopt() */
const COLON_OPTION = /^(br|add|ins|append|prepend|del|mod):/;

/**
 * Reads the data of mount(2), one option after the other, in the order in which they are given. No path is looked up.
 *
 * A branch of which the path cannot be resolved is EINVAL for the caller to raise; `del`, `mod` and `xino` tell their
 * own error there.
 *
 * @throws Errno EINVAL for words and values that are not known, ERANGE for some numbers beyond 32 bits; E2BIG for more
 *   than {@link MAX_OPTIONS}
 */
export function parseOptions(data: string, context: ParamsContext = {}): readonly AufsOption[] {
  const draft: Draft = { options: [], context, nextIndex: 0 };
  for (const option of data.split(',')) parseOption(draft, option.replace(COLON_OPTION, '$1='));
  return draft.options;
}

/** @see generic_parse_monolithic(), fs_parse() */
function parseOption(draft: Draft, option: string): void {
  const equals = option.indexOf('=');
  if (option === '' || equals === 0) return;
  if (equals < 0) return parseFlag(draft, option);
  const parse = valueParsers.get(option.slice(0, equals)) ?? raise('EINVAL');
  parse(draft, option.slice(equals + 1));
}

function push(draft: Draft, option: AufsOption): void {
  if (draft.options.length >= MAX_OPTIONS) raise('E2BIG');
  draft.options.push(option);
}

/** What has an opposite with `no` before it. */
const flags: ReadonlySet<string> = new Set(flagNames);

const flag = (name: FlagName, value: boolean): AufsOption => ({ kind: 'flag', name, value });

/** Words without an opposite; those that have no effect any more stand for nothing. */
const plainWords: ReadonlyMap<string, AufsOption | undefined> = new Map([
  ['noxino', { kind: 'noxino' }],
  ['v', flag('verbose', true)],
  ['quiet', flag('verbose', false)],
  ['q', flag('verbose', false)],
  ['silent', flag('verbose', false)],
  ['wsum', flag('sum', false)],
  ['clean_plink', undefined],
  ['dirren', undefined],
  ['nodirren', undefined],
  ['nodlgt', undefined],
  ['relatime', undefined],
]);

function parseFlag(draft: Draft, word: string): void {
  const name = word.startsWith('no') ? word.slice(2) : word;
  if (flags.has(word)) push(draft, flag(word as FlagName, true));
  else if (flags.has(name)) push(draft, flag(name as FlagName, false));
  else if (!plainWords.has(word)) raise('EINVAL');
  else {
    const option = plainWords.get(word);
    if (option !== undefined) push(draft, option);
  }
}

/** `PATH`, `PATH=` or `PATH=PERMISSION`; an empty permission is `ro`. @see au_opt_add() */
function parseBranch(text: string, index: number, { readOnly: isReadOnly = false }: ParamsContext): AddOption {
  const equals = text.indexOf('=');
  if (equals < 0) return { kind: 'add', index, path: text, permission: defaultPermission(index, isReadOnly) };
  const given = text.slice(equals + 1);
  return {
    kind: 'add',
    index,
    path: text.slice(0, equals),
    permission: given === '' ? readOnly : parsePermission(given),
  };
}

/** A list of branches ends at its first empty element. @see au_fsctx_parse_br() */
function parseBranches(draft: Draft, list: string): void {
  const all = list.split(':');
  const empty = all.indexOf('');
  if (empty === 0) raise('EINVAL');
  for (const text of empty < 0 ? all : all.slice(0, empty)) {
    push(draft, parseBranch(text, draft.nextIndex, draft.context));
    draft.nextIndex++;
  }
}

/** `INDEX:BRANCH`. @see au_fsctx_parse_add() */
function parseInsertion(draft: Draft, text: string): void {
  const colon = text.indexOf(':');
  if (colon < 0) raise('EINVAL');
  push(draft, parseBranch(text.slice(colon + 1), parseInt32(text.slice(0, colon), 'ERANGE'), draft.context));
}

/** A branch at the end is never thought to be the first one. */
function parseAppending(draft: Draft, text: string): void {
  push(draft, { ...parseBranch(text, 1, draft.context), index: undefined });
}

/** @see au_fsctx_parse_mod() */
function parseChange(draft: Draft, text: string): void {
  const equals = text.indexOf('=');
  if (equals < 0) raise('EINVAL');
  push(draft, { kind: 'mod', path: text.slice(0, equals), permission: parsePermission(text.slice(equals + 1)) });
}

/** What is too large for 32 bits is a bad value where the mount API reads the number, and ERANGE where AUFS does. */
function parseInt32(text: string, tooLarge: 'EINVAL' | 'ERANGE' = 'EINVAL'): number {
  const value = parseInteger(text);
  if (value === undefined) raise('EINVAL');
  return BigInt.asIntN(32, value) === value ? Number(value) : raise(tooLarge);
}

/** `def`, or a number from 0 to `max`. */
function sizeOrDefault(text: string, byDefault: number, max: number): number {
  if (text === 'def') return byDefault;
  const size = parseInt32(text, 'ERANGE');
  return size < 0 || size > max ? raise('EINVAL') : size;
}

function parseReadBlock(text: string): number {
  const size = sizeOrDefault(text, RDBLK_DEFAULT, KMALLOC_MAX_SIZE);
  return size !== 0 && size < NAME_MAX ? raise('EINVAL') : size;
}

function parseReadCache(text: string): number {
  const seconds = parseInt32(text);
  return seconds > RDCACHE_MAX ? raise('EINVAL') : seconds;
}

const opaquePolicies: ReadonlyMap<string, 'a' | 'w'> = new Map([
  ['a', 'a'],
  ['always', 'a'],
  ['w', 'w'],
  ['whiteouted', 'w'],
]);

/** There is no branch before the first mount is done. */
function requireMounted({ context }: Draft): void {
  if (context.remount !== true) raise('EINVAL');
}

type Parser = (draft: Draft, value: string) => void;

/** The value may not be empty. @see fs_param_is_string() */
const given =
  (parse: Parser): Parser =>
  (draft, value) =>
    value === '' ? raise('EINVAL') : parse(draft, value);

/** What was known once, and is still let pass. */
const ignored: Parser = given(() => undefined);

const createParser: Parser = given((draft, text) => {
  push(draft, { kind: 'set', name: 'create', value: parseCreatePolicy(text) ?? raise('EINVAL') });
});
const copyUpParser: Parser = given((draft, text) => {
  push(draft, { kind: 'set', name: 'cpup', value: parseCopyUpPolicy(text) ?? raise('EINVAL') });
});

const branchParsers: readonly (readonly [string, Parser])[] = [
  ['br', given(parseBranches)],
  ['dirs', given(parseBranches)],
  ['add', given(parseInsertion)],
  ['ins', given(parseInsertion)],
  ['append', parseAppending],
  ['prepend', (draft, text) => push(draft, parseBranch(text, 0, draft.context))],
  ['del', (draft, path) => push(draft, { kind: 'del', path })],
  ['mod', parseChange],
  ['xino', (draft, path) => push(draft, { kind: 'xino', path })],
];

const settingParsers: readonly (readonly [string, Parser])[] = [
  ['dirwh', (draft, text) => push(draft, { kind: 'set', name: 'dirwh', value: parseInt32(text) })],
  ['rdcache', (draft, text) => push(draft, { kind: 'set', name: 'rdcache', value: parseReadCache(text) })],
  ['rdblk', given((draft, text) => push(draft, { kind: 'set', name: 'rdblk', value: parseReadBlock(text) }))],
  [
    'rdhash',
    given((draft, text) => {
      const value = sizeOrDefault(text, RDHASH_DEFAULT, KMALLOC_MAX_SIZE / HASH_BUCKET_SIZE);
      push(draft, { kind: 'set', name: 'rdhash', value });
    }),
  ],
  [
    'udba',
    given((draft, text) => {
      push(draft, { kind: 'set', name: 'udba', value: parseDirectBranchAccess(text) ?? raise('EINVAL') });
    }),
  ],
  [
    'diropq',
    given((draft, text) => {
      push(draft, { kind: 'set', name: 'diropq', value: opaquePolicies.get(text) ?? raise('EINVAL') });
    }),
  ],
  ['create', createParser],
  ['create_policy', createParser],
  ['cpup', copyUpParser],
  ['copyup', copyUpParser],
  ['copyup_policy', copyUpParser],
];

const onceParsers: readonly (readonly [string, Parser])[] = [
  [
    'trunc_xino',
    (draft, value) => {
      requireMounted(draft);
      push(draft, { kind: 'set', name: 'trunc_xino', value });
    },
  ],
  [
    'itrunc_xino',
    (draft, text) => {
      const value = parseInt32(text);
      requireMounted(draft);
      push(draft, { kind: 'set', name: 'itrunc_xino', value });
    },
  ],
];

/** `fhsm_sec` belongs to a program that moves files between branches, `si` to scripts; the others are of old times. */
const ignoredParsers: readonly (readonly [string, Parser])[] = [
  ['fhsm_sec', (_draft, text) => void (parseInt32(text) < 0 && raise('EINVAL'))],
  ['debug', (_draft, text) => void (parseInt32(text) < 0 && raise('EINVAL'))],
  ['si', ignored],
  ['delete', ignored],
  ['imap', ignored],
];

const valueParsers: ReadonlyMap<string, Parser> = new Map([
  ...branchParsers,
  ...settingParsers,
  ...onceParsers,
  ...ignoredParsers,
]);
