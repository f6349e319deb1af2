/**
 * Writes changes into a real directory: one of the two doors to the outside. Everything that Node cannot write is found
 * before the first write; each file comes whole, under a temporary name first.
 */
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { O_RDONLY } from '../abi/flags.ts';
import { isDirectory, isRegular, isSocket, isSymlink } from '../abi/mode.ts';
import type { Stat, Timespec } from '../abi/stat.ts';
import { OVERLAY_XATTR_PREFIX } from '../abi/xattr.ts';
import { type LayerObject, walkLayer } from '../archive/diff.ts';
import type { Task } from '../kernel/task.ts';
import { UnionError } from './union-error.ts';

/** Who writes: what decides which owners can be given. */
interface Writer {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/**
 * Writes what the upper directory holds into `target`, deletions too. What belongs to the machine's root becomes the
 * writer's own where the writer is not root; other foreign owners are refused then.
 *
 * @throws UnionError `ERR_UNION_APPLY` with `paths` that cannot be written; nothing was written then
 */
export async function applyChanges(task: Task, upper: string, target: string): Promise<void> {
  const writer = { uid: process.getuid?.(), gid: process.getgid?.() };
  const objects = [...walkLayer(task, upper)].filter(({ stat }) => !isSocket(stat.mode));
  const paths = objects.flatMap((object) =>
    reasonsAgainst(object, writer).map((reason) => ({ path: `/${object.path}`, reason })),
  );
  if (paths.length > 0) {
    const list = paths.map((each) => `${each.path} (${each.reason})`).join(', ');
    throw new UnionError('ERR_UNION_APPLY', `cannot be written into a real directory: ${list}`, { paths });
  }
  await new Applying(task, upper, path.resolve(target), writer).run(objects);
}

function reasonsAgainst({ kind, stat, xattrs }: LayerObject, writer: Writer): string[] {
  if (kind === 'whiteout') return [];
  const reasons: string[] = [];
  if (!isDirectory(stat.mode) && !isRegular(stat.mode) && !isSymlink(stat.mode)) reasons.push('a device node or fifo');
  const root = writer.uid === 0;
  const knowsOwners = writer.uid !== undefined;
  if (knowsOwners && !root && (stat.uid !== writer.uid || stat.gid !== writer.gid)) {
    if (stat.uid !== 0 || stat.gid !== 0) reasons.push(`the owner ${stat.uid}:${stat.gid}`);
  }
  for (const name of xattrs) if (!name.startsWith(OVERLAY_XATTR_PREFIX)) reasons.push(`the attribute ${name}`);
  return reasons;
}

/** One run over the changes; directories get their times when all is in them. */
class Applying {
  readonly #task: Task;
  readonly #upper: string;
  readonly #target: string;
  readonly #writer: Writer;
  /** Where each inode of the upper directory was written first: its other names become hard links. */
  readonly #written = new Map<number, string>();
  #temporary = 0;

  constructor(task: Task, upper: string, target: string, writer: Writer) {
    this.#task = task;
    this.#upper = upper;
    this.#target = target;
    this.#writer = writer;
  }

  async run(objects: readonly LayerObject[]): Promise<void> {
    for (const object of objects) await this.#write(object);
    for (const { path: name, kind, stat } of [...objects].reverse()) {
      if (kind !== 'whiteout' && isDirectory(stat.mode)) await this.#finish(path.join(this.#target, name), stat);
    }
  }

  async #write({ path: name, kind, stat }: LayerObject): Promise<void> {
    const at = path.join(this.#target, name);
    if (kind === 'whiteout') return fs.rm(at, { recursive: true, force: true });
    if (isDirectory(stat.mode)) return this.#writeDirectory(at, kind === 'opaque');
    const temporary = path.join(path.dirname(at), `.lowerdir-${process.pid}-${this.#temporary++}`);
    try {
      await this.#writeObject(temporary, `${this.#upper}/${name}`, stat);
      if (await isRealDirectory(at)) await fs.rm(at, { recursive: true });
      await fs.rename(temporary, at);
    } finally {
      await fs.rm(temporary, { force: true });
    }
    if (isRegular(stat.mode)) this.#written.set(stat.ino, at);
  }

  async #writeDirectory(at: string, opaque: boolean): Promise<void> {
    const there = await isRealDirectory(at);
    if (opaque || !there) await fs.rm(at, { recursive: true, force: true });
    if (opaque || !there) await fs.mkdir(at);
  }

  async #writeObject(at: string, from: string, stat: Stat): Promise<void> {
    if (isSymlink(stat.mode)) {
      await fs.symlink(this.#task.readlink(from), at);
      return this.#finish(at, stat);
    }
    const first = stat.nlink > 1 ? this.#written.get(stat.ino) : undefined;
    if (first !== undefined) return fs.link(first, at);
    await this.#copyData(at, from);
    await this.#finish(at, stat);
  }

  async #copyData(at: string, from: string): Promise<void> {
    const file = await fs.open(at, 'wx', 0o600);
    let fd: number | undefined;
    try {
      fd = this.#task.open(from, O_RDONLY);
      const buffer = new Uint8Array(1 << 20);
      for (let got = this.#task.read(fd, buffer); got > 0; got = this.#task.read(fd, buffer)) {
        await file.writeFile(buffer.subarray(0, got));
      }
    } finally {
      await file.close();
      if (fd !== undefined) this.#task.close(fd);
    }
  }

  async #finish(at: string, stat: Stat): Promise<void> {
    if (this.#writer.uid === 0) await fs.lchown(at, stat.uid, stat.gid);
    if (!isSymlink(stat.mode)) await fs.chmod(at, stat.mode & 0o7777);
    await fs.lutimes(at, secondsOf(stat.atime), secondsOf(stat.mtime));
  }
}

const secondsOf = ({ sec, nsec }: Timespec): number => sec + nsec / 1e9;

async function isRealDirectory(at: string): Promise<boolean> {
  try {
    return (await fs.lstat(at)).isDirectory();
  } catch {
    return false;
  }
}
