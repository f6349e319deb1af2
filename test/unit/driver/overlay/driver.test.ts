/** overlay, the first version: what it leaves on the disk, as recorded from Docker 20.10.24, and its refusals. */
import { describe, expect, test } from 'vitest';
import { makedev, S_IFBLK, S_IFCHR, S_IFIFO } from '../../../../src/abi/mode.ts';
import { applyArchive } from '../../../../src/driver/driver.ts';
import { overlay } from '../../../../src/driver/overlay/index.ts';
import { diskLike, type DiskLikeOptions } from '../../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../../src/index.ts';
import { errorOf, refusalsOf } from '../driver-machine.ts';
import { linesOf } from '../tree-lines.ts';

const DOCKER = '/var/lib/docker';
const HOME = `${DOCKER}/overlay`;
const Y = Uint8Array.of(0x79);
const text = (path: string, fs: ReturnType<typeof createMachine>['fs']) => fs.readFileSync(path, 'utf8');

function machineOn(disk?: DiskLikeOptions) {
  const machine = createMachine(disk === undefined ? {} : { filesystems: [diskLike(disk)] });
  const { task, fs } = machine;
  for (const path of [DOCKER, '/proc', '/dev']) fs.mkdirSync(path, { recursive: true });
  task.mount('proc', '/proc', 'proc');
  if (disk !== undefined) {
    task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
    task.mount('/dev/vda1', DOCKER, disk.type);
  }
  return { machine, task, fs };
}

function start(disk?: DiskLikeOptions) {
  const on = machineOn(disk);
  return { ...on, driver: overlay().init({ task: on.task, home: HOME }) };
}

/** An image of one layer with a file, a directory and one object of each other kind. */
function withBase(disk?: DiskLikeOptions) {
  const on = start(disk);
  const { task, fs, driver } = on;
  driver.create('base');
  const root = driver.get('base');
  fs.mkdirSync(`${root}/d`);
  for (const [name, content] of [
    ['d/a', 'aa'],
    ['gone', 'x'],
    ['same', 'same'],
  ])
    fs.writeFileSync(`${root}/${name}`, content!);
  task.symlink('d', `${root}/link`);
  task.mknod(`${root}/fifo`, S_IFIFO | 0o600, 0);
  task.mknod(`${root}/null`, S_IFCHR | 0o666, makedev(1, 3));
  return on;
}

/** The tar of a layer over `base`: one file changed, one new, one gone. */
function changes({ fs, driver }: ReturnType<typeof withBase>): Uint8Array[] {
  driver.create('draft', 'base');
  const merged = driver.get('draft');
  fs.writeFileSync(`${merged}/d/a`, 'changed');
  fs.writeFileSync(`${merged}/new`, 'new');
  fs.unlinkSync(`${merged}/gone`);
  driver.put('draft');
  const tar = [...driver.diff('draft', 'base')];
  driver.remove('draft');
  return tar;
}

const pathsOf = (task: Parameters<typeof linesOf>[0], root: string) =>
  linesOf(task, root).map(({ path, mode }) => `${mode} ${path}`);

describe('the layout', () => {
  test('of a base is its tree; of a layer over it an upper layer with the mode of what lies below', () => {
    const { task, fs, driver } = start();
    driver.create('base');
    task.chmod(driver.get('base'), 0o1750);
    driver.createReadWrite('child', 'base');
    expect(pathsOf(task, HOME)).toEqual([
      '40710 /',
      '40710 /base',
      '41750 /base/root',
      '40710 /child',
      '100600 /child/lower-id',
      '41750 /child/upper',
      '40700 /child/work',
    ]);
    expect(text(`${HOME}/child/lower-id`, fs)).toBe('base');
  });

  test('of a container is a copy of its init layer, over the same tree', () => {
    const { task, fs, driver } = withBase();
    driver.createReadWrite('c-init', 'base');
    const init = driver.get('c-init');
    fs.writeFileSync(`${init}/.dockerenv`, '');
    fs.rmSync(`${init}/d`, { recursive: true });
    fs.mkdirSync(`${init}/d`);
    fs.unlinkSync(`${init}/gone`);
    driver.put('c-init');
    driver.createReadWrite('c', 'c-init');
    expect(text(`${HOME}/c/lower-id`, fs)).toBe('base');
    expect(task.lstat(`${HOME}/c/upper/gone`)).toMatchObject({ mode: S_IFCHR, rdev: 0 });
    expect(task.getxattr(`${HOME}/c/upper/d`, 'trusted.overlay.opaque')).toEqual(Y);
    expect(fs.readdirSync(driver.get('c')).sort()).toEqual(['.dockerenv', 'd', 'fifo', 'link', 'null', 'same']);
    expect(fs.readdirSync(`${driver.get('c')}/d`)).toEqual([]);
    expect(driver.changes('c', 'c-init')).toEqual([]);
  });

  test('of an unpacked layer is a tree of hard links, and nothing else', () => {
    const on = withBase();
    const { task, fs, driver } = on;
    const tar = changes(on);
    driver.create('top', 'base');
    expect(applyArchive(driver, 'top', 'base', tar)).toBe('changed'.length + 'new'.length);
    expect(fs.readdirSync(`${HOME}/top`)).toEqual(['root']);
    const nlink = (layer: string, name: string) => task.lstat(`${HOME}/${layer}/root/${name}`).nlink;
    expect(['same', 'd/a', 'link', 'fifo', 'null'].map((name) => nlink('top', name))).toEqual([2, 1, 1, 1, 1]);
    expect(text(`${HOME}/base/root/d/a`, fs)).toBe('aa');
    expect(nlink('base', 'same')).toBe(2);
    expect(fs.readdirSync(driver.get('top')).sort()).toEqual(['d', 'fifo', 'link', 'new', 'null', 'same']);
  });

  test('without a tree below a layer is unpacked where it is shown', () => {
    const on = withBase();
    const { fs, driver } = on;
    const tar = changes(on);
    driver.createReadWrite('init', 'base');
    driver.createReadWrite('over', 'init');
    applyArchive(driver, 'over', 'init', tar);
    expect(fs.readdirSync(`${HOME}/over`).sort()).toEqual(['lower-id', 'upper', 'work']);
    expect(text(`${driver.get('over')}/new`, fs)).toBe('new');
  });
});

describe('a layer that is shown', () => {
  const mountLine = (fs: ReturnType<typeof createMachine>['fs']) =>
    text('/proc/mounts', fs)
      .split('\n')
      .filter((line) => line.startsWith('overlay'));

  test('is one mount, however often it is asked for, and gone with the last who gives it back', () => {
    const { fs, driver } = withBase({ type: 'ext4' });
    driver.createReadWrite('c', 'base');
    const merged = `${HOME}/c/merged`;
    // the first mount of an upper layer gives it a uuid, and tells that
    driver.get('c');
    driver.put('c');
    expect([driver.get('c'), driver.get('c')]).toEqual([merged, merged]);
    const options = `rw,relatime,lowerdir=${HOME}/base/root,upperdir=${HOME}/c/upper,workdir=${HOME}/c/work`;
    expect(mountLine(fs)).toEqual([`overlay ${merged} overlay ${options} 0 0`]);
    driver.put('c');
    expect(mountLine(fs)).toHaveLength(1);
    driver.put('c');
    expect([mountLine(fs), fs.existsSync(merged)]).toEqual([[], false]);
    driver.put('c');
    driver.put('none');
    expect(driver.get('c')).toBe(merged);
  });

  test('that an earlier start has left mounted stays until its holder of then gives it back too', () => {
    const { task, fs, driver } = withBase();
    driver.createReadWrite('c', 'base');
    driver.get('c');
    const again = overlay().init({ task, home: HOME });
    again.get('c');
    again.put('c');
    expect(mountLine(fs)).toHaveLength(1);
    again.put('c');
    expect(mountLine(fs)).toEqual([]);
  });

  test('an image is shown where it lies', () => {
    const { fs, driver } = withBase();
    expect(driver.get('base')).toBe(`${HOME}/base/root`);
    driver.put('base');
    expect(mountLine(fs)).toEqual([]);
  });

  test('a mount that is refused leaves neither a count nor a directory', () => {
    const { fs, driver } = withBase();
    driver.createReadWrite('c', 'base');
    fs.renameSync(`${HOME}/base/root`, `${HOME}/base/elsewhere`);
    const told = errorOf(() => driver.get('c'));
    const message = `error creating overlay mount to ${HOME}/c/merged: no such file or directory`;
    expect(told).toEqual({ code: 'ERR_DRIVER_MOUNT', message });
    expect(fs.existsSync(`${HOME}/c/merged`)).toBe(false);
    fs.renameSync(`${HOME}/base/elsewhere`, `${HOME}/base/root`);
    expect(fs.readdirSync(driver.get('c'))).toContain('same');
  });

  test('is unmounted when it is removed and when the daemon ends, with /proc and without', () => {
    for (const proc of [true, false]) {
      const { task, fs, driver } = withBase();
      for (const id of ['c1', 'c2']) {
        driver.createReadWrite(id, 'base');
        driver.get(id);
      }
      if (!proc) task.umount('/proc');
      driver.remove('c1');
      driver.cleanup();
      if (!proc) task.mount('proc', '/proc', 'proc');
      expect([mountLine(fs), driver.exists('c1'), driver.exists('c2')]).toEqual([[], false, true]);
      expect(fs.readdirSync(`${HOME}/base/root`)).toContain('gone');
      driver.createReadWrite('c1', 'base');
      driver.get('c1');
      expect(mountLine(fs)).toHaveLength(1);
    }
  });
});

describe('what it tells', () => {
  test('of itself and of its layers', () => {
    const { driver } = withBase({ type: 'ext4' });
    driver.createReadWrite('c', 'base');
    expect(driver.status()).toEqual([
      ['Backing Filesystem', 'extfs'],
      ['Supports d_type', 'true'],
    ]);
    expect(driver.metadata('base')).toEqual({ RootDir: `${HOME}/base/root` });
    const at = (name: string) => `${HOME}/c/${name}`;
    const data = { LowerDir: `${HOME}/base/root`, MergedDir: at('merged'), UpperDir: at('upper'), WorkDir: at('work') };
    expect(JSON.stringify(driver.metadata('c'))).toBe(JSON.stringify(data));
    expect(driver.features).toMatchObject({ copyOnWrite: 'file', nativeDiff: false, quota: false });
    expect([...driver.features.nonStandard]).toEqual([
      'directory-rename',
      'access-time',
      'hard-links',
      'link-count',
      'inode-number',
    ]);
  });

  test('a disk loses as many inodes with each layer as its tree has objects that are no files', () => {
    const on = withBase({ type: 'ext4', inodes: 1000 });
    const { task, fs, driver } = on;
    for (let i = 0; i < 50; i++) fs.writeFileSync(`${driver.get('base')}/d/f${i}`, `${i}`);
    const tar = changes(on);
    const inodes = () => 1000 - task.statfs(HOME).ffree;
    const used: number[] = [];
    for (let i = 1; i <= 5; i++) {
      const before = inodes();
      driver.create(`l${i}`, i === 1 ? 'base' : `l${i - 1}`);
      applyArchive(driver, `l${i}`, i === 1 ? 'base' : `l${i - 1}`, tar);
      used.push(inodes() - before);
    }
    // the layer's directory, its root, d, link, fifo, null, and the two files of the tar
    expect(used).toEqual([8, 8, 8, 8, 8]);
    for (let i = 5; i > 0; i--) driver.remove(`l${i}`);
    expect(task.statfs(HOME).ffree + linesOf(task, DOCKER).length).toBe(1000);
  });
});

describe('refusals', () => {
  test('of the daemon', () => {
    const { task } = machineOn();
    const told = (options: readonly string[]) => errorOf(() => overlay().init({ task, home: HOME, options }));
    expect(told(['Foo=1'])).toEqual({ code: 'ERR_DRIVER_OPTION', message: 'overlay: unknown option foo' });
    expect(told(['overlay2.size=1G']).message).toBe('overlay: unknown option overlay2.size');
    expect(told(['bad'])).toEqual({ code: 'ERR_DRIVER_OPTION', message: 'Unable to parse key/value option: bad' });
    expect(task.statIfPresent(HOME)).toBeUndefined();
    const other = machineOn({ type: 'xfs', ftype: false });
    const without = errorOf(() => overlay().init({ task: other.task, home: HOME }));
    expect(without.code).toBe('ERR_DRIVER_NOT_SUPPORTED');
    expect(without.message).toContain('overlay: the backing xfs filesystem is formatted without d_type support');
    other.fs.mkdirSync(`${HOME}/old`, { recursive: true });
    const old = overlay().init({ task: other.task, home: HOME });
    expect(old.status()).toEqual([
      ['Backing Filesystem', 'xfs'],
      ['Supports d_type', 'false'],
    ]);
  });

  test('of layers', () => {
    const { fs, driver } = withBase();
    const storage = '--storage-opt is not supported for overlay';
    const none = `${HOME}/none`;
    fs.mkdirSync(`${HOME}/empty`);
    const refusals = refusalsOf([
      () => driver.create('x', 'base', { storageOptions: { size: '1G' } }),
      () => driver.createReadWrite('x', 'base', { storageOptions: { foo: '1' } }),
      () => driver.create('x', 'none'),
      () => driver.create('base'),
      () => driver.get('none'),
      () => driver.metadata('none'),
      () => driver.remove(''),
      () => driver.create('../x'),
      () => driver.create('x', '..'),
      () => driver.create('x', 'empty'),
    ]);
    expect(refusals.slice(0, 7)).toEqual([
      { code: 'ERR_DRIVER_STORAGE_OPTION', message: storage },
      { code: 'ERR_DRIVER_STORAGE_OPTION', message: storage },
      { code: 'ERR_DRIVER_ID', message: `lstat ${none}: no such file or directory` },
      { code: 'ERR_DRIVER_ID', message: `mkdir ${HOME}/base: file exists` },
      { code: 'ERR_DRIVER_ID', message: `stat ${none}: no such file or directory` },
      { code: 'ERR_DRIVER_ID', message: `stat ${none}: no such file or directory` },
      { code: 'ERR_DRIVER_ID', message: 'refusing to remove the directories: id is empty' },
    ]);
    expect(refusals.slice(7).map(({ code }) => code)).toEqual(['ERR_DRIVER_ID', 'ERR_DRIVER_ID', 'ENOENT']);
    expect(fs.readdirSync(HOME).sort()).toEqual(['base', 'empty']);
  });

  test('a tar that is refused half way, or given up, leaves the layer as it was', () => {
    const on = withBase();
    const { task, fs, driver } = on;
    const tar = Buffer.concat(changes(on));
    driver.create('top', 'base');
    const before = pathsOf(task, `${HOME}/top`);
    expect(errorOf(() => applyArchive(driver, 'top', 'base', tar.subarray(0, 600))).code).toBe('ERR_TAR_TRUNCATED');
    expect(pathsOf(task, `${HOME}/top`)).toEqual(before);
    const writer = driver.applyDiff('top', 'base');
    writer.write(tar.subarray(0, 2000));
    expect(fs.readdirSync(`${HOME}/top`).some((name) => name.startsWith('tmproot'))).toBe(true);
    writer.abort();
    writer.abort();
    expect(pathsOf(task, `${HOME}/top`)).toEqual(before);
    expect(applyArchive(driver, 'top', 'base', tar)).toBe(10);
    expect(errorOf(() => driver.applyDiff('none', 'base')).code).toBe('ERR_DRIVER_ID');
  });
});
