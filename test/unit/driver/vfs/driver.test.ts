/** vfs: what it leaves on the disk, as recorded from Docker 20.10.24, and its refusals with Docker's texts. */
import { describe, expect, test } from 'vitest';
import { makedev, S_IFBLK, S_IFSOCK } from '../../../../src/abi/mode.ts';
import { applyArchive, type Driver } from '../../../../src/driver/driver.ts';
import { vfs } from '../../../../src/driver/vfs/index.ts';
import { diskLike, type DiskLikeOptions } from '../../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../../src/index.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { errorOf, refusalsOf, type Told } from '../driver-machine.ts';
import { linesOf } from '../tree-lines.ts';

const DOCKER = '/var/lib/docker';
const HOME = `${DOCKER}/vfs`;

function start(options: readonly string[] = []) {
  const machine = createMachine();
  const driver = vfs().init({ task: machine.task, home: HOME, options });
  return { ...pieces(machine), driver };
}

const pieces = (machine: Machine<ReturnType<typeof createMachine>['fs']>) => ({
  machine,
  task: machine.task,
  fs: machine.fs,
});

/** A machine whose /var/lib/docker lies on such a disk. */
function onDisk(disk: DiskLikeOptions, data: string) {
  const machine = createMachine({ filesystems: [diskLike(disk)] });
  machine.fs.mkdirSync(DOCKER, { recursive: true });
  machine.fs.mkdirSync('/dev');
  machine.task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
  machine.task.mount('/dev/vda1', DOCKER, disk.type, data);
  return pieces(machine);
}

const fill = (driver: Driver, fs: ReturnType<typeof createMachine>['fs'], id: string, name: string, text: string) =>
  fs.writeFileSync(`${driver.get(id)}/${name}`, text);

describe('the home', () => {
  test('has the modes that Docker gives it, and the node of its disk', () => {
    const { task, driver } = start();
    driver.create('base');
    driver.createReadWrite('child', 'base');
    const lines = linesOf(task, HOME).map(({ path, mode, owner, device }) => [path, mode, owner, device]);
    expect(lines).toEqual([
      ['/', '40710', '0:0', 0],
      ['/backingFsBlockDev', '60600', '0:0', task.stat(HOME).dev],
      ['/dir', '40710', '0:0', 0],
      ['/dir/base', '40755', '0:0', 0],
      ['/dir/child', '40755', '0:0', 0],
    ]);
  });

  test('has no directory of layers before the first layer, whatever the umask', () => {
    const { task } = createMachine();
    task.umask(0o077);
    const driver = vfs().init({ task, home: HOME });
    expect(linesOf(task, HOME).map(({ path }) => path)).toEqual(['/', '/backingFsBlockDev']);
    driver.create('base');
    expect([task.stat(`${HOME}/dir`).mode, task.stat(driver.get('base')).mode]).toEqual([0o40710, 0o40755]);
  });

  test('is taken over as an earlier start has left it', () => {
    const { task, fs, driver } = start();
    driver.create('base');
    fill(driver, fs, 'base', 'a', 'x');
    task.chmod(HOME, 0o700);
    const again = vfs().init({ task, home: HOME });
    expect(fs.readFileSync(`${again.get('base')}/a`, 'utf8')).toBe('x');
    expect(task.stat(HOME).mode).toBe(0o40710);
  });
});

describe('a layer', () => {
  test('is a copy: neither sees what the other does', () => {
    const { fs, driver } = start();
    driver.create('base');
    fill(driver, fs, 'base', 'a', 'below');
    driver.create('child', 'base');
    fill(driver, fs, 'child', 'a', 'above');
    fill(driver, fs, 'base', 'b', 'late');
    expect(fs.readFileSync(`${HOME}/dir/base/a`, 'utf8')).toBe('below');
    expect(fs.readdirSync(`${HOME}/dir/child`)).toEqual(['a']);
  });

  test('is shown where it lies; nothing is mounted', () => {
    const { task, fs, driver } = start();
    driver.create('base');
    fs.mkdirSync('/proc');
    task.mount('proc', '/proc', 'proc');
    const mounts = fs.readFileSync('/proc/mounts', 'utf8');
    expect([driver.get('base'), driver.get('base')]).toEqual([`${HOME}/dir/base`, `${HOME}/dir/base`]);
    expect(fs.readFileSync('/proc/mounts', 'utf8')).toBe(mounts);
    for (let i = 0; i < 3; i++) driver.put('base');
    expect(driver.get('base')).toBe(`${HOME}/dir/base`);
  });

  test('tells nothing of itself, and the driver neither', () => {
    const { driver } = start();
    driver.create('base');
    expect([driver.metadata('base'), driver.metadata('none'), driver.status()]).toEqual([undefined, undefined, []]);
    expect(driver.features).toEqual({
      copyOnWrite: 'none',
      nativeDiff: false,
      quota: false,
      maxDepth: Number.POSITIVE_INFINITY,
      nonStandard: new Set(),
    });
  });

  test('goes with all that is in it, also with what is mounted there; one that is not there is no error', () => {
    const { task, fs, driver } = start();
    driver.create('base');
    for (const path of ['/proc', `${driver.get('base')}/d`]) fs.mkdirSync(path);
    task.mount('proc', '/proc', 'proc');
    task.mount('t', `${driver.get('base')}/d`, 'tmpfs');
    fs.writeFileSync(`${driver.get('base')}/d/f`, 'mounted');
    fill(driver, fs, 'base', 'a', 'x');
    driver.remove('base');
    driver.remove('base');
    expect([driver.exists('base'), fs.readdirSync(`${HOME}/dir`)]).toEqual([false, []]);
  });

  test('a diff goes from one to another', () => {
    const { task, fs, driver } = start();
    driver.create('base');
    fill(driver, fs, 'base', 'gone', 'x');
    driver.create('changed', 'base');
    fill(driver, fs, 'changed', 'new', 'yyy');
    fs.unlinkSync(`${driver.get('changed')}/gone`);
    driver.create('applied', 'base');
    expect(applyArchive(driver, 'applied', 'base', driver.diff('changed', 'base'))).toBe(3);
    expect(linesOf(task, driver.get('applied')).map(({ path }) => path)).toEqual(['/', '/new']);
  });
});

describe('refusals', () => {
  test('of the daemon, with the home that Docker has made by then', () => {
    const told = (option: string): Told & { home: boolean } => {
      const { task } = createMachine();
      const refusal = errorOf(() => vfs().init({ task, home: HOME, options: [option] }));
      return { ...refusal, home: task.statIfPresent(`${HOME}/backingFsBlockDev`) !== undefined };
    };
    const unknown = (key: string) => ({
      code: 'ERR_DRIVER_OPTION',
      message: `unknown option ${key} for vfs`,
      home: false,
    });
    expect(told('foo=1')).toEqual(unknown('foo'));
    expect(told('overlay2.size=1G')).toEqual(unknown('overlay2.size'));
    expect(told(' Size = 1G')).toEqual(unknown('Size'));
    expect(told('size=abc')).toMatchObject({ code: 'ERR_DRIVER_OPTION', message: "invalid size: 'abc'" });
    expect(told('bad')).toMatchObject({ message: 'Unable to parse key/value option: bad' });
    const message = 'Filesystem does not support, or has not enabled quotas';
    expect(told('size=1G')).toEqual({ code: 'ERR_DRIVER_QUOTA', message, home: true });
    expect(createdWith('size=0').exists('base')).toBe(true);
  });

  const createdWith = (option: string): Driver => {
    const { driver } = start([option]);
    driver.createReadWrite('base');
    return driver;
  };

  test('of options of a layer', () => {
    const { driver } = start();
    const readOnly = '--storage-opt is not supported for vfs on read-only layers';
    const quota = 'Filesystem does not support, or has not enabled quotas';
    const refusals = refusalsOf([
      () => driver.create('x', undefined, { storageOptions: { size: '1G' } }),
      () => driver.createReadWrite('x', undefined, { storageOptions: { size: 'x' } }),
      () => driver.createReadWrite('x', undefined, { storageOptions: { foo: '1' } }),
    ]);
    expect(refusals).toEqual([
      { code: 'ERR_DRIVER_STORAGE_OPTION', message: readOnly },
      { code: 'ERR_DRIVER_QUOTA', message: quota },
      { code: 'ERR_DRIVER_STORAGE_OPTION', message: 'Storage opt foo not supported' },
    ]);
    expect(driver.exists('x')).toBe(false);
  });

  test('of layers that are not there, or no directories', () => {
    const { fs, driver } = start();
    driver.create('base');
    fs.writeFileSync(`${HOME}/dir/file`, '');
    const none = `stat ${HOME}/dir/none: no such file or directory`;
    const refusals = refusalsOf([
      () => driver.get('none'),
      () => driver.create('x', 'none'),
      () => driver.create('x', 'file'),
      () => driver.create('base'),
      () => driver.get(''),
      () => driver.remove(''),
      () => driver.create('../../escaped'),
    ]);
    expect(refusals.map(({ code }) => code)).toEqual(new Array(7).fill('ERR_DRIVER_ID'));
    expect(refusals.map(({ message }) => message).slice(0, 4)).toEqual([
      none,
      `none: ${none}`,
      `file: ${HOME}/dir/file: not a directory`,
      `mkdir ${HOME}/dir/base: file exists`,
    ]);
    expect(fs.readdirSync(`${HOME}/dir`)).toEqual(['base', 'file']);
    expect([driver.exists(''), driver.exists('..'), driver.exists('base')]).toEqual([false, false, true]);
  });

  test('a copy that is refused half way leaves nothing behind', () => {
    const { task, fs, driver } = start();
    driver.create('base');
    fill(driver, fs, 'base', 'a', 'x');
    task.mknod(`${driver.get('base')}/socket`, S_IFSOCK | 0o644, 0);
    expect(errorOf(() => driver.create('child', 'base')).code).toBe('EINVAL');
    expect(driver.exists('child')).toBe(false);
  });
});

describe('on a disk with project quotas', () => {
  const PQUOTA = { type: 'xfs', projectQuota: true } as const;

  test('a container may grow to its size and no further; another one is not touched by it', () => {
    const { task, fs } = onDisk(PQUOTA, 'pquota');
    const driver = vfs().init({ task, home: HOME, options: ['size=1m'] });
    expect(driver.features.quota).toBe(true);
    driver.create('base');
    fill(driver, fs, 'base', 'a', 'x'.repeat(2 << 20));
    driver.remove('base');
    driver.create('base');
    driver.createReadWrite('one', 'base');
    driver.createReadWrite('two', 'base', { storageOptions: { size: '3M' } });
    expect(errorOf(() => fill(driver, fs, 'one', 'f', 'x'.repeat(2 << 20))).code).toMatch(/ENOSPC|EDQUOT/);
    fill(driver, fs, 'two', 'f', 'x'.repeat(2 << 20));
    expect(fs.readFileSync(`${driver.get('two')}/f`)).toHaveLength(2 << 20);
  });

  test('a tree below that is larger than the size cannot be copied, and nothing stays of it', () => {
    const { task, fs } = onDisk(PQUOTA, 'pquota');
    const driver = vfs().init({ task, home: HOME });
    driver.create('base');
    fill(driver, fs, 'base', 'a', 'x'.repeat(2 << 20));
    const make = () => driver.createReadWrite('c', 'base', { storageOptions: { size: '1M' } });
    expect(errorOf(make).code).toMatch(/ENOSPC|EDQUOT/);
    expect(driver.exists('c')).toBe(false);
  });

  test.each([
    ['ext4', 'ext4', ''],
    ['xfs without pquota', 'xfs', ''],
    ['xfs that only counts', 'xfs', 'pqnoenforce'],
  ] as const)('there is none on %s', (_what, type, data) => {
    const { task } = onDisk({ type, projectQuota: type === 'xfs' }, data);
    expect(vfs().init({ task, home: HOME }).features.quota).toBe(false);
    expect(errorOf(() => vfs().init({ task, home: HOME, options: ['size=1G'] })).code).toBe('ERR_DRIVER_QUOTA');
    expect(task.lstat(`${HOME}/backingFsBlockDev`)).toMatchObject({ mode: 0o60600, rdev: makedev(254, 1) });
  });
});
