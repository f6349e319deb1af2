/** Listings of directories in lines that are the same where the trees are. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  isRegular,
  isSymlink,
  major,
  minor,
} from '../../src/abi/mode.ts';
import type { Stat } from '../../src/abi/stat.ts';
import { RUN_BEGINS } from '../../src/testing/masks.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import type { RandomIDs } from './ids.ts';
import { keptTime, numberless, valueless } from './masks.ts';
import { chainOf } from './real-store.ts';
import { exists, type Image, layerdb, namesIn, readFile, readText, type Store } from './store.ts';

/** How a listing tells ids, and of which files it tells the text. */
export interface Telling {
  readonly translate?: (text: string) => string;
  readonly isText?: (path: string) => boolean;
}

interface Row {
  readonly path: string;
  readonly inode: string | undefined;
  readonly text: string;
}

const shown = (text: string): string => JSON.stringify(text).slice(1, -1);
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 12);

function attributesOf({ mode, nlink, uid, gid, size, rdev, mtime }: Stat): string {
  const device = isCharacterDevice(mode) || isBlockDevice(mode) ? ` ${major(rdev)},${minor(rdev)}` : '';
  const { sec, nsec } = keptTime(mtime);
  const time = sec >= RUN_BEGINS ? 'now' : `${sec}.${String(nsec).padStart(9, '0')}`;
  return `${mode.toString(8)} n=${nlink} ${uid}:${gid} ${isDirectory(mode) ? '-' : size}${device} ${time}`;
}

/** The value, or why it cannot be read: capabilities that are not well formed can be kept, and not be told. */
function valueOfAttribute(task: SubjectTask, path: string, name: string): string {
  try {
    return Buffer.from(task.lgetxattr(path, name)).toString('latin1');
  } catch (error) {
    return `!${(error as { code?: string }).code ?? String(error)}`;
  }
}

function xattrsOf(task: SubjectTask, path: string): string {
  const names = task.llistxattr(path).sort();
  const pairs = names.map((name) => (valueless.has(name) ? name : `${name}=${valueOfAttribute(task, path, name)}`));
  return pairs.length === 0 ? '' : ` {${shown(pairs.join(', '))}}`;
}

function contentOf(task: SubjectTask, path: string, { mode, size }: Stat, { isText, translate }: Telling): string {
  if (isSymlink(mode)) return ` -> ${shown((translate ?? String)(task.readlink(path)))}`;
  if (!isRegular(mode) || size === 0) return '';
  if (isText?.(path)) return ` "${shown((translate ?? String)(readText(task, path)))}"`;
  const bytes = readFile(task, path);
  return ` ${digest(path.endsWith('.json.gz') ? gunzipSync(bytes) : bytes)}`;
}

/** The object's attributes, or why there are none: a directory may list a whiteout, which nobody can look up. */
function statOf(task: SubjectTask, path: string): Stat | string {
  try {
    return task.lstat(path);
  } catch (error) {
    return `!${(error as { code?: string }).code ?? String(error)}`;
  }
}

function rowsOf(task: SubjectTask, path: string, name: string, telling: Telling, rows: Row[]): void {
  const stat = statOf(task, path);
  if (typeof stat === 'string') {
    rows.push({ path: name, text: stat, inode: undefined });
    return;
  }
  const isText = telling.isText?.(path) === true || path.endsWith('.json.gz');
  const text = `${attributesOf({ ...stat, ...(isText && { size: 0 }), ...(numberless(path) && { rdev: 0 }) })}${xattrsOf(task, path)}${contentOf(task, path, stat, telling)}`;
  const several = !isDirectory(stat.mode) && stat.nlink > 1;
  const told = (telling.translate ?? String)(name).replace(temporaryName, '$1work/work/#');
  rows.push({ path: told, text, inode: several ? `${stat.dev}:${stat.ino}` : undefined });
  if (!isDirectory(stat.mode)) return;
  for (const child of namesIn(task, path)) rowsOf(task, `${path}/${child}`, `${name}/${child}`, telling, rows);
}

/** A name that overlayfs gave to something in its work directory. */
const temporaryName = /(^|\/)work\/work\/#[0-9a-f]+/;

/** The tree at `path`, one line for each object; names of one file say which name is its first. */
export function listTree(task: SubjectTask, path: string, name: string, telling: Telling = {}): string[] {
  if (!exists(task, path)) return [`${name} is not there`];
  const rows: Row[] = [];
  rowsOf(task, path, name, telling, rows);
  rows.sort((a, b) => (a.path < b.path ? -1 : 1));
  const firsts = new Map<string, string>();
  return rows.map(({ path, text, inode }) => {
    if (inode !== undefined && !firsts.has(inode)) firsts.set(inode, path);
    const first = inode === undefined ? path : firsts.get(inode)!;
    return `${shown(path)} ${text}${first === path ? '' : ` = ${shown(first)}`}`;
  });
}

/** Files of a driver itself, beside what layers hold. */
const isNote = (path: string): boolean => /\/(overlay2?)\/[^/]+\/(link|lower|lower-id|committed)$/.test(path);
const isRecord = (path: string): boolean => !path.endsWith('.gz');

/** All that the driver keeps on the disk. */
export const listHome = (store: Store, ids: RandomIDs): string[] =>
  listTree(store.task, `${store.root}/${store.driver}`, store.driver, {
    translate: (text) => ids.translate(text),
    isText: isNote,
  });

/** All that the layer store keeps on the disk. */
export const listLayerdb = (store: Store, ids: RandomIDs): string[] =>
  listTree(store.task, layerdb(store), 'layerdb', { translate: (text) => ids.translate(text), isText: isRecord });

/** The records of the archive of an image's topmost layer, which hold each of its headers. */
export function splitRecords(store: Store, image: Image): string[] {
  if (image.layers.length === 0) return [];
  const path = `${layerdb(store)}/sha256/${chainOf(image.layers)}/tar-split.json.gz`;
  return gunzipSync(readFile(store.task, path)).toString().split('\n').map(readable);
}

/** A segment of headers as the fields that they hold, so that a difference can be read. */
function readable(line: string): string {
  if (!line.startsWith('{"type":2')) return line;
  const { payload, position } = JSON.parse(line) as { payload: string | null; position: number };
  const text = Buffer.from(payload ?? '', 'base64').toString('latin1');
  return `segment ${position}: ${shown(text.replace(/\0+/g, '·'))} ${text.length}`;
}
