/**
 * The files of AUFS's hard link directory while a layer is unpacked: links may name them, but they are no part of it.
 * They lie in a directory beside the layer's files, which goes when all is done.
 *
 * @see moby pkg/archive/diff.go (UnpackLayer), pkg/chrootarchive/diff_unix.go (applyLayer)
 */
import { O_RDONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { readChunks } from './read-chunks.ts';
import type { TarHeader } from './tar-entry.ts';
import { removeAll } from './unpack-entry.ts';

/** Made before anything is unpacked, whether anybody needs it or not: that moves the times of the layer's root. */
export class LinkSources {
  readonly #task: Task;
  readonly #directory: string;
  readonly #headers = new Map<string, TarHeader>();

  constructor(task: Task) {
    const random = new Uint32Array(1);
    task.getrandom(new Uint8Array(random.buffer));
    this.#task = task;
    this.#directory = `/temp-docker-extract${random[0]}`;
    task.mkdir(this.#directory, 0o700);
  }

  /** Where the file of that name is to be made. */
  add(name: string, header: TarHeader): string {
    this.#headers.set(name, header);
    return `${this.#directory}/${name}`;
  }

  /** What the archive says of the file; `undefined` where it has none of that name. */
  headerOf(name: string): TarHeader | undefined {
    return this.#headers.get(name);
  }

  *read(name: string): Generator<Uint8Array, void> {
    const fd = this.#task.open(`${this.#directory}/${name}`, O_RDONLY);
    try {
      yield* readChunks(this.#task, fd, Number.POSITIVE_INFINITY);
    } finally {
      this.#task.close(fd);
    }
  }

  /** Removes the directory. */
  remove(): void {
    removeAll(this.#task, this.#directory);
  }
}
