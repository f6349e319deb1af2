/**
 * The program `auplink`: before a union is unmounted it makes hard links of pseudo-links, which would be lost.
 *
 * @see aufs-util auplink.c, plink.c, br.c
 */
import { type ErrnoCode, ErrnoException, errnoNumber } from '../../abi/errno.ts';
import { STATX_ATTR_MOUNT_ROOT } from '../../abi/fileattr.ts';
import { AT_EMPTY_PATH, O_DIRECTORY, O_RDONLY } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Program } from '../../kernel/program.ts';
import type { Task } from '../../kernel/task.ts';
import { permissionOfBits } from './branch-permission.ts';
import { AUFS_CTL_BRINFO, AUFS_CTL_PLINK_CLEAN, type BranchInfo } from './ioctl.ts';
import { AUFS_SUPER_MAGIC } from './statfs.ts';
import { PLNK_NAME } from './whiteout.ts';

/** The exit status for a reason that has no error number. */
const UNKNOWN_ERROR = 255;

type Command = 'list' | 'cpup' | 'flush';
const isCommand = (word: string): word is Command => word === 'list' || word === 'cpup' || word === 'flush';

/** What lies in the pseudo-link directories of the writable branches. */
interface Plinks {
  readonly paths: readonly string[];
  /** The numbers that the files have in the union. */
  readonly numbers: ReadonlySet<number>;
}

/**
 * `auplink DIRECTORY list|cpup|flush`, where a union is mounted at the directory.
 *
 * `list` writes the numbers and then the paths of all pseudo-linked files to descriptor 1; `cpup` makes each of these
 * paths a hard link in the topmost branch; `flush` does that, has the union forget its pseudo-links and removes what it
 * kept of them. Exit status: 0; 22 (EINVAL) for wrong words, and where nothing is mounted at the directory; 255 where
 * something else than AUFS is; the error number of whatever failed. Nothing is printed for errors.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { aufs, auplink } from 'lowerdir/filesystem/aufs';
 * const machine = createMachine({ filesystems: [aufs] });
 * const { task, fs } = machine;
 * for (const path of ['/rw', '/ro', '/mnt', '/sbin']) fs.mkdirSync(path);
 * fs.writeFileSync('/sbin/auplink', '', { mode: 0o755 });
 * machine.register('/sbin/auplink', auplink);
 * fs.writeFileSync('/ro/a', 'text');
 * fs.linkSync('/ro/a', '/ro/b');
 * task.mount('none', '/mnt', 'aufs', 'br:/rw=rw:/ro=ro+wh');
 * fs.appendFileSync('/mnt/a', '!');
 * fs.readdirSync('/rw'); // => ['.wh..wh.aufs', '.wh..wh.orph', '.wh..wh.plnk', 'a']
 * task.exec('/sbin/auplink', ['auplink', '/mnt', 'flush']); // => 0
 * fs.readdirSync('/rw'); // => ['.wh..wh.aufs', '.wh..wh.orph', '.wh..wh.plnk', 'a', 'b']
 * ```
 */
export const auplink: Program = (task, argv) => {
  const [, directory, command] = argv;
  if (argv.length !== 3 || !isCommand(command!)) return errnoNumber('EINVAL');
  try {
    return withDirectory(task, directory!, (fd) => maintain(task, directory!, fd, command));
  } catch (error) {
    if (error instanceof ErrnoException) return errnoNumber(error.code);
    throw error;
  }
};

function withDirectory<T>(task: Task, path: string, act: (fd: number) => T): T {
  const fd = task.open(path, O_RDONLY | O_DIRECTORY);
  try {
    return act(fd);
  } finally {
    task.close(fd);
  }
}

/** @see au_plink() */
function maintain(task: Task, directory: string, fd: number, command: Command): number {
  if (((task.statx(fd, '', AT_EMPTY_PATH).attributes ?? 0) & STATX_ATTR_MOUNT_ROOT) === 0) return errnoNumber('EINVAL');
  if (task.fstatfs(fd).type !== AUFS_SUPER_MAGIC) return UNKNOWN_ERROR;
  const plinks = readPlinks(task, task.ioctl(fd, AUFS_CTL_BRINFO) as readonly BranchInfo[]);
  if (plinks.paths.length === 0) return 0;
  const top = task.realpath(directory);
  if (command === 'list') print(task, [`${[...plinks.numbers].join(' ')} `, ...linkedFiles(task, top, plinks)]);
  else for (const path of linkedFiles(task, top, plinks)) task.lchown(path, -1, -1);
  if (command === 'flush') {
    task.ioctl(fd, AUFS_CTL_PLINK_CLEAN);
    for (const path of plinks.paths) task.unlink(path);
  }
  return 0;
}

/** Nobody may be listening. */
function print(task: Task, lines: readonly string[]): void {
  unless(['EBADF'], () => task.write(1, new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))));
}

/** @see build_array() */
function readPlinks(task: Task, branches: readonly BranchInfo[]): Plinks {
  const paths: string[] = [];
  for (const { path: branch, perm } of branches) {
    if (permissionOfBits(perm).access !== 'rw') continue;
    const directory = `${branch === '/' ? '' : branch}/${PLNK_NAME}`;
    if (task.statIfPresent(directory) === undefined) continue;
    for (const name of namesIn(task, directory)) paths.push(`${directory}/${name}`);
  }
  return { paths, numbers: new Set(paths.map(numberOf)) };
}

/** A name in the directory of pseudo-links is `INO.HINO`, the numbers in the union and in the branch. */
const numberOf = (path: string): number => Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 10);

const namesIn = (task: Task, directory: string): string[] =>
  withDirectory(task, directory, (fd) => task.getdents(fd))
    .map(({ name }) => name)
    .filter((name) => name !== '.' && name !== '..');

/**
 * The paths of pseudo-linked files, each directory in the order in which it is listed, without what is mounted inside
 * and without what cannot be read. @see nftw(3)
 */
function* linkedFiles(task: Task, top: string, { numbers }: Plinks): Generator<string> {
  const { dev } = task.lstat(top);
  const pending = [top];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stat = unless(WALK_ERRORS, () => task.lstat(path!));
    if (stat === undefined || stat.dev !== dev) continue;
    if (!isDirectory(stat.mode)) {
      if (numbers.has(stat.ino)) yield path;
      continue;
    }
    const names = unless(WALK_ERRORS, () => namesIn(task, path!)) ?? [];
    const prefix = path === '/' ? '' : path;
    for (const name of names.reverse()) if (name !== PLNK_NAME) pending.push(`${prefix}/${name}`);
  }
}

const WALK_ERRORS: readonly ErrnoCode[] = ['EACCES', 'ENOENT'];

/** What `act` gives; `undefined` where it fails with one of the codes. */
function unless<T>(codes: readonly ErrnoCode[], act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof ErrnoException && codes.includes(error.code)) return undefined;
    throw error;
  }
}
