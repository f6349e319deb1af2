/** Mount options of tmpfs. @see mm/shmem.c shmem_parse_one(), Documentation/filesystems/tmpfs.rst */
import { raise } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import { INVALID_ID } from '../../kernel/id-map.ts';
import { initUserNamespace, makeKgid, makeKuid, type UserNamespace } from '../../kernel/user-namespace.ts';

export interface TmpfsOptions {
  /** Pages that files may take; 0 for no limit. */
  maxPages: number;
  /** Inodes there may be; 0 for no limit. */
  maxInodes: number;
  mode: number;
  uid: number;
  gid: number;
}

/** What tmpfs does without options on a machine with that many bytes of memory; the root belongs to whoever mounts. */
export function defaultTmpfsOptions(memory: number): TmpfsOptions {
  const half = Math.floor(memory / PAGE_SIZE / 2);
  return { maxPages: half, maxInodes: half, mode: 0o1777, uid: 0, gid: 0 };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A number as C writes it: a leading 0 makes it octal, 0x hexadecimal. @see simple_strtoull() with base 0 */
function parseNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]+$/i.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}

/** A number with the suffixes of memparse(); `%` is a share of memory. */
function parseSize(text: string, memory: number): number {
  const match = /^(.*?)([kmgt%]?)$/is.exec(text)!;
  const number = parseNumber(match[1]!) ?? raise('EINVAL');
  const unit = match[2]!.toLowerCase();
  return unit === '%' ? Math.floor((number * memory) / 100) : number * UNITS[unit]!;
}

/** An id as the mounting task's user namespace knows it. */
function parseId(text: string, make: (id: number) => number): number {
  const id = make(parseNumber(text) ?? raise('EINVAL'));
  return id === INVALID_ID ? raise('EINVAL') : id;
}

/** Reads `data` over the options in force. @throws Errno EINVAL for an unknown option or a bad value */
export function parseTmpfsOptions(
  data: string,
  before: TmpfsOptions,
  memory: number,
  namespace: UserNamespace,
): TmpfsOptions {
  const options = { ...before };
  for (const word of data.split(',')) {
    if (word === '') continue;
    const [key, value] = splitOption(word);
    if (key === 'size') options.maxPages = Math.ceil(parseSize(value, memory) / PAGE_SIZE);
    else if (key === 'nr_blocks') options.maxPages = parseSize(value, 0);
    else if (key === 'nr_inodes') options.maxInodes = parseSize(value, 0);
    else if (key === 'mode')
      options.mode = /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) & 0o7777 : raise('EINVAL');
    else if (key === 'uid') options.uid = parseId(value, (id) => makeKuid(namespace, id));
    else if (key === 'gid') options.gid = parseId(value, (id) => makeKgid(namespace, id));
    else if (word === 'noswap' && namespace !== initUserNamespace) raise('EINVAL');
    else if (!isIgnored(word, key)) raise('EINVAL');
  }
  return options;
}

function splitOption(word: string): [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}

/** Options that change nothing which can be seen here. */
function isIgnored(word: string, key: string): boolean {
  return word === 'inode32' || word === 'inode64' || word === 'noswap' || key === 'huge' || key === 'mpol';
}

/** The part of a /proc/mounts line. @see shmem_show_options() */
export function showTmpfsOptions(options: TmpfsOptions, memory: number): string {
  const usual = defaultTmpfsOptions(memory);
  let text = '';
  if (options.maxPages !== usual.maxPages) text += `,size=${options.maxPages * (PAGE_SIZE / 1024)}k`;
  if (options.maxInodes !== usual.maxInodes) text += `,nr_inodes=${options.maxInodes}`;
  if (options.mode !== usual.mode) text += `,mode=${options.mode.toString(8).padStart(3, '0')}`;
  if (options.uid !== 0) text += `,uid=${options.uid}`;
  if (options.gid !== 0) text += `,gid=${options.gid}`;
  return text;
}
