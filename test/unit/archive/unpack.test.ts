import { describe, expect, it } from 'vitest';
import type { ArchiveError } from '../../../src/archive/archive-error.ts';
import { packLayer } from '../../../src/archive/diff.ts';
import { LayerUnpacker, type UnpackOptions } from '../../../src/archive/unpack.ts';
import type { TarEntry } from '../../../src/archive/tar-entry.ts';
import { entry, makeTar } from './make-tar.ts';
import { treeOf, type World, world } from './tree-world.ts';

type Entries = readonly (string | TarEntry)[];
const overlay: UnpackOptions = { form: 'overlay', breakout: 'contain' };
const plain: UnpackOptions = { form: 'plain', breakout: 'contain' };

/** Unpacks in pieces of 100 bytes, so that everything is cut somewhere. */
function unpack({ task }: World, entries: Entries, options: UnpackOptions): number {
  const unpacker = new LayerUnpacker(task, '/root', options);
  try {
    const tar = makeTar(...entries);
    for (let at = 0; at < tar.length; at += 100) unpacker.write(tar.subarray(at, at + 100));
    return unpacker.end().size;
  } catch (error) {
    unpacker.abort();
    throw error;
  }
}

const timeOf = ({ task }: World, path: string): number => task.lstat(path).mtime.sec;
const permissionsOf = ({ task }: World, path: string): string => (task.lstat(path).mode & 0o7777).toString(8);

/** What dockerd 20.10.24 made of each archive, by `docker import` with overlay2 and with vfs. */
const recorded: readonly (readonly [
  string,
  Entries,
  Record<'overlay' | 'plain', Record<string, string> | readonly [code: string, text: string]>,
])[] = [
  [
    'names and links that climb out stay inside',
    ['../evil = x', 'a/../../evil2 = y', '/abs/f = z', 'lnk -> ../../../etc/hosts', 'hl => ../evil'],
    {
      overlay: { abs: '/', 'abs/f': 'z', evil: 'x', evil2: 'y', hl: 'x', lnk: '-> ../../../etc/hosts' },
      plain: { abs: '/', 'abs/f': 'z', evil: 'x', evil2: 'y', hl: 'x', lnk: '-> ../../../etc/hosts' },
    },
  ],
  [
    'AUFS files are known to the plain form alone, which keeps their directory',
    ['.wh..wh.plnk/', '.wh..wh.plnk/1.2 = linked', '.wh..wh.aufs', 'a => .wh..wh.plnk/1.2', 'b => a', 'd/.wh..wh.x'],
    {
      overlay: {
        '.wh..wh.plnk': '/',
        '.wh..wh.plnk/1.2': 'linked',
        '.wh.aufs': 'char 0',
        '.wh.plnk': 'char 0',
        a: 'linked',
        b: 'linked',
        d: '/',
        'd/.wh.x': 'char 0',
      },
      plain: { '.wh..wh.plnk': '/', a: 'linked', b: 'linked', d: '/' },
    },
  ],
  [
    'parents that the archive lacks do not survive an opaque marker of the plain form',
    ['o/sub/deep = n', 'o/.wh..wh..opq', 'p/sub/deep = n', 'p/', 'p/.wh..wh..opq'],
    {
      overlay: { o: '/', 'o/sub': '/', 'o/sub/deep': 'n', p: '/', 'p/sub': '/', 'p/sub/deep': 'n' },
      plain: { o: '/', p: '/' },
    },
  ],
  [
    'a deletion of what the layer holds',
    ['a = x', '.wh.a'],
    { overlay: ['ERR_TAR_APPLY', 'failed to mknod("/a", S_IFCHR, 0): file exists'], plain: {} },
  ],
  [
    'a deletion of a directory that the layer holds',
    ['a/', '.wh.a'],
    {
      overlay: ['ERR_TAR_APPLY', 'failed to mknod("/a", S_IFCHR, 0): file exists'],
      plain: ['ERR_TAR_APPLY', 'chtimes /a: no such file or directory'],
    },
  ],
  [
    'a deletion that names nothing',
    ['d/', 'd/f = x', 'd/e/', 'd/e/.wh.'],
    {
      overlay: ['ERR_TAR_APPLY', 'failed to mknod("/d/e", S_IFCHR, 0): file exists'],
      plain: ['ERR_TAR_APPLY', 'chtimes /d/e: no such file or directory'],
    },
  ],
  [
    'a deletion of the directory above',
    ['d/', 'd/f = x', 'd/e/', 'd/e/.wh...'],
    {
      overlay: ['ERR_TAR_APPLY', 'failed to mknod("/d", S_IFCHR, 0): file exists'],
      plain: ['ERR_TAR_APPLY', 'chtimes /d: no such file or directory'],
    },
  ],
  [
    'a deletion of the root',
    ['d/', 'd/f = x', '.wh.'],
    {
      overlay: ['ERR_TAR_APPLY', 'failed to mknod("/", S_IFCHR, 0): file exists'],
      plain: ['ERR_TAR_APPLY', 'unlinkat .//: device or resource busy'],
    },
  ],
  [
    'a file in a file',
    ['a = x', 'a/b = y'],
    {
      overlay: ['ERR_TAR_APPLY', 'open /a/b: not a directory'],
      plain: ['ERR_TAR_APPLY', 'open /a/b: not a directory'],
    },
  ],
  [
    'a deletion in a file',
    ['a = x', 'a/.wh.b'],
    {
      overlay: ['ERR_TAR_APPLY', 'failed to mknod("/a/b", S_IFCHR, 0): not a directory'],
      plain: ['ERR_TAR_APPLY', 'unlinkat /a/b: not a directory'],
    },
  ],
  ['an opaque marker in a file', ['a = x', 'a/.wh..wh..opq'], { overlay: { a: 'x' }, plain: { a: 'x' } }],
  [
    'a file behind a symlink to itself',
    ['l -> l', 'l/f = x'],
    {
      overlay: ['ERR_TAR_APPLY', 'open /l/f: too many levels of symbolic links'],
      plain: ['ERR_TAR_APPLY', 'open /l/f: too many levels of symbolic links'],
    },
  ],
  [
    'a hard link to nothing',
    ['a => b'],
    {
      overlay: ['ERR_TAR_APPLY', 'link /b /a: no such file or directory'],
      plain: ['ERR_TAR_APPLY', 'link /b /a: no such file or directory'],
    },
  ],
  [
    'a hard link to a directory',
    ['d/', 'a => d'],
    {
      overlay: ['ERR_TAR_APPLY', 'link /d /a: operation not permitted'],
      plain: ['ERR_TAR_APPLY', 'link /d /a: operation not permitted'],
    },
  ],
  [
    'a hard link to no AUFS file',
    ['a => .wh..wh.plnk/1'],
    {
      overlay: ['ERR_TAR_APPLY', 'link /.wh..wh.plnk/1 /a: no such file or directory'],
      plain: ['ERR_TAR_HARDLINK', 'Invalid aufs hardlink'],
    },
  ],
  [
    'a root that is a file',
    [entry('x = x', { name: '.' }), 'a = y'],
    { overlay: { a: 'y' }, plain: ['ERR_TAR_APPLY', 'unlinkat .//: device or resource busy'] },
  ],
  [
    'a type that no filesystem has',
    [entry('a', { type: '7' })],
    {
      overlay: ['ERR_TAR_TYPE', 'unhandled tar header type 55'],
      plain: ['ERR_TAR_TYPE', 'unhandled tar header type 55'],
    },
  ],
];

describe.each(['overlay', 'plain'] as const)('unpacking as dockerd does in the %s form', (form) => {
  it.each(recorded)('%s', (_, entries, { [form]: outcome }) => {
    const machine = world('/root', '/outside');
    const run = (): number => unpack(machine, entries, { form, breakout: 'contain' });
    if (!Array.isArray(outcome)) {
      run();
      expect(treeOf(machine, '/root')).toEqual(outcome);
    } else {
      const [code, text] = outcome;
      const message = expect.stringContaining(text);
      expect(run).toThrow(expect.objectContaining({ name: 'ArchiveError', code, message }));
      // The temporary directory is gone too.
      expect(Object.keys(treeOf(machine, '/root')).filter((name) => name.startsWith('temp'))).toEqual([]);
    }
    expect(treeOf(machine, '/outside')).toEqual({});
    expect(machine.check()).toEqual([]);
  });
});

describe('what the forms do differently', () => {
  it('missing parents are of mode 0600 in the plain form, root’s own of mode 0755 in overlay’s', () => {
    for (const [options, mode] of [
      [plain, '600'],
      [overlay, '755'],
    ] as const) {
      const machine = world('/root');
      machine.task.chmod('/root', 0o2775);
      machine.task.chown('/root', 7, 8);
      unpack(machine, ['a/b/c = x'], options);
      const { uid, gid } = machine.task.lstat('/root/a/b');
      expect([permissionsOf(machine, '/root/a/b').slice(-3), uid]).toEqual([mode, 0]);
      expect(gid).toBe(form(options) === 'plain' ? 8 : 0);
    }
  });

  it('the root’s own entry counts in the plain form, and in overlay’s only where it is called /', () => {
    const root = (name: string): TarEntry => entry('x/', { name, mode: 0o40700, uid: 9 });
    const outcome = (options: UnpackOptions, name: string): unknown => {
      const machine = world('/root');
      unpack(machine, [root(name), 'a = y'], options);
      return [permissionsOf(machine, '/root'), timeOf(machine, '/root') === 1600000000];
    };
    expect(outcome(overlay, './')).toEqual(['755', false]);
    expect(outcome(overlay, '/')).toEqual(['700', true]);
    // The directory of link sources comes and goes in it.
    expect(outcome(plain, './')).toEqual(['700', false]);
    expect(outcome(plain, '/')).toEqual(['700', false]);
  });

  it('a global PAX header removes the file of its name in the plain form, and nothing in overlay’s', () => {
    const header = entry('below/pax_global_header', { type: 'g' });
    for (const options of [plain, overlay]) {
      const machine = world('/root', '/root/below');
      machine.fs.writeFileSync('/root/below/pax_global_header', 'x');
      unpack(machine, [header, 'a = y'], options);
      expect(machine.fs.existsSync('/root/below/pax_global_header')).toBe(form(options) === 'overlay');
    }
  });

  it('a copy is made for each link to an AUFS file, with what the archive says of that file', () => {
    const machine = world('/root');
    const source = entry('.wh..wh.plnk/1.2 = linked', { mode: 0o100751, uid: 5 });
    unpack(machine, [source, entry('a => .wh..wh.plnk/1.2', { mode: 0o600, uid: 1 }), 'b => .wh..wh.plnk/1.2'], plain);
    const [a, b] = ['/root/a', '/root/b'].map((path) => machine.task.lstat(path));
    expect(a).toMatchObject({ mode: 0o100751, uid: 5, nlink: 1, size: 6 });
    expect(b).toMatchObject({ mode: 0o100751, uid: 5, nlink: 1, size: 6 });
  });

  it('opaque directories and whiteouts of overlay’s form are those of overlayfs', () => {
    const machine = world('/root');
    unpack(machine, ['o/.wh..wh..opq', entry('o/.wh.x', { uid: 3, gid: 4 })], {
      ...overlay,
      overlayPrefix: 'user.overlay.',
    });
    expect(machine.task.getxattr('/root/o', 'user.overlay.opaque')).toEqual(Uint8Array.of(0x79));
    expect(machine.task.lstat('/root/o/x')).toMatchObject({ mode: 0o020000, rdev: 0, uid: 3, gid: 4 });
  });
});

const form = (options: UnpackOptions): string => options.form;

describe('unpacking in one pass', () => {
  it('answers the sum of the sizes in the headers', () => {
    for (const options of [plain, overlay]) {
      expect(unpack(world('/root'), ['a = 12345', 'b/', 'b/c = 123', 'a => b/c'], options)).toBe(8);
    }
  });

  it('leaves what was unpacked when it is given up, and nothing open', () => {
    const machine = world('/root');
    const unpacker = new LayerUnpacker(machine.task, '/root', plain);
    unpacker.write(makeTar('a = x', `b = ${'y'.repeat(5000)}`).subarray(0, 3000));
    unpacker.abort();
    unpacker.abort();
    expect(Object.keys(treeOf(machine, '/root'))).toEqual(['a', 'b']);
    expect(() => unpacker.write(new Uint8Array(512))).toThrow(expect.objectContaining({ code: 'ERR_TAR_APPLY' }));
    expect(machine.check()).toEqual([]);
  });

  it('refuses an archive that breaks off', () => {
    const machine = world('/root');
    const unpacker = new LayerUnpacker(machine.task, '/root', overlay);
    unpacker.write(makeTar('a = x').subarray(0, 700));
    expect(() => unpacker.end()).toThrow(expect.objectContaining({ code: 'ERR_TAR_TRUNCATED', entry: 'a' }));
    unpacker.abort();
  });

  it('names the entry at which the system refused', () => {
    const machine = world('/root');
    const refused = expect.objectContaining({ code: 'ERR_TAR_APPLY', entry: 'n'.repeat(256) });
    expect(() => unpack(machine, ['a = x', `${'n'.repeat(256)} = x`], plain)).toThrow(refused);
    expect(() => new LayerUnpacker(machine.task, '/nowhere', plain)).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});

/** The cases of moby's own suite, pkg/archive/diff_test.go and archive_linux_test.go, in other words. */
describe('what Go does', () => {
  it('holds the time of a symlink in nanoseconds of 64 bits, which wrap in 2262', () => {
    const machine = world('/root');
    const mtime = { sec: 9_999_999_999, nsec: 0 };
    unpack(machine, [entry('l -> x', { mtime }), entry('f = x', { mtime })], overlay);
    expect(machine.task.lstat('/root/l').mtime).toEqual({ sec: -8_446_744_075, nsec: 290_448_384 });
    expect(machine.task.lstat('/root/f').mtime).toEqual({ sec: 0, nsec: 0 });
  });

  it('opens the directory of a name that it cannot remove', () => {
    const machine = world('/root');
    machine.task.mknod('/root/d', 0o140644, 0);
    machine.fs.writeFileSync('/root/f', '');
    expect(() => unpack(machine, ['d/.wh.x'], plain)).toThrow('open /d: no such device or address');
    expect(() => unpack(machine, ['f/.wh.x'], plain)).toThrow('unlinkat /f/x: not a directory');
  });
});

describe('archives that want out', () => {
  const victim = (): World => {
    const machine = world('/root', '/victim');
    machine.fs.writeFileSync('/victim/hello', 'secret');
    return machine;
  };

  it.each<[string, Entries]>([
    ['a name above', ['../victim/new = x']],
    ['a name above the root', ['/../victim/new = x']],
    ['a hard link above', ['l => ../victim/hello']],
    ['a hard link above the root', ['l => /../victim/hello']],
    ['a file through a hard link to a directory', ['l => ../victim', 'l/file = x']],
    ['a symlink through a hard link', ['l => ../victim', 's -> l/hello']],
    ['a hard link through a hard link', ['l => ../victim', 'h => l/hello']],
    ['a file in the place of a hard link', ['l => ../victim', 'l = x']],
    ['a symlink above', ['l -> ../victim/hello']],
    ['a symlink above the root', ['l -> /../victim/hello']],
    ['a file through a symlink', ['l -> ../victim', 'l/file = x']],
    ['a symlink through a symlink', ['l -> ../victim', 's -> l/hello']],
    ['a hard link through a symlink', ['l -> ../victim', 'h => l/hello']],
    ['a file in the place of a symlink', ['l -> ../victim', 'l = x']],
  ])('%s', (_, entries) => {
    for (const breakout of ['refuse', 'contain'] as const) {
      for (const form of ['plain', 'overlay', 'aufs'] as const) {
        const machine = victim();
        let code = 'none';
        try {
          unpack(machine, entries, { form, breakout });
        } catch (error) {
          code = (error as ArchiveError).code;
        }
        const isRooted = entries[0] === '/../victim/new = x';
        expect(code).toMatch(breakout === 'refuse' && !isRooted ? 'ERR_TAR_BREAKOUT' : /^(none|ERR_TAR_APPLY)$/);
        expect(treeOf(machine, '/victim')).toEqual({ hello: 'secret' });
        expect(Object.values(treeOf(machine, '/root'))).not.toContain('secret');
        expect(machine.task.lstat('/victim/hello').nlink).toBe(1);
      }
    }
  });

  it('four layers with whiteouts of every kind leave what they should, one after the other', () => {
    const machine = world('/root');
    const empty = (names: readonly string[]): Entries =>
      names.map((name) => (name.endsWith('/') ? name : `${name} = `));
    const steps: readonly (readonly [string[], string[]])[] = [
      [
        [
          '.hidden',
          'dir/',
          'dir/file',
          'dir/sub/',
          'gone',
          'opq/',
          'opq/.a',
          'opq/.b/',
          'opq/.b/in',
          'opq/c/',
          'opq/c/1',
          'opq/c/2',
          'opq/d',
          'other',
        ],
        [
          '.hidden',
          'dir',
          'dir/file',
          'dir/sub',
          'gone',
          'opq',
          'opq/.a',
          'opq/.b',
          'opq/.b/in',
          'opq/c',
          'opq/c/1',
          'opq/c/2',
          'opq/d',
          'other',
        ],
      ],
      [
        ['.new', '.wh.gone', 'opq/', 'opq/.before', 'opq/.wh..wh..opq', 'opq/c/', 'opq/c/2'],
        ['.hidden', '.new', 'dir', 'dir/file', 'dir/sub', 'opq', 'opq/.before', 'opq/c', 'opq/c/2', 'other'],
      ],
      [
        ['.new', '.wh..hidden', '.wh.other', 'opq/', 'opq/.a', 'opq/.wh.c', 'dir/'],
        ['.new', 'dir', 'dir/file', 'dir/sub', 'opq', 'opq/.a', 'opq/.before'],
      ],
      [
        ['.last', '.wh..wh..opq', 'other'],
        ['.last', 'other'],
      ],
    ];
    for (const [layer, expected] of steps) {
      unpack(machine, empty(layer), plain);
      expect(Object.keys(treeOf(machine, '/root'))).toEqual(expected);
    }
  });
});

/** The cases of moby's archive_linux_test.go: a directory of overlayfs in the form of a tar, unpacked again. */
describe('an overlay’s own directory', () => {
  function packed(): World {
    const machine = world('/upper', '/root');
    const { task } = machine;
    for (const [name, mode] of [
      ['d1', 0o700],
      ['d2', 0o750],
      ['d3', 0o700],
    ] as const) {
      task.mkdir(`/upper/${name}`, mode);
      if (name !== 'd3') task.setxattr(`/upper/${name}`, 'trusted.overlay.opaque', Uint8Array.of(0x79));
    }
    task.mknod('/upper/d1/f1', 0o100600, 0);
    task.mknod('/upper/d2/f1', 0o100660, 0);
    task.chmod('/upper/d2/f1', 0o660);
    task.mknod('/upper/d3/f1', 0o020000, 0);
    return machine;
  }

  function unpackInto(machine: World, form: UnpackOptions['form']): void {
    const unpacker = new LayerUnpacker(machine.task, '/root', { form });
    for (const chunk of packLayer(machine.task, '/upper')) unpacker.write(chunk);
    unpacker.end();
  }

  const modes = (machine: World, ...paths: string[]): string[] =>
    paths.map((path) => machine.task.lstat(`/root/${path}`).mode.toString(8));

  it('comes back as it was in overlay’s form', () => {
    const machine = packed();
    unpackInto(machine, 'overlay');
    expect(treeOf(machine, '/root')).toEqual(treeOf(machine, '/upper'));
    expect(modes(machine, 'd1', 'd2', 'd3')).toEqual(['40700', '40750', '40700']);
    expect(modes(machine, 'd1/f1', 'd2/f1', 'd3/f1')).toEqual(['100600', '100660', '20000']);
    const opaque = ['d1', 'd2', 'd3'].map((name) => machine.task.llistxattr(`/root/${name}`));
    expect(opaque).toEqual([['trusted.overlay.opaque'], ['trusted.overlay.opaque'], []]);
  });

  it('becomes a branch of AUFS in AUFS’s form', () => {
    const machine = packed();
    unpackInto(machine, 'aufs');
    expect(Object.keys(treeOf(machine, '/root'))).toEqual([
      ...['d1', 'd1/.wh..wh..opq', 'd1/f1'],
      ...['d2', 'd2/.wh..wh..opq', 'd2/f1'],
      ...['d3', 'd3/.wh.f1'],
    ]);
    expect(modes(machine, 'd1', 'd1/.wh..wh..opq', 'd1/f1')).toEqual(['40700', '100700', '100600']);
    expect(modes(machine, 'd2', 'd2/.wh..wh..opq', 'd2/f1')).toEqual(['40750', '100750', '100660']);
    expect(modes(machine, 'd3', 'd3/.wh.f1')).toEqual(['40700', '100600']);
    expect(machine.task.llistxattr('/root/d1')).toEqual([]);
  });
});
