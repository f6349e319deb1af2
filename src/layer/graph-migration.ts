/**
 * Walks what a Docker before 1.10 kept of its images, `graph/ID/{json,layersize,tar-data.json.gz}`, and makes a layer of
 * each. What was computed is noted beside it, so that a migration that was stopped goes on where it was.
 *
 * @see moby migrate/v1/migratev1.go
 */
import { decodeName, encodeName } from '../abi/name-bytes.ts';
import { listNames } from '../archive/list-names.ts';
import type { Task } from '../kernel/task.ts';
import { isRefusal } from '../driver/refusal.ts';
import { requireDigest } from './digest.ts';
import { LayerError } from './layer-error.ts';
import type { Layer } from './layer.ts';
import type { LayerStore } from './layer-store.ts';
import { readFile, writeFile } from './layerdb-file.ts';

const TAR_DATA = 'tar-data.json.gz';
const NOTED_DIFF_ID = '.migration-diffid';
const NOTED_SIZE = '.migration-size';
const NOTED_TAR_DATA = '.migration-tardata';

/** What became of the old images. */
export interface GraphMigration {
  /** The topmost layer of each image by its old id, retained for the caller. */
  readonly layers: ReadonlyMap<string, Layer>;
  /** Why others could not be taken over, by their old ids. */
  readonly failures: ReadonlyMap<string, Error>;
}

/**
 * Takes every image of the old directory over: its layer is the driver's layer of the same id. An image whose parent
 * could not be taken over is not either; the others are.
 *
 * @param graph the old directory, `/var/lib/docker/graph`; nothing happens where there is none
 * @throws ErrnoException when the directory cannot be listed
 */
export function migrateGraph(task: Task, store: LayerStore, graph: string): GraphMigration {
  const migration = new Migration(task, store, graph);
  if (task.statIfPresent(graph) === undefined) return migration;
  for (const id of listNames(task, graph)) if (/^[a-f0-9]{64}$/.test(id)) migration.migrate(id);
  return migration;
}

class Migration implements GraphMigration {
  readonly layers = new Map<string, Layer>();
  readonly failures = new Map<string, Error>();
  readonly #task: Task;
  readonly #store: LayerStore;
  readonly #graph: string;
  /** Images whose parents are being looked for. */
  readonly #pending = new Set<string>();

  constructor(task: Task, store: LayerStore, graph: string) {
    this.#task = task;
    this.#store = store;
    this.#graph = graph;
  }

  /** The image's layer, or nothing where that cannot be. */
  migrate(id: string): Layer | undefined {
    if (this.layers.has(id) || this.failures.has(id)) return this.layers.get(id);
    try {
      this.layers.set(id, this.#register(id));
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof SyntaxError)) throw error;
      this.failures.set(id, error as Error);
    }
    return this.layers.get(id);
  }

  #register(id: string): Layer {
    const parentID = this.#parentOf(id);
    const parent = parentID === undefined ? undefined : this.#migrateParent(id, parentID);
    this.#note(id, parentID);
    return this.#store.registerByGraphID({
      graphID: id,
      ...(parent === undefined ? {} : { parent: parent.chainID }),
      diffID: requireDigest(this.#text(id, NOTED_DIFF_ID)),
      size: Number(this.#text(id, NOTED_SIZE)),
      tarData: this.#path(id, NOTED_TAR_DATA),
    });
  }

  #migrateParent(id: string, parentID: string): Layer {
    const isCircle = this.#pending.has(id);
    this.#pending.add(id);
    const parent = isCircle ? undefined : this.migrate(parentID);
    this.#pending.delete(id);
    if (parent !== undefined) return parent;
    throw new LayerError('ERR_LAYER_NOT_FOUND', 'layer does not exist', this.failures.get(parentID));
  }

  /** Computes what the layer is, unless an earlier migration has. */
  #note(id: string, parentID: string | undefined): void {
    if (this.#task.statIfPresent(this.#path(id, NOTED_DIFF_ID)) !== undefined) return;
    const old = this.#path(id, TAR_DATA);
    const tarData = this.#task.statIfPresent(old) === undefined ? undefined : old;
    const { diffID, size } = this.#store.checksumForGraphID(id, parentID, tarData, this.#path(id, NOTED_TAR_DATA));
    writeFile(this.#task, this.#path(id, NOTED_SIZE), encodeName(String(size)), 0o600);
    const draft = this.#path(id, `.tmp-${NOTED_DIFF_ID}`);
    writeFile(this.#task, draft, encodeName(diffID), 0o600);
    this.#task.rename(draft, this.#path(id, NOTED_DIFF_ID));
  }

  /** The file `parent` counts before the JSON, whose key was renamed in 1.9. */
  #parentOf(id: string): string | undefined {
    const {
      parent,
      Parent = parent,
      parent_id: digest,
    } = JSON.parse(this.#text(id, 'json')) as Record<string, unknown>;
    const named = typeof Parent === 'string' && Parent !== '' ? Parent : String(digest ?? '').replace(/^sha256:/, '');
    const path = this.#path(id, 'parent');
    const told = this.#task.statIfPresent(path) === undefined ? '' : this.#text(id, 'parent');
    return (told === '' ? named : told) || undefined;
  }

  #text(id: string, name: string): string {
    return decodeName(readFile(this.#task, this.#path(id, name)));
  }

  #path(id: string, name: string): string {
    return `${this.#graph}/${id}/${name}`;
  }
}
