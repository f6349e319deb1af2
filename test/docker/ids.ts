/** Random ids, told by the role that each plays: the same on both machines, though the ids differ. */
import { layerdb, mountID, namesIn, readText, type Store } from './store.ts';

const randomID = /\b[0-9a-f]{64}\b/g;
const linkName = /\b[A-Z2-7]{26}\b/g;

/** Translates the ids of one store. */
export class RandomIDs {
  readonly #roles = new Map<string, string>();
  readonly #root: string;

  /** @param containers all that there ever were, in the order in which they were made */
  constructor(store: Store, containers: readonly string[]) {
    const { task } = store;
    this.#root = store.root;
    for (const chain of namesIn(task, `${layerdb(store)}/sha256`)) {
      const id = readText(task, `${layerdb(store)}/sha256/${chain}/cache-id`);
      this.#roles.set(id, `<cache of ${chain.slice(0, 12)}>`);
    }
    for (const container of namesIn(task, `${layerdb(store)}/mounts`)) {
      this.#roles.set(mountID(store, container), `<mount ${containers.indexOf(container)}>`);
    }
    for (const [at, container] of containers.entries()) this.#roles.set(container, `<container ${at}>`);
    if (store.driver === 'overlay2') this.#addLinks(store);
  }

  #addLinks({ task, root }: Store): void {
    for (const id of namesIn(task, `${root}/overlay2`)) {
      if (id !== 'l') this.#roles.set(readText(task, `${root}/overlay2/${id}/link`), `<link of ${this.translate(id)}>`);
    }
  }

  /** The text with each id that is known replaced by its role, and the data root by `ROOT`. */
  translate(text: string): string {
    const role = (id: string): string => this.#roles.get(id) ?? id;
    return text.replaceAll(this.#root, 'ROOT').replace(randomID, role).replace(linkName, role);
  }
}
