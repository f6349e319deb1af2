import * as realFs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { S_IFIFO } from '../../../src/abi/mode.ts';
import { directory, union } from '../../../src/index.ts';
import { treeOf } from './tree-of.ts';

const isRoot = process.getuid?.() === 0;
let source: string;
let target: string;

/** The same tree twice: one is the layer, the other is what changes are applied to. */
function fill(at: string): void {
  realFs.mkdirSync(join(at, 'd/deep'), { recursive: true });
  realFs.writeFileSync(join(at, 'd/f'), 'f');
  realFs.writeFileSync(join(at, 'd/deep/g'), 'g');
  realFs.writeFileSync(join(at, 'gone'), 'gone');
  realFs.writeFileSync(join(at, 'kept'), 'kept');
  realFs.symlinkSync('kept', join(at, 'link'));
  realFs.mkdirSync(join(at, 'becomes-file'));
  realFs.writeFileSync(join(at, 'becomes-directory'), 'x');
  for (const path of ['d/f', 'd/deep/g', 'd/deep', 'd', 'gone', 'kept', 'becomes-file', 'becomes-directory', '.']) {
    realFs.utimesSync(join(at, path), 1_000_000_000, 1_000_000_000);
  }
  realFs.lutimesSync(join(at, 'link'), 1_000_000_000, 1_000_000_000);
}

beforeEach(() => {
  [source, target] = [
    realFs.mkdtempSync(join(tmpdir(), 'lowerdir-a')),
    realFs.mkdtempSync(join(tmpdir(), 'lowerdir-b')),
  ];
  fill(source);
  fill(target);
});

afterEach(() => {
  for (const at of [source, target]) realFs.rmSync(at, { recursive: true });
});

const unionOfSource = () => {
  const u = union([directory(source)]);
  const { uid, gid } = realFs.statSync(source);
  u.machine.task.setfsgid(gid);
  u.machine.task.setfsuid(uid);
  return u;
};

/** What the machine's root owns is the writer's own where the writer is not root. */
const asRoots = (text: string): string =>
  isRoot ? text : text.replace(` ${process.getuid?.()}:${process.getgid?.()} `, ' 0:0 ');

/** Times are compared up to the millisecond, the root's not at all: a layer says nothing of it. */
const shown = (fs: Parameters<typeof treeOf>[0], root?: string) => {
  const entries = Object.entries(treeOf(fs, root)).map(([path, text]) => [path, asRoots(text)]);
  return { ...Object.fromEntries(entries), '/': '' };
};

describe('apply()', () => {
  test('makes a real directory the merged tree', async () => {
    const u = union([directory(source)]);
    const { fs } = u;
    fs.unlinkSync('/gone');
    fs.rmSync('/d/deep', { recursive: true });
    fs.mkdirSync('/d/deep', { mode: 0o700 });
    fs.writeFileSync('/d/deep/new', 'new');
    fs.writeFileSync('/d/f', 'changed');
    fs.chmodSync('/kept', 0o4711);
    fs.rmdirSync('/becomes-file');
    fs.writeFileSync('/becomes-file', 'file');
    fs.unlinkSync('/becomes-directory');
    fs.mkdirSync('/becomes-directory');
    fs.linkSync('/becomes-file', '/becomes-directory/hard');
    fs.unlinkSync('/link');
    fs.symlinkSync('/nowhere', '/link');
    fs.utimesSync('/d/f', 7, 8);
    fs.lutimesSync('/link', 5, 6.5);
    fs.utimesSync('/d', 3, 4);
    fs.writeFileSync('/large', 'l'.repeat(3_000_000));
    await u.apply(target);
    expect(shown(realFs, target)).toEqual(shown(fs));
    const [file, hard] = ['becomes-file', 'becomes-directory/hard'].map((name) => realFs.statSync(join(target, name)));
    expect(file!.ino).toBe(hard!.ino);
    expect(realFs.existsSync(join(source, 'gone'))).toBe(true);
    expect(realFs.readdirSync(target).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('twice is the same as once', async () => {
    const u = unionOfSource();
    u.fs.writeFileSync('/d/f', 'changed');
    u.fs.linkSync('/d/f', '/d/h');
    u.fs.unlinkSync('/gone');
    await u.apply(target);
    const once = treeOf(realFs, target);
    await u.apply(target);
    expect(treeOf(realFs, target)).toEqual(once);
  });

  test('never follows a symlink that stands in the way', async () => {
    const u = unionOfSource();
    u.fs.writeFileSync('/kept', 'changed');
    realFs.rmSync(join(target, 'kept'));
    realFs.symlinkSync(join(source, 'kept'), join(target, 'kept'));
    await u.apply(target);
    expect(realFs.readFileSync(join(source, 'kept'), 'utf8')).toBe('kept');
    expect(realFs.lstatSync(join(target, 'kept')).isFile()).toBe(true);
  });

  test('never follows a symlink in the place of a directory', async () => {
    const u = unionOfSource();
    u.fs.writeFileSync('/d/f', 'changed');
    realFs.rmSync(join(target, 'd'), { recursive: true });
    realFs.symlinkSync(join(source, 'd'), join(target, 'd'));
    await u.apply(target);
    expect(realFs.readFileSync(join(source, 'd/f'), 'utf8')).toBe('f');
    expect(realFs.readFileSync(join(target, 'd/f'), 'utf8')).toBe('changed');
  });

  test('lists what Node cannot write and writes nothing', async () => {
    const u = unionOfSource();
    u.fs.writeFileSync('/d/f', 'changed');
    u.machine.task.setfsuid(0);
    u.machine.task.setfsgid(0);
    u.machine.task.mknod('/merged/d/pipe', S_IFIFO | 0o600, 0);
    u.machine.task.setxattr('/merged/kept', 'user.a', Uint8Array.of(1));
    const before = treeOf(realFs, target);
    await expect(u.apply(target)).rejects.toMatchObject({
      code: 'ERR_UNION_APPLY',
      paths: [
        { path: '/d/pipe', reason: expect.stringContaining('fifo') },
        { path: '/kept', reason: expect.stringContaining('user.a') },
      ],
    });
    expect(treeOf(realFs, target)).toEqual(before);
  });

  test.runIf(isRoot)('gives owners to files when it may', async () => {
    const u = union([directory(source)]);
    u.fs.chownSync('/kept', 12, 34);
    u.fs.lchownSync('/link', 56, 78);
    await u.apply(target);
    expect(shown(realFs, target)).toEqual(shown(u.fs));
    expect(realFs.lstatSync(join(target, 'link')).uid).toBe(56);
  });

  test('into a directory that is missing fails and makes nothing', async () => {
    const u = unionOfSource();
    u.fs.writeFileSync('/d/f', 'changed');
    await expect(u.apply(join(target, 'no/such'))).rejects.toThrow();
    expect(realFs.existsSync(join(target, 'no'))).toBe(false);
  });
});
