/** Planted mistakes of the kind that a driver makes, and a history in which the comparison must find each. */
import type { Driver, DriverParts, DriverType } from '../../src/driver/driver.ts';
import { type History, work } from './history.ts';

export interface Fault {
  readonly history: History;
  /** In what it is found. */
  readonly what: string;
  /** The driver with the mistake. */
  readonly plant: (type: DriverType) => DriverType;
}

const history: History = [
  { step: 'import', base: 'base-gnu' },
  { step: 'create', image: 0 },
  work({ call: 'unlink', path: 'w/delete' }, { call: 'chmod', path: 'w/chmodonly', mode: 0o600 }),
  { step: 'commit', container: 0 },
];

/** A driver that does some of its verbs in another way. */
const plant =
  (wrong: (driver: Driver, parts: DriverParts) => Partial<Driver>): Fault['plant'] =>
  (type) => ({
    name: type.name,
    init(parts) {
      const driver = type.init(parts);
      const mistakes = wrong(driver, parts);
      return new Proxy(driver, {
        get(target, key) {
          if (key in mistakes) return mistakes[key as keyof Driver];
          const value = target[key as keyof Driver];
          return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
        },
      });
    },
  });

export const faults: Readonly<Record<string, Fault>> = {
  'docker diff forgets what was deleted': {
    history,
    what: 'changes',
    plant: plant((driver) => ({
      changes: (id, parent) => driver.changes(id, parent).filter(({ kind }) => kind !== 'D'),
    })),
  },
  'a size is a byte too large': {
    history,
    what: 'inspect',
    plant: plant((driver) => ({ diffSize: (id, parent) => driver.diffSize(id, parent) + 1 })),
  },
  'a layer keeps no trailer': {
    history,
    what: 'tar-split',
    plant: plant((driver) => ({
      *diff(id, parent) {
        const tar = Buffer.concat([...driver.diff(id, parent)]);
        yield tar.subarray(0, -512);
      },
    })),
  },
  'the upper directory is told as merged': {
    history,
    what: 'inspect',
    plant: plant((driver) => ({
      metadata: (id) => {
        const data = driver.metadata(id);
        return data && { ...data, MergedDir: data['UpperDir']! };
      },
    })),
  },
  'others may look into the layers': {
    history,
    what: 'home',
    plant: plant((driver, { task, home }) => ({
      createReadWrite: (id, parent, options) => {
        driver.createReadWrite(id, parent, options);
        task.chmod(`${home}/${id}`, 0o755);
      },
    })),
  },
};
