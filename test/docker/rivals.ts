/** A real dockerd and its rival: ours, or a second dockerd. */
import { archiveOfBase } from './base-archive.ts';
import { compareHistory, type HistoryDivergence, type OnStep } from './compare.ts';
import { type Disk, Dockerd, type DriverName } from './dockerd.ts';
import type { History } from './history.ts';
import { races } from './masks.ts';
import { LowerdirStore } from './lowerdir-store.ts';
import type { Fault } from './planted-faults.ts';
import { RealStore } from './real-store.ts';
import type { Store } from './store.ts';

const now = (): number => Math.floor(Date.now() / 1000);

/** A first image and container come and go: what a store makes with them and keeps for good is there from then on. */
async function makeFolders(store: Store): Promise<void> {
  const image = await store.importImage(archiveOfBase([]));
  await store.removeContainer(await store.create(image, 'first'));
  await store.removeImage(image);
}

export class Rivals {
  readonly driver: DriverName;
  readonly #daemon: Dockerd;
  readonly #other: Dockerd | undefined;
  /** Whether any history has differed. */
  differed = false;
  /** How often a history was run again, see `races`. */
  raced = 0;

  private constructor(daemon: Dockerd, other: Dockerd | undefined) {
    this.driver = daemon.driver;
    this.#daemon = daemon;
    this.#other = other;
  }

  static async start(driver: DriverName, disk: Disk = 'own', twoDaemons = false): Promise<Rivals> {
    const daemons = [await Dockerd.start(driver, disk), ...(twoDaemons ? [await Dockerd.start(driver, disk)] : [])];
    for (const daemon of daemons) await makeFolders(new RealStore(daemon));
    return new Rivals(daemons[0]!, daemons[1]);
  }

  /** Runs the history on dockerd and on a fresh store of ours, whose driver `plant` may spoil. */
  async compare(history: History, onStep?: OnStep, plant?: Fault['plant']): Promise<HistoryDivergence | undefined> {
    let found = await this.#compare(history, onStep, plant);
    const race = races[this.driver];
    for (let attempt = 1; found !== undefined && found.what === race?.what && attempt < race.attempts; attempt++) {
      this.raced++;
      found = await this.#compare(history, undefined, plant);
    }
    if (found !== undefined) this.differed = true;
    return found;
  }

  async #compare(history: History, onStep?: OnStep, plant?: Fault['plant']): Promise<HistoryDivergence | undefined> {
    const left = new RealStore(this.#daemon);
    const also = onStep === undefined ? {} : { onStep };
    if (this.#other !== undefined) return compareHistory(history, { left, right: new RealStore(this.#other), ...also });
    const right = new LowerdirStore({ driver: this.driver, root: this.#daemon.root, time: now(), plant });
    await makeFolders(right);
    const synchronise = (): void => {
      if (left.whiteoutTime !== undefined) right.clock.set(left.whiteoutTime);
    };
    return compareHistory(history, { left, right, synchronise, ...also });
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    await this.#other?.stop();
  }
}
