/**
 * What a union may do with a branch, and how that is written in options.
 *
 * @see fs/aufs/opts.c au_br_perm_val(), include/uapi/linux/aufs_type.h
 */

/** `rr` is `ro` for what nobody else writes to either, such as a CD. */
export type BranchAccess = 'rw' | 'ro' | 'rr';

/** What a union may do with a branch. */
export interface BranchPermission {
  readonly access: BranchAccess;
  /** Names beginning with `.wh.` hide names of lower branches: always in `rw`, and with `+wh` in the others. */
  readonly whiteouts: boolean;
  /** A new whiteout is a hard link of `.wh..wh.aufs`: false for `rw+nolwh`, and where nothing is written. */
  readonly linkWhiteouts: boolean;
  /** The attributes that hold, in the order in which AUFS prints them: `coo_reg`, `icex`, `wh`, `moo`, `nolwh` … */
  readonly attributes: readonly string[];
}

const copyUpOnOpen = ['coo_reg', 'coo_all'] as const;
const ignoredErrors = ['icexsec', 'icexsys', 'icextr', 'icexusr', 'icexoth'] as const;

/** Every attribute, in the order of the kernel's table. */
const attributeOrder = [...copyUpOnOpen, 'fhsm', 'icex', ...ignoredErrors, 'wh', 'moo', 'nolwh'] as const;

/** `unpin` is known but has had no meaning since Linux 3.18. */
const knownAttributes: ReadonlySet<string> = new Set([...attributeOrder, 'unpin']);

/** Of these the last one given holds. @see AuBrAttr_CMOO_Mask */
const exclusive: ReadonlySet<string> = new Set([...copyUpOnOpen, 'moo']);

/** Attributes that only a writable branch has, and those that it does not have. */
const ofWritable: ReadonlySet<string> = new Set(['moo', 'nolwh']);
const ofReadOnly: ReadonlySet<string> = new Set(['wh']);

function permission(access: BranchAccess, attributes: readonly string[]): BranchPermission {
  const isWritable = access === 'rw';
  const whiteouts = isWritable || attributes.includes('wh');
  return { access, whiteouts, linkWhiteouts: isWritable && !attributes.includes('nolwh'), attributes };
}

/** Plain `rw`. */
export const readWrite: BranchPermission = permission('rw', []);
/** Plain `ro`. */
export const readOnly: BranchPermission = permission('ro', []);

/**
 * The permission of a branch that none was given for.
 *
 * @param index where the branch goes
 * @param readOnlyMount the union is mounted `ro`
 * @see au_opt_add()
 */
export const defaultPermission = (index: number, readOnlyMount: boolean): BranchPermission =>
  index === 0 && !readOnlyMount ? readWrite : readOnly;

const isAccess = (word: string): word is BranchAccess => word === 'rw' || word === 'ro' || word === 'rr';

/** What stands before the first unknown word. @see br_attr_val() */
function knownOf(words: readonly string[]): readonly string[] {
  const unknown = words.findIndex((word) => !knownAttributes.has(word));
  return unknown < 0 ? words : words.slice(0, unknown);
}

function attributesOf(words: readonly string[], access: BranchAccess): readonly string[] {
  const given = new Set<string>();
  for (const word of knownOf(words)) {
    if (exclusive.has(word)) for (const other of exclusive) given.delete(other);
    for (const each of word === 'icex' ? ignoredErrors : [word]) given.add(each);
  }
  if (ignoredErrors.every((word) => given.has(word))) {
    for (const word of ignoredErrors) given.delete(word);
    given.add('icex');
  }
  const refused = access === 'rw' ? ofReadOnly : ofWritable;
  return attributeOrder.filter((word) => given.has(word) && !refused.has(word));
}

/**
 * Reads what stands behind `=` of a branch: `rw`, `ro+wh`, `rw+nolwh` …
 *
 * Nothing is refused: an access that is not known makes the branch plain `ro`, attributes end at the first that is not
 * known, and those that do not fit the access are left out; the real module tells its log of it.
 */
export function parsePermission(text: string): BranchPermission {
  const [access, ...words] = text.split('+');
  if (access === undefined || !isAccess(access)) return readOnly;
  return permission(access, attributesOf(words, access));
}

/** A permission as sysfs and `br:` of /proc/mounts print it. @see au_optstr_br_perm() */
export const showPermission = ({ access, attributes }: BranchPermission): string => [access, ...attributes].join('+');

/** Both say the same. */
export const isSamePermission = (a: BranchPermission, b: BranchPermission): boolean =>
  showPermission(a) === showPermission(b);

const accessBits: Readonly<Record<BranchAccess, number>> = { rw: 1, ro: 2, rr: 4 };

const attributeBits: Readonly<Record<string, number>> = {
  coo_reg: 1 << 3,
  coo_all: 1 << 4,
  fhsm: 1 << 5,
  icexsec: 1 << 7,
  icexsys: 1 << 8,
  icextr: 1 << 9,
  icexusr: 1 << 10,
  icexoth: 1 << 11,
  icex: 0b11111 << 7,
  wh: 1 << 12,
  nolwh: 1 << 13,
  moo: 1 << 14,
};

/** A permission as the ioctls tell it, a sum of `AuBrPerm_*` and attributes. */
export const permissionBits = ({ access, attributes }: BranchPermission): number =>
  attributes.reduce((bits, word) => bits | attributeBits[word]!, accessBits[access]);

/** The opposite of {@link permissionBits}. */
export function permissionOfBits(bits: number): BranchPermission {
  const access = (Object.keys(accessBits) as BranchAccess[]).find((word) => (bits & accessBits[word]) !== 0) ?? 'ro';
  const words = attributeOrder.filter((word) => (bits & attributeBits[word]!) === attributeBits[word]);
  return permission(access, attributesOf(words, access));
}
