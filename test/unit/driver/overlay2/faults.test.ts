/** Every door of every step is refused once: nothing is left over, and the step works when it is tried again. */
import { expect, it } from 'vitest';
import { Errno, type ErrnoCode } from '../../../../src/abi/errno.ts';
import { applyArchive } from '../../../../src/driver/driver.ts';
import { concatenate } from '../../../../src/archive/codecs.ts';
import { HOME, startedDriver } from './machine.ts';

type Started = ReturnType<typeof startedDriver>;

/** Below are standard input and output. */
const LOWEST = 3;
/** A descriptor is closed and a task ends whatever these answer. */
const NEVER_REFUSED = ['close', 'exit'];

/** Runs `step` with the door of that number refused; answers what was thrown, and whether there was such a door. */
function struck({ machine }: Started, door: number, code: ErrnoCode, step: () => unknown) {
  let doors = 0;
  const stop = machine.kernel.trace.subscribe((event) => {
    if (event.kind === 'return' || (event.kind === 'syscall' && NEVER_REFUSED.includes(event.call))) return;
    if (doors++ === door) throw new Errno(code);
  });
  try {
    step();
    return { reached: doors > door };
  } catch (error) {
    return { reached: true, error };
  } finally {
    stop();
  }
}

/** An image of two layers, and a container on it that has changed something; the tar of that. */
function prepared() {
  const started = startedDriver();
  const { driver, fs } = started;
  driver.create('base');
  fs.mkdirSync(`${HOME}/base/diff/d`);
  fs.writeFileSync(`${HOME}/base/diff/d/gone`, 'gone');
  driver.create('top', 'base');
  fs.writeFileSync(`${HOME}/top/diff/f`, 'f');
  driver.createReadWrite('box', 'top');
  const merged = driver.get('box');
  fs.rmSync(`${merged}/d/gone`);
  fs.appendFileSync(`${merged}/f`, 'more');
  driver.put('box');
  const tar = concatenate([...driver.diff('box', 'top')]);
  driver.create('new', 'top');
  return { ...started, tar };
}

type Prepared = ReturnType<typeof prepared>;

/** What is mounted, which `merged` and temporary directories there are, links without a layer, open files and tasks. */
function leftOvers({ fs, task, machine, driver }: Prepared): string[] {
  const text = (path: string): string => fs.readFileSync(path, 'utf8') as string;
  const overlays = text('/proc/mounts')
    .split('\n')
    .filter((line) => line.startsWith('overlay '));
  const layers = (fs.readdirSync(HOME) as string[]).filter((name) => name !== 'l');
  const strange = layers.filter((name) => !['base', 'top', 'box', 'new'].includes(name));
  const merged = layers.filter((name) => fs.existsSync(`${HOME}/${name}/merged`)).map((name) => `${name}/merged`);
  const dangling = (fs.readdirSync(`${HOME}/l`) as string[]).filter((link) => !fs.existsSync(`${HOME}/l/${link}`));
  const fd = task.open('/', 0);
  task.close(fd);
  const more = [
    ...(fd === LOWEST ? [] : [`descriptor ${fd}`]),
    ...(machine.kernel.tasks.size === 1 ? [] : ['a task']),
    ...machine.check(),
  ];
  driver.cleanup();
  return [...overlays, ...strange, ...merged, ...dangling, ...more];
}

const steps: Readonly<Record<string, (prepared: Prepared) => unknown>> = {
  'get and put': ({ driver, fs }) => {
    const names = fs.readdirSync(driver.get('box'));
    driver.put('box');
    return names;
  },
  'get and put of a read-only layer': ({ driver, fs }) => {
    const names = fs.readdirSync(driver.get('top'));
    driver.put('top');
    return names;
  },
  diff: ({ driver }) => concatenate([...driver.diff('box', 'top')]),
  'diff against a layer further below': ({ driver }) => concatenate([...driver.diff('box', 'base')]).length,
  changes: ({ driver }) => driver.changes('box', 'top'),
  'size of a diff': ({ driver }) => driver.diffSize('box', 'top'),
  metadata: ({ driver }) => driver.metadata('box'),
  'unpacking a tar': ({ driver, tar, fs }) => {
    for (const name of fs.readdirSync(`${HOME}/new/diff`)) fs.rmSync(`${HOME}/new/diff/${name}`, { recursive: true });
    return applyArchive(driver, 'new', 'top', tar);
  },
  'removing a layer': ({ driver, fs }) => {
    driver.remove('new');
    return [fs.existsSync(`${HOME}/new`), fs.readdirSync(`${HOME}/l`)];
  },
};

/** A call that is refused in the middle of `get and put` may leave the layer shown, as the caller knows. */
const putAgain = ({ driver }: Prepared): void => {
  for (const id of ['box', 'top']) driver.put(id);
};

for (const [name, step] of Object.entries(steps)) {
  it(name, () => {
    const wanted = step(prepared());
    let refused = 0;
    for (let door = 0; ; door++) {
      const here = prepared();
      const { reached, error } = struck(here, door, door % 2 === 0 ? 'EIO' : 'ENOSPC', () => step(here));
      if (!reached) break;
      if (error !== undefined) refused++;
      if (name.startsWith('get')) putAgain(here);
      expect(leftOvers(here), `door ${door}, ${error}`).toEqual([]);
      if (error !== undefined) expect(step(here), `door ${door}, ${error}`).toEqual(wanted);
    }
    expect(refused).toBeGreaterThan(0);
  }, 60_000);
}
