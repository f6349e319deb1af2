import { describe, expect, it } from 'vitest';
import { formatChange } from '../../../src/archive/change.ts';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import { applyArchive, type Driver, type ProtoDriver } from '../../../src/driver/driver.ts';
import { naiveDiff } from '../../../src/driver/naive-diff.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { entry, makeTar } from '../archive/make-tar.ts';
import { whole } from '../archive/golden.ts';
import { setTimes, treeOf, type World, world } from '../archive/tree-world.ts';

interface Shelf {
  readonly machine: World;
  readonly driver: Driver;
  /** How often each layer is shown, layers that are not left out. */
  shown(): Record<string, number>;
}

/** A driver whose layers are directories that somebody else fills, and which counts what is shown. */
function shelf(intercept: (call: string, id: string) => void = () => {}, task?: (real: Task) => Task): Shelf {
  const machine = world('/home', '/home/base', '/home/child');
  const counts = new Map<string, number>();
  const count = (id: string, step: number): void => void counts.set(id, (counts.get(id) ?? 0) + step);
  const proto: ProtoDriver = {
    name: 'shelf',
    home: '/home',
    features: { copyOnWrite: 'none', nativeDiff: false, quota: false, maxDepth: 1, nonStandard: new Set() },
    create: (id) => machine.task.mkdir(`/home/${id}`),
    createReadWrite: (id) => machine.task.mkdir(`/home/${id}`),
    get(id) {
      intercept('get', id);
      count(id, 1);
      return `/home/${id}`;
    },
    put(id) {
      intercept('put', id);
      count(id, -1);
    },
    exists: (id) => machine.fs.existsSync(`/home/${id}`),
    remove: (id) => machine.fs.rmSync(`/home/${id}`, { recursive: true }),
    status: () => [['Shelf', 'oak']],
    metadata: (id) => ({ Dir: id }),
    cleanup() {},
  };
  const driver = naiveDiff(proto, { task: task?.(machine.task) ?? machine.task });
  return { machine, driver, shown: () => Object.fromEntries([...counts].filter(([, shown]) => shown !== 0)) };
}

function filled(...parameters: Parameters<typeof shelf>): Shelf {
  const made = shelf(...parameters);
  const { fs, task } = made.machine;
  for (const layer of ['base', 'child']) {
    for (const name of ['gone', 'same', 'small']) fs.writeFileSync(`/home/${layer}/${name}`, name);
    setTimes(task, `/home/${layer}`, 1600000000);
  }
  fs.rmSync('/home/child/gone');
  fs.writeFileSync('/home/child/small', 'larger');
  fs.writeFileSync('/home/child/new', 'x'.repeat(10_000));
  task.link('/home/child/new', '/home/child/new-link');
  return made;
}

const names = (tar: Iterable<Uint8Array>): string[] => [...readArchive(whole(tar))].map(({ header }) => header.name);

describe('a driver that compares trees', () => {
  it('tells the changes, their tar and their size, and hides what it showed', () => {
    const { driver, shown } = filled();
    const changes = ['A /new', 'A /new-link', 'C /small', 'D /gone'];
    expect(driver.changes('child', 'base').map(formatChange)).toEqual(changes);
    expect(names(driver.diff('child', 'base'))).toEqual(['.wh.gone', 'new', 'new-link', 'small']);
    expect(driver.diffSize('child', 'base')).toBe(10_006);
    expect(driver.changes('child').map(formatChange)).toEqual(['A /new', 'A /new-link', 'A /same', 'A /small']);
    expect(names(driver.diff('child'))).toEqual(['new', 'new-link', 'same', 'small']);
    expect(driver.diffSize('child')).toBe(10_010);
    expect(shown()).toEqual({});
  });

  it('takes a diff in and counts the sizes of its headers', () => {
    const { driver, machine, shown } = filled();
    driver.create('again');
    expect(applyArchive(driver, 'again', undefined, [...driver.diff('base')])).toBe(13);
    expect(applyArchive(driver, 'again', 'base', [...driver.diff('child', 'base')])).toBe(10_006);
    expect(driver.changes('again', 'child')).toEqual([]);
    expect(treeOf(machine, '/home/again')).toEqual(treeOf(machine, '/home/child'));
    expect(shown()).toEqual({});
  });

  it('contains what wants out, as dockerd does', () => {
    const { driver, machine } = shelf();
    applyArchive(driver, 'base', undefined, makeTar('../up = x', 'child/', 'l -> ../../child', 'l/in = y'));
    expect(treeOf(machine, '/home/base')).toEqual({ child: '/', 'child/in': 'y', l: '-> ../../child', up: 'x' });
    expect(treeOf(machine, '/home/child')).toEqual({});
  });

  it('passes everything else to the driver that it was made of', () => {
    const { driver } = shelf();
    driver.create('a');
    driver.createReadWrite('b');
    expect([driver.exists('a'), driver.exists('b'), driver.get('a')]).toEqual([true, true, '/home/a']);
    driver.put('a');
    driver.remove('a');
    driver.cleanup();
    expect(driver.exists('a')).toBe(false);
    expect([driver.name, driver.home, driver.features.copyOnWrite]).toEqual(['shelf', '/home', 'none']);
    expect([driver.status(), driver.metadata('b')]).toEqual([[['Shelf', 'oak']], { Dir: 'b' }]);
  });

  it('writes the names of the machine’s own users', () => {
    const { driver, machine } = filled();
    machine.fs.mkdirSync('/etc');
    machine.fs.writeFileSync('/etc/passwd', 'root:x:0:0::/:\nbob:x:5:5::/:\n');
    machine.task.chown('/home/child/small', 5, 5);
    const owners = [...readArchive(whole(driver.diff('child', 'base')))].map(({ header }) => header.uname);
    expect(owners).toEqual(['', 'root', 'root', 'bob']);
  });
});

describe('the end of a diff', () => {
  it('lies in the next second, counted from its start', () => {
    const { driver, machine } = filled();
    const start = machine.task.clockGettime();
    for (const _ of driver.diff('child', 'base'));
    expect(machine.task.clockGettime().sec).toBe(start.sec + 1);
    expect(machine.task.clockGettime().nsec).toBeLessThan(1e6);
  });

  it('is not waited for when that second is there already, nor without a parent', () => {
    const { driver, machine } = filled();
    const { sec } = machine.task.clockGettime();
    for (const _ of driver.diff('child'));
    expect(machine.task.clockGettime().sec).toBe(sec);
    const diff = driver.diff('child', 'base')[Symbol.iterator]();
    diff.next();
    machine.task.nanosleep({ sec: 5, nsec: 0 });
    const late = machine.task.clockGettime();
    while (diff.next().done !== true);
    expect(machine.task.clockGettime().sec).toBe(late.sec);
  });

  it('is waited for when the reader breaks off, who leaves nothing shown or open', () => {
    const { driver, machine, shown } = filled();
    const { sec } = machine.task.clockGettime();
    for (const _ of driver.diff('child', 'base')) {
      expect(shown()).toEqual({ child: 1 });
      break;
    }
    expect(shown()).toEqual({});
    expect(machine.task.clockGettime().sec).toBe(sec + 1);
    for (const _ of driver.diff('child')) break;
    expect(shown()).toEqual({});
    driver.diff('child', 'base');
    expect(shown()).toEqual({});
    const before = machine.task.open('/home', 0);
    machine.task.close(before);
    let pieces = 0;
    for (const _ of driver.diff('child', 'base')) if (++pieces === 3) break;
    const after = machine.task.open('/home', 0);
    expect(after).toBe(before);
    expect(machine.check()).toEqual([]);
  });
});

describe('what is refused', () => {
  const refuse =
    (call: string, layer: string) =>
    (done: string, id: string): void => {
      if (done === call && id === layer) throw new Error('refused');
    };

  it.each(['base', 'child'])('a %s that cannot be shown leaves nothing shown', (layer) => {
    const { driver, shown } = filled(refuse('get', layer));
    for (const look of [
      () => driver.changes('child', 'base'),
      () => driver.diffSize('child', 'base'),
      () => [...driver.diff('child', 'base')],
      () => driver.applyDiff(layer),
    ]) {
      expect(look).toThrow('refused');
      expect(shown()).toEqual({});
    }
  });

  it('a layer that cannot be read is hidden again', () => {
    const broken = (real: Task): Task =>
      new Proxy(real, {
        get(target, call) {
          if (call !== 'lstat' && call !== 'clone') return Reflect.get(target, call, target);
          return () => {
            throw new Error('EIO');
          };
        },
      });
    const { driver, shown } = filled(undefined, broken);
    for (const look of [
      () => driver.changes('child', 'base'),
      () => driver.diffSize('child', 'base'),
      () => [...driver.diff('child', 'base')],
      () => [...driver.diff('child')],
      () => driver.applyDiff('child'),
    ]) {
      expect(look).toThrow('EIO');
      expect(shown()).toEqual({});
    }
  });

  it('an archive that is broken, or given up, hides the layer', () => {
    const { driver, machine, shown } = shelf();
    expect(() => applyArchive(driver, 'base', undefined, makeTar('a = x').subarray(0, 700))).toThrow(
      expect.objectContaining({ code: 'ERR_TAR_TRUNCATED' }),
    );
    expect(() => applyArchive(driver, 'base', undefined, makeTar(entry('a', { type: '7' })))).toThrow(
      expect.objectContaining({ code: 'ERR_TAR_TYPE' }),
    );
    const writer = driver.applyDiff('base');
    expect(shown()).toEqual({ base: 1 });
    writer.write(makeTar('b = y').subarray(0, 700));
    writer.abort();
    writer.abort();
    expect(shown()).toEqual({});
    expect(machine.check()).toEqual([]);
  });
});
