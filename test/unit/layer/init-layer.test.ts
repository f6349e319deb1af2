/** The init layer, as dockerd 20.10.24 was seen to leave it. */
import { expect, it } from 'vitest';
import { overlay2 } from '../../../src/driver/overlay2/index.ts';
import { initLayer } from '../../../src/layer/init-layer.ts';
import { entry, makeTar } from '../archive/make-tar.ts';
import { bootStore, listing } from './booted-store.ts';

/** The own directory of the init layer of a container on an image with these entries. */
function initDirectory(...entries: string[]): string[] {
  const { store, fs, task, driver } = bootStore(overlay2());
  const image = store.register(makeTar(...entries));
  const { initID } = store.createRWLayer('c', image.chainID, { initFunc: (path) => initLayer(task, path) });
  const directory = `${driver.home}/${initID}/diff`;
  return listing(fs, directory).map((line) =>
    line.startsWith('120777') ? `${line} -> ${fs.readlinkSync(`${directory}/${line.split(' ')[1]}`)}` : line,
  );
}

it('has a place for everything that runc mounts', () => {
  expect(initDirectory('a = 1')).toEqual([
    '100755 0 .dockerenv',
    '40755 dev',
    '100755 0 dev/console',
    '40755 dev/pts',
    '40755 dev/shm',
    '40755 etc',
    '100755 0 etc/hostname',
    '100755 0 etc/hosts',
    '120777 etc/mtab -> /proc/mounts',
    '100755 0 etc/resolv.conf',
    '40755 proc',
    '40755 sys',
  ]);
});

it('replaces what of the image is no directory, and leaves directories alone', () => {
  const image = ['etc/', 'etc/hosts = hosts', 'proc/', 'proc/x/', 'dev/', 'etc/hostname -> /foo', 'etc/resolv.conf/'];
  expect(initDirectory(...image, 'etc/mtab = mtab', 'sys = f', 'dev/shm -> etc')).toEqual([
    '100755 0 .dockerenv',
    '40755 dev',
    '100755 0 dev/console',
    '40755 dev/pts',
    '40755 dev/shm',
    '40755 etc',
    '100755 0 etc/hostname',
    '100755 0 etc/hosts',
    '120777 etc/mtab -> /proc/mounts',
    '40755 sys',
  ]);
});

/** Seen of dockerd 20.10.24 on an imported image with /etc and /dev 2755 0:50. */
it('belongs to root, also below a directory that hands on its group', () => {
  const { store, task, driver } = bootStore(overlay2());
  const handing = { mode: 0o42755, gid: 50 };
  const image = store.register(makeTar(entry('etc/', handing), entry('dev/', handing)));
  const { initID } = store.createRWLayer('c', image.chainID, { initFunc: (path) => initLayer(task, path) });
  const owned = (path: string): string => {
    const { mode, uid, gid } = task.lstat(`${driver.home}/${initID}/diff/${path}`);
    return `${mode.toString(8)} ${uid}:${gid} ${path}`;
  };
  expect(['etc', 'etc/hosts', 'etc/mtab', 'dev', 'dev/console', 'dev/pts'].map(owned)).toEqual([
    '42755 0:50 etc',
    '100755 0:0 etc/hosts',
    '120777 0:50 etc/mtab',
    '42755 0:50 dev',
    '100755 0:0 dev/console',
    '42755 0:0 dev/pts',
  ]);
});
