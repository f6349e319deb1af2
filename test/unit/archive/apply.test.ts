import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWithOracle as describe } from '../../differential/slice.ts';
import { ErrnoException } from '../../../src/abi/errno.ts';
import { applyLayer, type ApplyOptions } from '../../../src/archive/apply.ts';
import { entry, makeTar } from './make-tar.ts';
import { chrootedTask, inDirectory, type Interceptor } from './chrooted-task.ts';

const overlay: ApplyOptions = { form: 'overlay' };
const plain: ApplyOptions = { form: 'plain' };
const forms: [string, ApplyOptions][] = [
  ['overlay', overlay],
  ['plain', plain],
];

/** The tree below a directory: files by name with their bytes, links with their targets, whiteouts as such. */
function tree(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of (fs.readdirSync(directory, { recursive: true }) as string[]).sort()) {
    const path = join(directory, name);
    const stat = fs.lstatSync(path);
    if (stat.isFile()) found[name] = fs.readFileSync(path, 'utf8');
    else if (stat.isSymbolicLink()) found[name] = `-> ${fs.readlinkSync(path)}`;
    else if (stat.isCharacterDevice()) found[name] = `char ${stat.rdev}`;
    else found[name] = stat.isDirectory() ? '/' : stat.isFIFO() ? 'fifo' : 'block';
  }
  return found;
}

/** A directory `root` inside another, with a file beside it that nothing may touch. */
function inRoot(test: (root: string, apply: (tar: Uint8Array, options: ApplyOptions) => void) => void): void {
  inDirectory((outer) => {
    const root = join(outer, 'root');
    fs.mkdirSync(root);
    fs.writeFileSync(join(outer, 'secret'), 'outside');
    fs.mkdirSync(join(outer, 'root-evil'));
    test(root, (tar, options) => applyLayer(chrootedTask(), root, tar, options));
    expect(fs.readFileSync(join(outer, 'secret'), 'utf8')).toBe('outside');
    expect(fs.readdirSync(outer).sort()).toEqual(['root', 'root-evil', 'secret']);
    expect(fs.readdirSync(join(outer, 'root-evil'))).toEqual([]);
    expect(fs.statSync(join(outer, 'secret')).nlink).toBe(1);
  });
}

for (const [form, options] of forms)
  describe(`unpacking in the ${form} form`, () => {
    it('makes files, directories, links and devices with owners, modes and times', () => {
      inRoot((root, apply) => {
        const time = { mtime: { sec: 1600000000, nsec: 123456789 } };
        apply(
          makeTar(
            entry('d/', { mode: 0o1777, uid: 3, ...time }),
            entry('d/file = hello', { mode: 0o104755, uid: 1000, gid: 50, ...time }),
            entry('d/link -> file', { uid: 7, mtime: { sec: -5, nsec: 0 } }),
            'd/hard => d/file',
            entry('d/null', { type: '3', devmajor: 1, devminor: 3, mode: 0o666 }),
            entry('d/loop', { type: '4', devmajor: 7, devminor: 300, mode: 0o660 }),
            entry('d/pipe', { type: '6', mode: 0o600 }),
            entry('d/old = x', { mtime: { sec: -5, nsec: 0 } }),
            entry('d/x = x', { xattrs: new Map([['user.color', new TextEncoder().encode('blue')]]) }),
          ),
          options,
        );
        const stat = (name: string): fs.BigIntStats => fs.lstatSync(join(root, name), { bigint: true });
        expect(stat('d')).toMatchObject({ mode: 0o41777n, uid: 3n, mtimeNs: 1600000000123456789n, atimeNs: 0n });
        expect(tree(root)).toMatchObject({ d: '/', 'd/file': 'hello', 'd/link': '-> file', 'd/pipe': 'fifo' });
        expect(stat('d/link')).toMatchObject({ uid: 7n, mtimeNs: -5000000000n });
        expect(stat('d/hard')).toMatchObject({ ino: stat('d/file').ino, nlink: 2n, mode: 0o100644n, uid: 0n });
        expect(stat('d/null')).toMatchObject({ mode: 0o20666n, rdev: 0x103n });
        expect(stat('d/loop').rdev).toBe(0x10072cn);
        expect(stat('d/old').mtimeNs).toBe(0n);
        expect(new TextDecoder().decode(chrootedTask().getxattr(join(root, 'd/x'), 'user.color'))).toBe('blue');
      });
    });

    it('replaces what is there unless both are directories, and lets the later of two win', () => {
      inRoot((root, apply) => {
        fs.mkdirSync(join(root, 'd/sub'), { recursive: true });
        fs.writeFileSync(join(root, 'd/keep'), 'kept');
        fs.mkdirSync(join(root, 'e/sub'), { recursive: true });
        fs.writeFileSync(join(root, 'f'), 'old');
        apply(makeTar('d/', 'e = file now', 'f/', 'f/in = x', 'twice = 1', 'twice = 2'), options);
        expect(tree(root)).toEqual({
          d: '/',
          'd/keep': 'kept',
          'd/sub': '/',
          e: 'file now',
          f: '/',
          'f/in': 'x',
          twice: '2',
        });
      });
    });

    it('makes the parents that the archive lacks', () => {
      inRoot((root, apply) => {
        apply(makeTar('a/b/c = x', '/abs/./x/../y = z'), options);
        expect(tree(root)).toEqual({ a: '/', 'a/b': '/', 'a/b/c': 'x', abs: '/', 'abs/y': 'z' });
        expect(fs.statSync(join(root, 'a/b')).mode & 0o7777).toBe(options.form === 'plain' ? 0o600 : 0o755);
      });
    });

    it.each<[string, string, (string | ReturnType<typeof entry>)[]]>([
      ['a name above', 'ERR_TAR_BREAKOUT', ['../secret = x']],
      ['a name that climbs out', 'ERR_TAR_BREAKOUT', ['a/', 'a/../../root-evil/x = x']],
      ['the directory above', 'ERR_TAR_BREAKOUT', [entry('x', { name: '..', type: '5' })]],
      ['a root that is no directory', 'ERR_TAR_BREAKOUT', [entry('x = x', { name: '/' })]],
      ['a symlink out', 'ERR_TAR_BREAKOUT', ['a -> ../secret']],
      ['a symlink out from below', 'ERR_TAR_BREAKOUT', ['d/', 'd/a -> ../../root-evil']],
      ['a hard link out', 'ERR_TAR_BREAKOUT', ['a => ../secret']],
      ['a hard link to a neighbour of the same prefix', 'ERR_TAR_BREAKOUT', ['a => ../root-evil/x']],
      ['a hard link to nothing', 'ERR_TAR_HARDLINK', ['a => b']],
      ['a hard link to what comes later', 'ERR_TAR_HARDLINK', ['a => b', 'b = x']],
      ['a hard link to itself', 'ERR_TAR_HARDLINK', ['a = x', 'a => a']],
      ['a hard link to a directory', 'ERR_TAR_HARDLINK', ['d/', 'a => d']],
      ['a hard link to no AUFS link', 'ERR_TAR_HARDLINK', ['a => .wh..wh.plnk/1']],
      ['a whiteout of nothing', 'ERR_TAR_WHITEOUT', ['d/', 'd/.wh.']],
      ['a whiteout of its directory', 'ERR_TAR_WHITEOUT', ['d/', 'd/.wh..']],
      ['a whiteout of the directory above', 'ERR_TAR_WHITEOUT', ['d/', 'd/.wh...']],
      ['a file in a file', 'ERR_TAR_PARENT', ['a = x', 'a/b = y']],
      ['an opaque marker in a file', 'ERR_TAR_PARENT', ['a = x', 'a/.wh..wh..opq']],
      ['a type that no filesystem has', 'ERR_TAR_TYPE', [entry('a', { type: 'V' })]],
      ['a contiguous file', 'ERR_TAR_TYPE', [entry('a', { type: '7' })]],
      ['a name that is too long', 'ERR_TAR_APPLY', [`${'n'.repeat(256)} = x`]],
      ['a file through a symlink to a file', 'ERR_TAR_APPLY', ['f = x', 'l -> f', 'l/a = y']],
      ['a symlink to nothing', 'ERR_TAR_APPLY', [entry('a', { type: '2' })]],
    ])('refuses %s with %s and leaves nothing behind', (_, code, entries) => {
      inRoot((root, apply) => {
        fs.utimesSync(root, 5, 6);
        const before = fs.statSync(root);
        const tar = makeTar('good/', 'good/file = x', '.wh..wh..opq', ...entries);
        const refused = expect.objectContaining({ name: 'ArchiveError', code, entry: expect.any(String) });
        expect(() => apply(tar, options)).toThrow(refused);
        expect(fs.readdirSync(root)).toEqual([]);
        const { mode, uid, gid, mtimeMs } = fs.statSync(root);
        expect({ mode, uid, gid, mtimeMs }).toEqual({ mode: before.mode, uid: 0, gid: 0, mtimeMs: before.mtimeMs });
        expect(chrootedTask().llistxattr(root)).toEqual([]);
      });
    });

    it.each([
      ['absolute', 'd -> /etc'],
      ['relative', 'd -> ../../etc'],
    ])('never follows an %s symlink out of the directory', (_, link) => {
      inRoot((root, apply) => {
        fs.mkdirSync(join(root, 'etc'));
        apply(makeTar(link, 'd/passwd-of-a-layer = x', 'd/.wh.gone', 'l => d/passwd-of-a-layer'), {
          ...options,
          breakout: 'contain',
        });
        expect(fs.existsSync('/etc/passwd-of-a-layer')).toBe(false);
        expect(tree(root)).toMatchObject({ d: link.slice(2), 'etc/passwd-of-a-layer': 'x', l: 'x' });
      });
    });

    it('gives the error of the system as the cause', () => {
      inRoot((root) => {
        const refuse: Interceptor = (call) => {
          if (call === 'write') throw new ErrnoException('ENOSPC', 'write');
        };
        const apply = (): unknown => applyLayer(chrootedTask(refuse), root, makeTar('a/', 'a/b = full'), options);
        const cause = expect.objectContaining({ code: 'ENOSPC', syscall: 'write' });
        expect(apply).toThrow(expect.objectContaining({ code: 'ERR_TAR_APPLY', entry: 'a/b', cause }));
        expect(fs.readdirSync(root)).toEqual([]);
      });
    });

    it('writes nothing when the archive breaks off at its end', () => {
      inRoot((root) => {
        const tar = makeTar('a/', 'a/b = x', 'c = y');
        const writes: string[] = [];
        const watch: Interceptor = (call) => {
          if (/^(mkdir|open|mknod|unlink|l?chown|chmod|utimensat|set)/.test(call)) writes.push(call);
        };
        fs.writeFileSync(join(root, 'there'), 'before');
        const apply = (): unknown => applyLayer(chrootedTask(watch), root, tar.subarray(0, 2100), options);
        expect(apply).toThrow(expect.objectContaining({ code: 'ERR_TAR_TRUNCATED' }));
        expect(writes).toEqual([]);
        expect(tree(root)).toEqual({ there: 'before' });
      });
    });

    it('answers the sum of the sizes, and takes an archive in pieces', () => {
      inDirectory((root) => {
        const tar = makeTar('a = 12345', 'b/', 'b/c = 123');
        const pieces = Array.from({ length: Math.ceil(tar.length / 100) }, (_, n) =>
          tar.subarray(n * 100, n * 100 + 100),
        );
        expect(applyLayer(chrootedTask(), root, pieces, options)).toEqual({ size: 8 });
        expect(tree(root)).toEqual({ a: '12345', b: '/', 'b/c': '123' });
      });
    });
  });

describe('whiteouts', () => {
  it('become character devices and an attribute in the overlay form', () => {
    inRoot((root, apply) => {
      apply(
        makeTar('d/', entry('d/.wh.gone', { uid: 5, gid: 6 }), '.wh.top', 'o/', 'o/.wh..wh..opq', 'o/new = n'),
        overlay,
      );
      expect(tree(root)).toEqual({ d: '/', 'd/gone': 'char 0', o: '/', 'o/new': 'n', top: 'char 0' });
      expect(fs.lstatSync(join(root, 'd/gone'))).toMatchObject({ uid: 5, gid: 6 });
      expect(chrootedTask().getxattr(join(root, 'o'), 'trusted.overlay.opaque')).toEqual(Uint8Array.of(0x79));
      expect(chrootedTask().llistxattr(join(root, 'd'))).toEqual([]);
    });
  });

  it('cannot delete what the same layer holds in the overlay form, unless it comes later', () => {
    inRoot((_, apply) => {
      const refused = expect.objectContaining({ code: 'ERR_TAR_WHITEOUT' });
      expect(() => apply(makeTar('a = x', '.wh.a'), overlay)).toThrow(refused);
      apply(makeTar('.wh.a', 'a = x'), overlay);
    });
  });

  it('delete in the plain form, whether anything is there or not', () => {
    inRoot((root, apply) => {
      fs.mkdirSync(join(root, 'd/sub'), { recursive: true });
      fs.writeFileSync(join(root, 'd/sub/f'), 'x');
      fs.writeFileSync(join(root, 'd/stays'), 'x');
      apply(makeTar('d/', 'd/.wh.sub', 'd/.wh.never'), plain);
      expect(tree(root)).toEqual({ d: '/', 'd/stays': 'x' });
    });
  });

  it.each([
    ['before', ['o/', 'o/.wh..wh..opq', 'o/new = n', 'o/sub/', 'o/sub/deep = n']],
    ['behind', ['o/', 'o/new = n', 'o/sub/', 'o/sub/deep = n', 'o/.wh..wh..opq']],
  ])('an opaque marker %s the new files empties the directory of the old ones alone', (_, entries) => {
    inRoot((root, apply) => {
      fs.mkdirSync(join(root, 'o/sub'), { recursive: true });
      for (const name of ['o/old', 'o/sub/old']) fs.writeFileSync(join(root, name), 'x');
      apply(makeTar('o/sub/', ...entries), plain);
      expect(tree(root)).toEqual({ o: '/', 'o/new': 'n', 'o/sub': '/', 'o/sub/deep': 'n' });
    });
  });
});
