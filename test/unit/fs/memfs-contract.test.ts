/**
 * memfs names no interface for the core below its `Volume`. This test writes down which members it touches: another
 * version that touches one more fails here, before it fails in a program.
 */
import { readFileSync } from 'node:fs';
import { Volume } from '@jsonjoy.com/fs-node';
import { createFsFromVolume } from 'memfs';
import { expect, test } from 'vitest';
import { createCore } from '../../../src/fs/core.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

const known = [
  'changes',
  'chmod',
  'chown',
  'close',
  'fchmod',
  'fchown',
  'fromJSON',
  'fromNestedJSON',
  'ftruncate',
  'futimes',
  'getFileByFd',
  'getFileByFdOrThrow',
  'getLinkOrThrow',
  'getResolvedLinkOrThrow',
  'getResolvedLinkResult',
  'inodes',
  'lchmod',
  'lchown',
  'link',
  'mkdir',
  'mkdirp',
  'open',
  'read',
  'readv',
  'rename',
  'reset',
  'rm',
  'rmdir',
  'symlink',
  'toJSON',
  'unlink',
  'utimes',
  'write',
  'writeFile',
];

/** A volume of memfs's, none of whose members is overridden, on our core, and what it touches. */
function bareVolume() {
  const core = createCore(createMachine().task);
  const touched = new Set<string>();
  const spy = new Proxy(core, {
    get(target, member) {
      if (typeof member === 'string') touched.add(member);
      return target[member as keyof typeof target];
    },
  });
  const volume = new Volume(spy as never);
  return { volume, fs: createFsFromVolume(volume), touched };
}

const attempt = async (act: () => unknown): Promise<unknown> => {
  try {
    return await act();
  } catch (error) {
    return error;
  }
};

function useNames(fs: any): void {
  fs.mkdirSync('/d/e', { recursive: true });
  fs.mkdirSync('/x');
  fs.writeFileSync('/a', '1');
  fs.appendFileSync('/a', '2');
  fs.linkSync('/a', '/b');
  fs.symlinkSync('a', '/s');
  fs.renameSync('/b', '/c');
  fs.unlinkSync('/c');
  fs.copyFileSync('/a', '/k');
  fs.cpSync('/d', '/dd', { recursive: true });
  fs.rmSync('/dd', { recursive: true });
  fs.rmdirSync('/x');
  fs.truncateSync('/a', 1);
  fs.chmodSync('/a', 0o600);
  fs.chownSync('/a', 1, 1);
  fs.lchownSync('/s', 1, 1);
  fs.utimesSync('/a', 1, 1);
  fs.lutimesSync('/s', 1, 1);
}

function useDescriptors(fs: any): void {
  const fd = fs.openSync('/a', 'r+');
  fs.writeSync(fd, 'q');
  fs.readSync(fd, Buffer.alloc(1), 0, 1, 0);
  fs.writevSync(fd, [Buffer.from('z')]);
  fs.readvSync(fd, [Buffer.alloc(1)], 0);
  fs.fstatSync(fd);
  fs.fchmodSync(fd, 0o644);
  fs.fchownSync(fd, 0, 0);
  fs.futimesSync(fd, 1, 1);
  fs.ftruncateSync(fd, 0);
  fs.fsyncSync(fd);
  fs.fdatasyncSync(fd);
  fs.closeSync(fd);
}

test('memfs touches exactly the members that we know', async () => {
  const { volume, fs, touched } = bareVolume();
  useNames(fs);
  useDescriptors(fs);
  await attempt(() => fs.lchmodSync('/s', 0o600));
  expect(fs.readlinkSync('/s')).toBe('a');
  expect(fs.realpathSync('/s')).toBe('/a');
  expect(fs.readdirSync('/')).toEqual(['a', 'd', 'k', 's', 'tmp'].filter((name) => fs.existsSync(`/${name}`)));
  fs.opendirSync('/').closeSync();
  fs.statfsSync('/');
  fs.accessSync('/a');
  expect([fs.statSync('/d').isDirectory(), fs.lstatSync('/s').isSymbolicLink()]).toEqual([true, true]);
  fs.mkdtempSync('/t-');
  expect(fs.globSync('/k')).toEqual(['/k']);
  fs.watch('/', { persistent: false }).close();
  await fs.openAsBlob('/a');
  expect(await fs.promises.readFile('/k', 'utf8')).toBe('12');
  volume.fromJSON({ '/json/one': 'x', '/json/none': null });
  volume.fromNestedJSON({ nested: { two: 'y' } }, '/');
  expect(volume.toJSON()).toMatchObject({ '/json/one': 'x', '/json/none': null, '/nested/two': 'y' });
  expect(volume.toTree()).toContain('nested');
  volume.reset();
  expect(fs.readdirSync('/')).toEqual([]);
  expect([...touched].sort()).toEqual(known);
});

test("memfs's own watcher hears what any call changes", async () => {
  const { fs } = bareVolume();
  const heard: unknown[] = [];
  fs.mkdirSync('/w/in', { recursive: true });
  const watcher = fs.watch('/w', { persistent: false, recursive: true }, (type, name) => heard.push([type, name]));
  fs.writeFileSync('/w/in/new', 'x');
  await new Promise((resolve) => setTimeout(resolve, 5));
  fs.renameSync('/w/in/new', '/w/moved');
  await new Promise((resolve) => setTimeout(resolve, 5));
  fs.unlinkSync('/w/moved');
  await new Promise((resolve) => setTimeout(resolve, 5));
  watcher.close();
  expect(heard[0]).toEqual(['rename', 'in/new']);
  expect(heard).toContainEqual(['change', 'in/new']);
  expect(heard.slice(-3)).toContainEqual(['rename', 'moved']);
});

test('memfs is the version whose members these are', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  const pinned = Object.entries(dependencies).filter(([name]) => name === 'memfs' || name.startsWith('@jsonjoy.com/'));
  expect(new Set(pinned.map(([, version]) => version))).toEqual(new Set(['4.80.1']));
  expect(pinned).toHaveLength(5);
});
