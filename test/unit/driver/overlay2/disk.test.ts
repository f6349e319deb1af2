/** What the disk below decides; the refusals are those of dockerd 20.10.24 on such a disk. */
import { describe, expect, it } from 'vitest';
import { makedev } from '../../../../src/abi/mode.ts';
import { S_IFBLK } from '../../../../src/abi/mode.ts';
import { overlay2 } from '../../../../src/driver/overlay2/index.ts';
import { diskLike, type DiskLikeOptions } from '../../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

const HOME = '/docker/overlay2';
const NO_QUOTAS = 'Filesystem does not support, or has not enabled quotas';
const MIB = 2 ** 20;

/** A machine whose `/docker` is such a disk. */
function onDisk(disk: DiskLikeOptions, data = '') {
  const machine = createMachine({ filesystems: [diskLike(disk)] });
  const { task } = machine;
  for (const name of ['/dev', '/docker', '/proc']) task.mkdir(name);
  task.mount('proc', '/proc', 'proc');
  task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
  task.mount('/dev/vda1', '/docker', disk.type, data);
  const start = (...options: string[]) => overlay2().init({ task, home: HOME, options });
  return { machine, task, fs: machine.fs, start };
}

const withQuota = () => onDisk({ type: 'xfs', projectQuota: true }, 'pquota');
const refusal = (code: string, message: string) => expect.objectContaining({ code, message });

describe('types of files', () => {
  const wrong = 'filesystem is formatted without d_type support, which leads to incorrect behavior.';
  const end = 'Backing filesystems without d_type support are not supported.';
  for (const [type, name, cure] of [
    ['xfs', 'xfs', 'Reformat the filesystem with ftype=1 to enable d_type support.'],
    ['ext4', 'extfs', 'Reformat the filesystem (or use tune2fs) with -O filetype flag to enable d_type support.'],
  ] as const) {
    it(`are told by ${type}`, () => {
      const { start } = onDisk({ type });
      expect(start().status().slice(0, 3)).toEqual([
        ['Backing Filesystem', name],
        ['Supports d_type', 'true'],
        ['Native Overlay Diff', 'true'],
      ]);
    });

    it(`are missed on ${type} without them, unless the home was used before`, () => {
      const { start, fs } = onDisk({ type, ftype: false });
      const message = `overlay2: the backing ${name} ${wrong} ${cure} ${end}`;
      expect(() => start()).toThrow(refusal('ERR_DRIVER_NOT_SUPPORTED', message));
      expect(fs.readdirSync('/docker')).toEqual([]);
      fs.mkdirSync(HOME);
      expect(() => start()).toThrow(refusal('ERR_DRIVER_NOT_SUPPORTED', message));
      fs.mkdirSync(`${HOME}/l`);
      expect(start().status().slice(0, 3)).toEqual([
        ['Backing Filesystem', name],
        ['Supports d_type', 'false'],
        ['Native Overlay Diff', 'true'],
      ]);
    });
  }
});

describe('a size', () => {
  it('is refused where the disk is not xfs', () => {
    const { start } = onDisk({ type: 'ext4', projectQuota: true }, 'prjquota');
    const message = 'Storage Option overlay2.size only supported for backingFS XFS. Found extfs';
    expect(() => start('overlay2.size=20M')).toThrow(refusal('ERR_DRIVER_QUOTA', message));
    const driver = start();
    expect(driver.features.quota).toBe(false);
    expect(() => driver.createReadWrite('box', undefined, { storageOptions: { size: '1M' } })).toThrow(
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    );
  });

  it('is refused on xfs without pquota, where the node of the disk stays', () => {
    const { start, fs, task } = onDisk({ type: 'xfs' });
    const message = `Storage option overlay2.size not supported. Filesystem does not support Project Quota: ${NO_QUOTAS}`;
    expect(() => start('overlay2.size=20M')).toThrow(refusal('ERR_DRIVER_QUOTA', message));
    expect(fs.readdirSync(HOME).sort()).toEqual(['backingFsBlockDev', 'l']);
    expect(task.lstat(`${HOME}/backingFsBlockDev`)).toMatchObject({ mode: S_IFBLK | 0o600, rdev: makedev(254, 1) });
    const driver = start();
    expect(driver.features.quota).toBe(false);
    expect(() => driver.createReadWrite('box', undefined, { storageOptions: { size: '1M' } })).toThrow(
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    );
  });

  it('holds for what is written into the container, work included', () => {
    const { start, fs } = withQuota();
    const driver = start();
    expect(driver.features.quota).toBe(true);
    driver.create('base');
    fs.writeFileSync(`${driver.get('base')}/below`, new Uint8Array(MIB));
    driver.createReadWrite('box', 'base', { storageOptions: { size: '2m' } });
    const merged = driver.get('box');
    fs.writeFileSync(`${merged}/a`, new Uint8Array(MIB));
    expect(() => fs.writeFileSync(`${merged}/b`, new Uint8Array(2 * MIB))).toThrow(/ENOSPC|EDQUOT/);
    fs.rmSync(`${merged}/b`);
    fs.rmSync(`${merged}/a`);
    fs.appendFileSync(`${merged}/below`, 'copied up');
    driver.put('box');
    driver.createReadWrite('free', 'base');
    fs.writeFileSync(`${driver.get('free')}/a`, new Uint8Array(4 * MIB));
    driver.put('free');
  });

  it('of the daemon holds for containers that have none of their own, not for images', () => {
    const { start, fs } = withQuota();
    const driver = start('overlay2.size=1m');
    driver.create('base');
    fs.writeFileSync(`${driver.get('base')}/large`, new Uint8Array(2 * MIB));
    driver.createReadWrite('small', 'base');
    expect(() => fs.writeFileSync(`${driver.get('small')}/a`, new Uint8Array(2 * MIB))).toThrow(/ENOSPC|EDQUOT/);
    driver.put('small');
    driver.createReadWrite('large', 'base', { storageOptions: { size: '4m' } });
    fs.writeFileSync(`${driver.get('large')}/a`, new Uint8Array(2 * MIB));
    driver.put('large');
    expect(() => driver.create('image', 'base', { storageOptions: { size: '1m' } })).toThrow(
      '--storage-opt size is only supported for ReadWrite Layers',
    );
  });

  it('is kept over a start, and its layer leaves nothing when it is refused or removed', () => {
    const { start, fs } = withQuota();
    const first = start();
    first.create('base');
    first.createReadWrite('box', 'base', { storageOptions: { size: '1m' } });
    first.cleanup();
    const driver = start();
    expect(() => fs.writeFileSync(`${driver.get('box')}/a`, new Uint8Array(2 * MIB))).toThrow(/ENOSPC|EDQUOT/);
    driver.put('box');
    expect(() => driver.createReadWrite('bad', 'base', { storageOptions: { size: 'much' } })).toThrow(
      refusal('ERR_DRIVER_STORAGE_OPTION', "invalid size: 'much'"),
    );
    driver.remove('box');
    driver.remove('base');
    expect(fs.readdirSync(HOME).sort()).toEqual(['backingFsBlockDev', 'l']);
    expect(fs.readdirSync(`${HOME}/l`)).toEqual([]);
  });
});
