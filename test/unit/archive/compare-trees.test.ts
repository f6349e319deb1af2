import { describe, expect, it } from 'vitest';
import { S_IFBLK, S_IFSOCK } from '../../../src/abi/mode.ts';
import { applyLayer } from '../../../src/archive/apply.ts';
import { formatChange } from '../../../src/archive/change.ts';
import { compareTrees } from '../../../src/archive/compare-trees.ts';
import { changesSize, exportChanges, packTree } from '../../../src/archive/export-changes.ts';
import { listNames } from '../../../src/archive/list-names.ts';
import type { TarHeader } from '../../../src/archive/tar-entry.ts';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import { LayerUnpacker } from '../../../src/archive/unpack.ts';
import { golden, goldenGunzipped, goldenText, whole } from './golden.ts';
import { dumpTar } from './tar-dump.ts';
import { setTimes, treeOf, type World, world } from './tree-world.ts';

const lines = (machine: World): string[] => compareTrees(machine.task, '/new', '/old').map(formatChange);
const sorted = (text: string): string[] => text.trimEnd().split('\n').sort();
const plain = { form: 'plain' } as const;
/** The users of the machine on which the recordings were made. */
const names = {
  user: (uid: number) => ({ 0: 'root', 1000: 'cloudsdk' })[uid] ?? '',
  group: (gid: number) => ({ 0: 'root', 50: 'staff' })[gid] ?? '',
};

/** Sets the machine's clock to the second in which the recording was committed. */
function setClock({ task }: World, sec: number): void {
  const now = task.clockGettime();
  task.nanosleep({ sec: sec - now.sec - 1, nsec: 1e9 - now.nsec });
}

function unpacked(base: string, ...layers: Uint8Array[]): World {
  const machine = world('/old', '/new');
  for (const tree of ['/old', '/new']) applyLayer(machine.task, tree, golden(base), plain);
  for (const layer of layers) applyLayer(machine.task, '/new', layer, plain);
  return machine;
}

describe('recorded with vfs', () => {
  /** The changes of the container called order, in our own calls. */
  function order(): World {
    const machine = unpacked('order/b.tar');
    const { fs, task } = machine;
    const write = (name: string, text: string): void => fs.writeFileSync(`/new/d/${name}`, `${text}\n`);
    const added = { 'a/new': 1, 'a-b': 2, 'a.c': 3, a0: 4, C: 5, é: 6, Z: 7, _: 8 };
    for (const [name, text] of Object.entries(added)) write(name, String(text));
    task.mkdir('/new/d/a-dir', 0o755);
    write('a-dir/x', '9');
    for (const name of ['gone', 'B', 'swap', 'opq']) fs.rmSync(`/new/d/${name}`, { recursive: true });
    task.mkdir('/new/d/swap');
    task.rmdir('/new/d/swap');
    write('swap', 'back');
    fs.mkdirSync('/new/d/opq/in', { recursive: true });
    write('opq/in/g', 'x');
    task.chmod('/new/d/same', 0o700);
    write('h1', 'h');
    task.link('/new/d/h1', '/new/d/a/h2');
    task.link('/new/d/h1', '/new/d/zz');
    for (const name of listNames(task, '/new/d')) {
      if (name === 'same') continue;
      if (name !== 'a') setTimes(task, `/new/d/${name}`, 1600001000);
    }
    for (const name of ['a/new', 'a/h2', 'a', '']) setTime(machine, `/new/d/${name}`);
    return machine;
  }
  const setTime = ({ task }: World, path: string): void =>
    task.utimensat(-100, path, { sec: 1600001000, nsec: 0 }, { sec: 1600001000, nsec: 0 });

  it('the changes are those that docker diff told', () => {
    expect(lines(order()).sort()).toEqual(sorted(goldenText('order/vfs.diff')));
  });

  it('the layer has the recorded headers, in the order of whole paths', () => {
    const machine = order();
    setClock(machine, 1795309192);
    const tar = whole(exportChanges(machine.task, '/new', compareTrees(machine.task, '/new', '/old'), names));
    expect(dumpTar(tar)).toBe(goldenText('order/vfs.dump'));
  });

  it('a layer of every kind of change comes out again byte for byte, and its changes are those of docker diff', () => {
    const child = goldenGunzipped('naive/child.tar.gz');
    const machine = unpacked('base/base-pax.tar', child);
    const { task } = machine;
    // dockerd sets times before 1970 to 1970 when it unpacks.
    task.utimensat(-100, '/new/w/neg', { sec: -5, nsec: 0 }, { sec: -5, nsec: 0 });
    const changes = compareTrees(task, '/new', '/old');
    task.mknod('/new/w/sock', S_IFSOCK | 0o755, 0);
    setTime(machine, '/new/w');
    expect(lines(machine).sort()).toEqual(recordedDiff('naive/docker-diff.txt'));
    // Two files of the layer below were rewritten as they were, and a link to unchanged files stands alone.
    expect(changes.some(({ path }) => path === '/w/touchsame' || path === '/w/delrecreate')).toBe(false);
    setClock(machine, 1795308487);
    const tar = whole(exportChanges(task, '/new', compareTrees(task, '/new', '/old'), names));
    expect(dumpTar(tar)).toBe(dumpTar(child));
    expect(Buffer.from(tar).equals(child)).toBe(true);
    // The sizes in the headers, and the two symlinks' texts.
    expect(changesSize(task, '/new', changes)).toBe(100576 + 'untouched'.length + 'append'.length);
  });

  it('sizes are those of the layer store', () => {
    const { task } = world('/old', '/new');
    expect(applyLayer(task, '/old', golden('base/base-pax.tar'), plain)).toEqual({ size: 899 });
    expect(applyLayer(task, '/new', golden('base/base-gnu.tar'), plain)).toEqual({ size: 899 });
    expect(applyLayer(task, '/new', goldenGunzipped('naive/child.tar.gz'), plain)).toEqual({ size: 100576 });
  });

  it('docker diff of an overlay2 container compares trees too', () => {
    const machine = unpacked('base/base-pax.tar', golden('layer/child.tar'));
    machine.task.mknod('/new/w/sock', S_IFSOCK | 0o755, 0);
    expect(lines(machine).sort()).toEqual(recordedDiff('layer/docker-diff.txt'));
  });

  /** The list of a recording; one name of the container has a line break. */
  function recordedDiff(name: string): string[] {
    return goldenText(name)
      .trimEnd()
      .split(/\n(?=[ACD] \/)/)
      .sort();
  }
});

describe('what counts as a change', () => {
  function pair(): World {
    const machine = world('/old', '/new');
    for (const root of ['/old', '/new']) {
      machine.fs.mkdirSync(`${root}/d/e`, { recursive: true });
      machine.fs.writeFileSync(`${root}/d/f`, 'text');
      machine.task.symlink('f', `${root}/d/l`);
      setTimes(machine.task, root, 1600000000);
    }
    return machine;
  }

  it.each<[string, (machine: World) => void, string[]]>([
    ['nothing', () => {}, []],
    ['the mode', ({ task }) => task.chmod('/new/d/f', 0o600), ['C /d', 'C /d/f']],
    ['the mode of a directory', ({ task }) => task.chmod('/new/d', 0o700), ['C /d']],
    ['the owner', ({ task }) => task.chown('/new/d/e', 1, -1), ['C /d', 'C /d/e']],
    ['the group of a symlink', ({ task }) => task.lchown('/new/d/l', -1, 1), ['C /d', 'C /d/l']],
    ['the time of a directory does not', ({ task }) => setTimes(task, '/new/d/e', 5), []],
    ['the second', ({ task }) => setTimes(task, '/new/d/f', 5), ['C /d', 'C /d/f']],
    ['nanoseconds of one side alone do not', ({ task }) => setTimes(task, '/new/d/f', 1600000000, 7), []],
    [
      'nanoseconds of both sides',
      ({ task }) => {
        setTimes(task, '/new/d/f', 1600000000, 7);
        setTimes(task, '/old/d/f', 1600000000, 8);
      },
      ['C /d', 'C /d/f'],
    ],
    [
      'the bytes alone do not',
      ({ fs, task }) => {
        fs.writeFileSync('/new/d/f', 'TEXT');
        setTimes(task, '/new/d/f', 1600000000);
      },
      [],
    ],
    [
      'the size',
      ({ fs, task }) => {
        fs.appendFileSync('/new/d/f', '!');
        setTimes(task, '/new/d/f', 1600000000);
      },
      ['C /d', 'C /d/f'],
    ],
    ['user attributes do not', ({ task }) => task.setxattr('/new/d/f', 'user.a', Uint8Array.of(1)), []],
    [
      'capabilities',
      ({ task }) =>
        task.setxattr('/new/d/f', 'security.capability', Uint8Array.from([1, 0, 0, 2, ...new Array(16).fill(0)])),
      ['C /d', 'C /d/f'],
    ],
    ['a file more', ({ fs }) => fs.writeFileSync('/new/d/new', ''), ['C /d', 'A /d/new']],
    ['a tree more', ({ fs }) => fs.mkdirSync('/new/t/u/v', { recursive: true }), ['A /t', 'A /t/u', 'A /t/u/v']],
    ['a tree less is told once', ({ fs }) => fs.rmSync('/new/d', { recursive: true }), ['D /d']],
    ['a file less', ({ fs }) => fs.rmSync('/new/d/f'), ['C /d', 'D /d/f']],
    [
      'a directory that became a file',
      ({ fs }) => {
        fs.rmSync('/new/d', { recursive: true });
        fs.writeFileSync('/new/d', '');
      },
      ['C /d'],
    ],
    [
      'a file that became a directory',
      ({ fs }) => {
        fs.rmSync('/new/d/f');
        fs.mkdirSync('/new/d/f/in', { recursive: true });
      },
      ['C /d', 'C /d/f', 'A /d/f/in'],
    ],
    [
      'a directory that became a socket, which dockerd takes for a directory',
      ({ fs, task }) => {
        fs.rmSync('/new/d', { recursive: true });
        task.mknod('/new/d', S_IFSOCK | 0o755, 0);
      },
      ['C /d', 'D /d/e', 'D /d/f', 'D /d/l'],
    ],
    [
      'the device, but for block devices not the time',
      ({ task }) => {
        for (const [root, sec] of [
          ['/old', 5],
          ['/new', 6],
        ] as const) {
          task.mknod(`${root}/same`, S_IFBLK | 0o600, 0x101);
          task.mknod(`${root}/other`, S_IFBLK | 0o600, 0x100 + sec);
          setTimes(task, `${root}/same`, sec);
        }
      },
      ['C /other'],
    ],
    [
      'nothing below what is one inode in both trees',
      ({ fs, task }) => {
        task.unlink('/new/d/f');
        task.link('/old/d/f', '/new/d/f');
        fs.writeFileSync('/new/d/f', 'rewritten');
      },
      [],
    ],
  ])('%s', (_, change, expected) => {
    const machine = pair();
    change(machine);
    expect(lines(machine)).toEqual(expected);
  });

  it('without an old tree everything is added', () => {
    const { task } = pair();
    expect(compareTrees(task, '/new').map(formatChange)).toEqual(['A /d', 'A /d/e', 'A /d/f', 'A /d/l']);
  });

  it('is found in order of the bytes of the names, deletions last in their directory', () => {
    const machine = pair();
    for (const name of ['Z', 'a', 'é', '\udcff']) machine.task.mknod(`/new/d/${name}`, 0o100600, 0);
    machine.task.unlink('/new/d/f');
    expect(lines(machine)).toEqual(['C /d', 'A /d/Z', 'A /d/a', 'A /d/é', 'A /d/\udcff', 'D /d/f']);
  });
});

/** The cases of moby's own suite, pkg/archive/changes_test.go, changes_posix_test.go, in other words. */
describe('as moby has it', () => {
  function sample({ task, fs }: World, root: string): void {
    for (const n of [1, 2, 3, 4, 5]) fs.writeFileSync(`${root}/file${n}`, `file${n}\n`, { mode: 0o600 });
    for (const n of [1, 2, 3]) {
      task.mkdir(`${root}/dir${n}`, 0o740);
      for (const m of [1, 2]) fs.writeFileSync(`${root}/dir${n}/file${n}-${m}`, `file${n}-${m}\n`, { mode: 0o664 });
    }
    task.mkdir(`${root}/dir4`, 0o740);
    for (const n of [1, 2]) task.symlink(`target${n}`, `${root}/symlink${n}`);
    setTimes(task, root, 1600000000);
  }

  function mutate({ task, fs }: World, root: string): void {
    for (const name of ['file1', 'dir1', 'symlink1', 'file3', 'file5', 'symlink2', 'dir2']) {
      fs.rmSync(`${root}/${name}`, { recursive: true });
    }
    fs.writeFileSync(`${root}/file2`, 'fileNN\n');
    fs.writeFileSync(`${root}/file3`, 'fileMM\n', { mode: 0o404 });
    setTimes(task, `${root}/file4`, 1600000001);
    task.mkdir(`${root}/file5`, 0o666);
    fs.writeFileSync(`${root}/filenew`, 'filenew\n');
    task.mkdir(`${root}/dirnew`, 0o766);
    task.symlink('targetnew', `${root}/symlinknew`);
    task.symlink('target2change', `${root}/symlink2`);
    fs.writeFileSync(`${root}/dir2`, 'dir2\n');
    setTimes(task, `${root}/dir3`, 1600000000);
  }

  function mutated(): World {
    const machine = world('/old', '/new');
    for (const root of ['/old', '/new']) sample(machine, root);
    mutate(machine, '/new');
    return machine;
  }

  it('a change is told as its letter and its path', () => {
    const told = (['C', 'A', 'D'] as const).map((kind) => formatChange({ kind, path: '/change' }));
    expect(told).toEqual(['C /change', 'A /change', 'D /change']);
  });

  it('equal trees do not differ', () => {
    const machine = world('/old', '/new');
    for (const root of ['/old', '/new']) sample(machine, root);
    expect(lines(machine)).toEqual([]);
  });

  it('each kind of mutation is one change', () => {
    expect(lines(mutated()).sort()).toEqual(
      ['D /dir1', 'C /dir2', 'A /dirnew', 'D /file1', 'C /file2', 'C /file3', 'C /file4', 'C /file5', 'A /filenew']
        .concat(['D /symlink1', 'C /symlink2', 'A /symlinknew'])
        .sort(),
    );
  });

  it('the exported changes make the new tree of the old one', () => {
    const machine = mutated();
    const { task } = machine;
    const unpacker = new LayerUnpacker(task, '/old', plain);
    for (const chunk of exportChanges(task, '/new', compareTrees(task, '/new', '/old'))) unpacker.write(chunk);
    unpacker.end();
    expect(compareTrees(task, '/old', '/new')).toEqual([]);
    expect(treeOf(machine, '/old')).toEqual(treeOf(machine, '/new'));
  });

  it('the size of changes counts an inode once, deletions and no changes nothing', () => {
    const { task, fs } = world('/old', '/new');
    let size = 0;
    for (let n = 0; n < 100; n++) {
      fs.writeFileSync(`/new/file-${n}`, 'fooo');
      task.link(`/new/file-${n}`, `/new/file-${n}-link`);
      size += 4;
    }
    expect(changesSize(task, '/new', compareTrees(task, '/new', '/old'))).toBe(size);
    expect(changesSize(task, '/new', [])).toBe(0);
    expect(changesSize(task, '/new', [{ kind: 'D', path: '/file-1' }])).toBe(0);
    const two = [
      { kind: 'A', path: '/file-1' },
      { kind: 'C', path: '/file-2' },
      { kind: 'C', path: '/vanished' },
    ] as const;
    expect(changesSize(task, '/new', two)).toBe(8);
  });

  it('the order of the changes does not matter to hard links', () => {
    const { task, fs } = world('/old', '/new');
    for (const name of ['file1', 'file2', 'file3']) {
      for (const root of ['/old', '/new']) fs.writeFileSync(`${root}/${name}`, 'text');
      for (const n of [0, 1, 2, 3, 4]) task.link(`/new/${name}`, `/new/${name}.link${n}`);
    }
    const changes = compareTrees(task, '/new', '/old');
    const headers = (list: typeof changes): TarHeader[] =>
      [...readArchive(whole(exportChanges(task, '/new', list)))].map(({ header }) => header);
    expect(headers([...changes].reverse())).toEqual(headers(changes));
    const links = headers(changes).map(({ name, type, linkname, size }) => [name, type, linkname, size]);
    expect(links.slice(0, 3)).toEqual([
      ['file1', '0', '', 4],
      ['file1.link0', '1', 'file1', 0],
      ['file1.link1', '1', 'file1', 0],
    ]);
  });
});

describe('a whole tree', () => {
  it('is packed parents before children, without its root and its sockets; nothing is a whiteout', () => {
    const { task, fs } = world('/old', '/new');
    fs.mkdirSync('/new/d/a', { recursive: true });
    for (const name of ['d/a-b', 'd/a/x', '.wh.f']) fs.writeFileSync(`/new/${name}`, 'x');
    task.mknod('/new/c', 0o020600, 0);
    task.mknod('/new/s', S_IFSOCK | 0o600, 0);
    setTimes(task, '/new', 1600000000, 999999999);
    const headers = [...readArchive(whole(packTree(task, '/new', names)))].map(({ header }) => header);
    expect(headers.map(({ name, type }) => [name, type])).toEqual([
      ['.wh.f', '0'],
      ['c', '3'],
      ['d/', '5'],
      ['d/a/', '5'],
      ['d/a/x', '0'],
      ['d/a-b', '0'],
    ]);
    expect(new Set(headers.map(({ mtime, uname }) => `${mtime.sec}.${mtime.nsec} ${uname}`))).toEqual(
      new Set(['1600000000.0 root']),
    );
  });

  it('comes back as it was', () => {
    const machine = unpacked('base/base-pax.tar');
    const { task } = machine;
    task.mkdir('/again', 0o755);
    applyLayer(task, '/again', [...packTree(task, '/new')], plain);
    expect(compareTrees(task, '/again', '/new')).toEqual([]);
    expect(compareTrees(task, '/new', '/again')).toEqual([]);
  });
});

describe('a whiteout of the lowest layer', () => {
  it('is listed and not there, on both sides: no deletion', () => {
    const machine = world('/low', '/low/d', '/middle', '/upper', '/work', '/old', '/new');
    const { task } = machine;
    task.mknod('/low/d/gone', 0o020000, 0);
    task.mount('overlay', '/old', 'overlay', 'lowerdir=/middle:/low');
    task.mount('overlay', '/new', 'overlay', 'lowerdir=/middle:/low,upperdir=/upper,workdir=/work');
    for (const tree of ['/old', '/new']) expect(listNames(task, `${tree}/d`)).toEqual(['gone']);
    expect(lines(machine)).toEqual([]);
  });
});

describe('the time of a deletion', () => {
  it.each([
    [0, 100],
    [499_999_999, 100],
    [500_000_000, 101],
  ])('with %i nanoseconds is rounded to the nearest second', (nsec, expected) => {
    const { task } = world('/old', '/new');
    const late = new Proxy(task, {
      get: (target, call) => (call === 'clockGettime' ? () => ({ sec: 100, nsec }) : Reflect.get(target, call, target)),
    });
    const tar = whole(exportChanges(late, '/new', [{ kind: 'D', path: '/a/é' }]));
    const [deletion] = readArchive(tar);
    expect(deletion?.header).toMatchObject({
      name: 'a/.wh.é',
      type: '0',
      mode: 0,
      size: 0,
      mtime: { sec: expected, nsec: 0 },
    });
  });
});
