/** What was recorded of a real dockerd with one driver, and the tree of ours in the same words. */
import {
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  isRegular,
  isSymlink,
  major,
  minor,
} from '../../src/abi/mode.ts';
import { isBlockDevice as isBlock, isFifo, isSocket } from '../../src/abi/mode.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import type { DriverName } from '../docker/dockerd.ts';
import { namesIn } from '../docker/store.ts';
import { goldenGunzipped, goldenText } from '../unit/archive/golden.ts';

/** The folder that holds what was recorded of a driver. */
export const folders: { readonly [driver in DriverName]: string } = { overlay2: 'o2', overlay: 'ov', vfs: 'vfs' };

/** What of the recorded trees is not looked at, and why. */
export const leftOut: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /^image\/[^/]+(\/(imagedb|distribution)\b.*|\/repositories\.json)?$/,
    'the image store is not part of drivers and layers',
  ],
];

/** What of a row is not compared, and why. */
const blanked: readonly (readonly [pattern: RegExp, blank: string, reason: string])[] = [
  [/ \d+ (?=\S*tar-split\.json\.gz$)/, ' - ', 'its compressed size is that of the codec; its records are compared'],
  [/ dev=\d+,\d+ (?=\S*backingFsBlockDev$)/, ' dev=- ', 'the number of the disk'],
];

/** A row without what is not compared, its extended attributes in one order. */
export function comparable(row: string): string {
  let told = row;
  for (const [pattern, blank] of blanked) told = told.replace(pattern, blank);
  const [before, xattrs] = told.split('  xattr:');
  return xattrs === undefined ? told : `${before}  xattr:${xattrs.split(',').sort().join(',')}`;
}

/** The path in a row. */
const pathOf = (row: string): string =>
  / (\S*\/.*|\S+)$/.exec(row.replace(/^(\S+) (\S+) n=(\S+) (\S+)( dev=\S+)?/, ''))![1]!;

/** The rows of a recorded tree. */
export const recordedTree = (driver: DriverName, name: string): string[] =>
  Buffer.from(goldenGunzipped(`${folders[driver]}/${name}.gz`))
    .toString()
    .trimEnd()
    .split('\n')
    .filter((row) => !leftOut.some(([pattern]) => pattern.test(pathOf(row))));

export const recordedText = (driver: DriverName, name: string): string => goldenText(`${folders[driver]}/${name}`);

/** The files of the recorded layerdb by path. */
export const recordedLayerdb = (driver: DriverName): Map<string, string> =>
  new Map(
    recordedText(driver, 'layerdb.txt')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(': ') as [string, string]),
  );

const bits = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'] as const;

/** The mode as `ls -l` tells it. */
function modeText(mode: number): string {
  const type = isDirectory(mode) ? 'd' : isSymlink(mode) ? 'l' : isCharacterDevice(mode) ? 'c' : nodeLetter(mode);
  const parts = [bits[(mode >> 6) & 7]!, bits[(mode >> 3) & 7]!, bits[mode & 7]!];
  const special = ([0o4000, 0o2000, 0o1000] as const).map((bit) => (mode & bit) !== 0);
  const letters = ['s', 's', 't'];
  const shown = parts.map((part, at) => {
    if (!special[at]) return part;
    return part.slice(0, 2) + (part[2] === 'x' ? letters[at] : letters[at]!.toUpperCase());
  });
  return type + shown.join('');
}
const nodeLetter = (mode: number): string => (isBlock(mode) ? 'b' : isFifo(mode) ? 'p' : isSocket(mode) ? 's' : '-');

const pythonBytes = (bytes: Uint8Array): string =>
  `b'${Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('')}'`;

/** Attributes whose value names an object of the filesystem below, or is random. */
const withoutValue = /origin|uuid/;

/** What the recording's script tells of one object. */
function rowOf(task: SubjectTask, root: string, path: string): string {
  const file = `${root}/${path}`;
  const { mode, uid, gid, nlink, size, rdev } = task.lstat(file);
  const links = isDirectory(mode) ? '-' : nlink;
  let row = `${modeText(mode)} ${uid}:${gid} n=${links} ${isRegular(mode) ? size : '-'}`;
  if (isCharacterDevice(mode) || isBlockDevice(mode)) row += ` dev=${major(rdev)},${minor(rdev)}`;
  row += ` ${path.replaceAll('\n', '\\n').replaceAll('M'.repeat(150), 'M{150}').replaceAll('L'.repeat(101), 'L{101}')}`;
  if (isSymlink(mode)) return `${row} -> ${task.readlink(file)}`;
  const xattrs = task
    .llistxattr(file)
    .map((name) => (withoutValue.test(name) ? name : `${name}=${pythonBytes(task.lgetxattr(file, name))}`));
  return xattrs.length === 0 ? row : `${row}  xattr:${xattrs.join(',')}`;
}

/** The tree of ours below some folders of the data root, in the words of the recording. */
export function treeOf(task: SubjectTask, root: string, folders: readonly string[]): string[] {
  const rows: string[] = [];
  const walk = (path: string): void => {
    for (const name of namesIn(task, `${root}/${path}`)) {
      const child = `${path}/${name}`;
      rows.push(rowOf(task, root, child));
      if (isDirectory(task.lstat(`${root}/${child}`).mode)) walk(child);
    }
  };
  for (const folder of folders) walk(folder);
  return rows.filter((row) => !leftOut.some(([pattern]) => pattern.test(pathOf(row))));
}
