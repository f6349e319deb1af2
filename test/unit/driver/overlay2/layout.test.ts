/** What lies where in the home, as golden/docker/o2 shows it. */
import { expect, it } from 'vitest';
import { Errno, ErrnoException } from '../../../../src/abi/errno.ts';
import { MAX_DEPTH } from '../../../../src/driver/overlay2/layout.ts';
import { overlay2 } from '../../../../src/driver/overlay2/index.ts';
import { HOME, startedDriver } from './machine.ts';

type Started = ReturnType<typeof startedDriver>;

/** Each path below the home with its mode, and the text of files and links; links' names are as drawn. */
function listing({ task, fs }: Started, directory = HOME, below = ''): string[] {
  return fs.readdirSync(directory).flatMap((each) => {
    const name = String(each);
    const path = `${directory}/${name}`;
    const stat = task.lstat(path);
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
    const type = stat.mode >> 12;
    const line = `${mode} ${stat.uid}:${stat.gid} ${below}${name}`;
    if (type === 0o4) return [line, ...listing({ task, fs } as Started, path, `${below}${name}/`)];
    return [`${line} ${type === 0o12 ? `-> ${task.readlink(path)}` : JSON.stringify(fs.readFileSync(path, 'utf8'))}`];
  });
}

const linkOf = ({ fs }: Started, id: string): string => fs.readFileSync(`${HOME}/${id}/link`, 'utf8') as string;

it('makes the home', () => {
  const started = startedDriver();
  expect(listing(started)).toEqual(['0700 0:0 l']);
  expect(started.task.stat(HOME).mode & 0o7777).toBe(0o710);
});

it('makes a base layer without lower and work, and a layer on it with both', () => {
  const started = startedDriver();
  started.driver.create('base');
  started.driver.create('top', 'base');
  started.driver.createReadWrite('box', 'top');
  const [base, top, box] = ['base', 'top', 'box'].map((id) => linkOf(started, id));
  for (const link of [base, top, box]) expect(link).toMatch(/^[A-Z2-7]{26}$/);
  expect(new Set([base, top, box]).size).toBe(3);
  const links = [
    [base, 'base'],
    [top, 'top'],
    [box, 'box'],
  ].map(([link, id]) => `0777 0:0 l/${link} -> ../${id}/diff`);
  expect(listing(started)).toEqual([
    '0710 0:0 base',
    '0600 0:0 base/committed ""',
    '0755 0:0 base/diff',
    `0644 0:0 base/link "${base}"`,
    '0710 0:0 box',
    '0755 0:0 box/diff',
    `0644 0:0 box/link "${box}"`,
    `0644 0:0 box/lower "l/${top}:l/${base}"`,
    '0700 0:0 box/work',
    '0700 0:0 l',
    ...links.sort((a, b) => (a < b ? -1 : 1)),
    '0710 0:0 top',
    '0600 0:0 top/committed ""',
    '0755 0:0 top/diff',
    `0644 0:0 top/link "${top}"`,
    `0644 0:0 top/lower "l/${base}"`,
    '0700 0:0 top/work',
  ]);
});

it('does not heed the umask', () => {
  const started = startedDriver();
  started.task.umask(0o077);
  started.driver.create('base');
  started.driver.create('top', 'base');
  const modes = listing(started).map((line) => line.replace(/^(\d+) \S+ (\S+).*/, '$1 $2'));
  expect(modes.filter((line) => / top(\/(diff|work))?$/.test(line))).toEqual([
    '0710 top',
    '0755 top/diff',
    '0700 top/work',
  ]);
});

it('draws other links from another seed and the same from the same', () => {
  const first = startedDriver();
  const second = startedDriver();
  for (const { driver } of [first, second]) driver.create('base');
  expect(linkOf(first, 'base')).toBe(linkOf(second, 'base'));
});

it('removes a layer with its link', () => {
  const started = startedDriver();
  const { driver, fs } = started;
  driver.create('base');
  driver.create('top', 'base');
  fs.writeFileSync(`${HOME}/top/diff/a`, 'x');
  driver.remove('top');
  expect(driver.exists('top')).toBe(false);
  expect(fs.readdirSync(`${HOME}/l`)).toEqual([linkOf(started, 'base')]);
  driver.remove('top');
  driver.remove('base');
  expect(listing(started)).toEqual(['0700 0:0 l']);
});

for (const withProc of [true, false]) {
  it(`removes a layer that is still mounted${withProc ? '' : ', without /proc too'}, and mounts another of its name`, () => {
    const { driver, fs, task } = startedDriver();
    if (!withProc) task.umount('/proc');
    driver.create('base');
    fs.writeFileSync(`${driver.get('base')}/file`, 'below');
    driver.create('top', 'base');
    fs.unlinkSync(`${driver.get('top')}/file`);
    driver.remove('top');
    expect(fs.readdirSync(HOME)).toEqual(['base', 'l']);
    driver.create('top', 'base');
    expect(fs.readFileSync(`${driver.get('top')}/file`, 'utf8')).toBe('below');
  });
}

it('removes a layer whose link is empty or leads elsewhere, and nothing else', () => {
  const { driver, fs } = startedDriver();
  for (const [id, text] of [
    ['a', ''],
    ['b', '../c'],
    ['c', '..'],
  ] as const) {
    driver.create(id);
    fs.writeFileSync(`${HOME}/${id}/link`, text);
    driver.remove(id);
  }
  expect(fs.readdirSync(HOME)).toEqual(['l']);
  expect(fs.readdirSync(`${HOME}/l`)).toHaveLength(3);
});

it('says what Docker says', () => {
  const { driver } = startedDriver();
  expect(() => driver.remove('')).toThrow('refusing to remove the directories: id is empty');
  expect(() => driver.get('no')).toThrow(`stat ${HOME}/no: no such file or directory`);
  expect(() => driver.metadata('no')).toThrow(`stat ${HOME}/no: no such file or directory`);
  expect(() => driver.create('a', 'no')).toThrow(`open ${HOME}/no/committed: no such file or directory`);
  driver.put('no');
  for (const id of ['', '.', '..', 'l', 'a/b', '/a', 'a\0', 'a'.repeat(256)]) {
    expect(() => driver.create(id), id).toThrow(expect.objectContaining({ code: 'ERR_DRIVER_ID' }));
    expect(() => driver.get(id), id).toThrow(expect.objectContaining({ code: 'ERR_DRIVER_ID' }));
    expect(driver.exists(id)).toBe(false);
  }
});

it('takes 128 layers below one and no more', () => {
  const started = startedDriver();
  const { driver, fs } = started;
  driver.create('0');
  for (let i = 1; i <= MAX_DEPTH; i++) driver.create(`${i}`, `${i - 1}`);
  const before = listing(started);
  expect(() => driver.create('129', '128')).toThrow(
    expect.objectContaining({ code: 'ERR_DRIVER_DEPTH', message: 'max depth exceeded' }),
  );
  expect(listing(started)).toEqual(before);
  expect((fs.readFileSync(`${HOME}/128/lower`, 'utf8') as string).split(':')).toHaveLength(128);
});

it('leaves nothing of a layer that could not be made, whichever step was refused', () => {
  const started = startedDriver();
  const { driver, machine } = started;
  driver.create('base');
  const before = listing(started);
  const attempt = (door: number): boolean => {
    let doors = 0;
    const stop = machine.kernel.trace.subscribe((event) => {
      if (event.kind === 'return' || (event.kind === 'syscall' && event.call === 'close')) return;
      if (doors++ === door) throw new Errno('EIO');
    });
    try {
      driver.create('top', 'base');
      return false;
    } catch (error) {
      if (!(error instanceof ErrnoException)) throw error;
      return true;
    } finally {
      stop();
    }
  };
  let door = 0;
  for (; attempt(door); door++) expect(listing(started), `door ${door}`).toEqual(before);
  expect(door).toBeGreaterThan(40);
  expect(driver.exists('top')).toBe(true);
});

it('finds the layers of an earlier start, and those still mounted', () => {
  const started = startedDriver();
  started.driver.create('base');
  started.driver.createReadWrite('box', 'base');
  const merged = started.driver.get('box');
  started.fs.writeFileSync(`${merged}/a`, 'x');
  const again = overlay2().init({ task: started.task, home: HOME });
  expect(again.exists('base')).toBe(true);
  expect(again.get('box')).toBe(merged);
  again.put('box');
  expect(started.fs.readFileSync(`${merged}/a`, 'utf8')).toBe('x');
  again.put('box');
  expect(started.fs.readdirSync(`${HOME}/box`)).toEqual(['diff', 'link', 'lower', 'work']);
});
