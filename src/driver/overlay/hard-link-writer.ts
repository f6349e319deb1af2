/** Unpacks a layer's tar on top of another layer's tree. @see moby daemon/graphdriver/overlay/overlay.go (ApplyDiff) */
import { LayerUnpacker } from '../../archive/unpack.ts';
import { removeAll } from '../../archive/unpack-entry.ts';
import type { Task } from '../../kernel/task.ts';
import { copyDirectory } from '../copy-directory.ts';
import type { DiffWriter } from '../driver.ts';
import { makeTemporaryDirectory } from '../make-directory.ts';
import { attempt, isStop } from '../refusal.ts';
import { type LayerPaths, TEMPORARY_ROOT } from './layout.ts';

/**
 * Gives the layer a tree of its own: all directories of the tree below anew, each of its files under one more name, and
 * the tar unpacked into that. Nothing may have been written into the layer before.
 *
 * When it is complete the tree takes the place of the upper layer; until then, and after a refusal, the layer is as
 * before.
 */
export class HardLinkWriter implements DiffWriter {
  readonly #task: Task;
  readonly #layer: LayerPaths;
  readonly #tree: string;
  readonly #unpacker: LayerUnpacker;
  #over = false;

  constructor(task: Task, layer: LayerPaths, below: string) {
    this.#task = task;
    this.#layer = layer;
    this.#tree = makeTemporaryDirectory(task, layer.directory, TEMPORARY_ROOT);
    try {
      copyDirectory(task, below, this.#tree, { mode: 'hard-link', opaque: true });
      this.#unpacker = new LayerUnpacker(task, this.#tree, { form: 'plain', breakout: 'contain' });
    } catch (error) {
      if (!isStop(error)) this.#discard(this.#tree);
      throw error;
    }
  }

  /** Where the tree grows; nothing when that is over. */
  get growing(): string | undefined {
    return this.#over ? undefined : this.#tree;
  }

  write(chunk: Uint8Array): void {
    this.#unpacker.write(chunk);
  }

  end(): number {
    const { size } = this.#unpacker.end();
    const { root, upper, work, merged, lowerId } = this.#layer;
    this.#task.rename(this.#tree, root);
    this.#over = true;
    for (const path of [upper, work, merged, lowerId]) this.#discard(path);
    return size;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    try {
      this.#unpacker.abort();
    } finally {
      this.#discard(this.#tree);
    }
  }

  /** What stays nevertheless goes with the layer. */
  #discard(path: string): void {
    attempt(() => removeAll(this.#task, path));
  }
}
