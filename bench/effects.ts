/**
 * What each mount option of overlayfs changes, counted inside the machine: the same work on a mount without the option
 * and on one with it. Nothing is timed, so that the figures are the same on every computer.
 */
import type { Library } from './build.ts';

export interface Effect {
  readonly option: string;
  readonly counted: string;
  readonly off: number;
  readonly on: number;
}

type Machine = ReturnType<Library['createMachine']>;
/** What was counted of a work on one mount, by what it is. */
type Figures = Readonly<Record<string, number>>;

/** Work on a fresh mount whose options are given. */
interface Work {
  readonly option: string;
  readonly off: string;
  readonly on: string;
  /** Fills the lower layer `/lower/layer`; the upper one is `/writable/upper`. */
  fill(machine: Machine): void;
  work(machine: Machine): Figures;
}

const MIB = 2 ** 20;
const SIZE = 256 * MIB;
const FILES = 1000;
const [UPPER, INDEX] = ['/writable/upper', '/writable/work/index'];
const LAYERS = `lowerdir=/lower/layer,upperdir=${UPPER},workdir=/writable/work`;

/** A machine with both layers, on two filesystems, and the union mounted. */
function mountedWith({ createMachine }: Library, { fill }: Work, options: string): Machine {
  const machine = createMachine();
  const { fs, task } = machine;
  for (const [at, directories] of [
    ['/lower', ['layer']],
    ['/writable', ['upper', 'work']],
  ] as const) {
    fs.mkdirSync(at);
    task.mount('none', at, 'tmpfs');
    for (const directory of directories) fs.mkdirSync(`${at}/${directory}`);
  }
  fill(machine);
  fs.mkdirSync('/merged');
  task.mount('overlay', '/merged', 'overlay', options === '' ? LAYERS : `${LAYERS},${options}`);
  return machine;
}

interface Counted {
  calls: number;
  copiedUp: number;
  bytesCopiedUp: number;
  flushes: number;
}

/** What the machine traces while `act` runs; a flush counts where it reaches the upper layer. */
function counting({ kernel }: Machine, act: () => void): Counted {
  const counted: Counted = { calls: 0, copiedUp: 0, bytesCopiedUp: 0, flushes: 0 };
  const stop = kernel.trace.subscribe((event) => {
    if (event.kind === 'syscall') counted.calls++;
    else if (event.kind === 'flush' && event.filesystem === 'tmpfs') counted.flushes++;
    else if (event.kind === 'copy-up') {
      counted.copiedUp++;
      counted.bytesCopiedUp += event.bytes;
    }
  });
  act();
  stop();
  return counted;
}

/** A file of 256 MiB of data that takes the memory of one. */
function makeLarge({ fs, task }: Machine, path: string): void {
  fs.writeFileSync(path, Buffer.alloc(MIB, 'l'));
  const fd = task.open(path, 2, 0);
  for (let at = MIB; at < SIZE; at += MIB) task.copyFileRange(fd, 0, fd, at, MIB);
  task.close(fd);
}

const metacopy: Work = {
  option: 'metacopy',
  off: '',
  on: 'metacopy=on',
  fill: (machine) => makeLarge(machine, '/lower/layer/large'),
  work(machine) {
    const { fs } = machine;
    const { bytesCopiedUp } = counting(machine, () => fs.chmodSync('/merged/large', 0o600));
    const stored = fs.statSync(`${UPPER}/large`).blocks * 512;
    const later = counting(machine, () => fs.appendFileSync('/merged/large', 'x')).bytesCopiedUp;
    return {
      'chmod of 256 MiB: bytes copied up': bytesCopiedUp,
      'chmod of 256 MiB: bytes in the upper layer': stored,
      'first write behind the chmod: bytes copied up': later,
    };
  },
};

/** rename(2), and what mv(1) does where that is refused. */
function move({ fs, task }: Machine, from: string, to: string): number {
  try {
    task.rename(from, to);
    return 0;
  } catch (error) {
    if ((error as { code: string }).code !== 'EXDEV') throw error;
  }
  fs.mkdirSync(to);
  for (const name of fs.readdirSync(from) as string[]) {
    const stat = fs.lstatSync(`${from}/${name}`);
    fs.writeFileSync(`${to}/${name}`, fs.readFileSync(`${from}/${name}`) as Buffer, { mode: stat.mode });
    fs.utimesSync(`${to}/${name}`, stat.atime, stat.mtime);
  }
  for (const name of fs.readdirSync(from) as string[]) fs.unlinkSync(`${from}/${name}`);
  fs.rmdirSync(from);
  return 1;
}

const redirectDir: Work = {
  option: 'redirect_dir',
  off: '',
  on: 'redirect_dir=on',
  fill({ fs }) {
    fs.mkdirSync('/lower/layer/tree');
    for (let i = 0; i < FILES; i++) fs.writeFileSync(`/lower/layer/tree/${i}`, Buffer.alloc(1024, 'f'));
  },
  work(machine) {
    let refused = 0;
    const { calls } = counting(machine, () => {
      refused = move(machine, '/merged/tree', '/merged/moved');
    });
    const entries = entriesBelow(machine, UPPER);
    const bytes = entries.reduce((sum, path) => sum + machine.fs.lstatSync(path).blocks * 512, 0);
    const title = 'mv of a lower directory of 1,000 files';
    return {
      [`${title}: EXDEV`]: refused,
      [`${title}: system calls`]: calls,
      [`${title}: objects in the upper layer`]: entries.length,
      [`${title}: bytes in the upper layer`]: bytes,
    };
  },
};

/** Every object below a directory. */
function entriesBelow(machine: Machine, directory: string): string[] {
  return (machine.fs.readdirSync(directory) as string[]).flatMap((name) => {
    const path = `${directory}/${name}`;
    return machine.fs.lstatSync(path).isDirectory() ? [path, ...entriesBelow(machine, path)] : [path];
  });
}

const NAMES = ['one', 'two', 'three'];

const index: Work = {
  option: 'index',
  off: '',
  on: 'index=on',
  fill({ fs }) {
    fs.writeFileSync('/lower/layer/one', 'old');
    for (const name of NAMES.slice(1)) fs.linkSync('/lower/layer/one', `/lower/layer/${name}`);
  },
  work(machine) {
    const { fs } = machine;
    fs.writeFileSync('/merged/one', 'new');
    const changed = NAMES.filter((name) => fs.readFileSync(`/merged/${name}`, 'utf8') === 'new').length;
    const paths = [...entriesBelow(machine, UPPER), ...indexEntries(machine)];
    const title = 'one of 3 links written';
    return {
      [`${title}: names that show it`]: changed,
      [`${title}: links of its inode in the union`]: fs.statSync('/merged/one').nlink,
      [`${title}: inodes in upper and index`]: new Set(paths.map((path) => fs.lstatSync(path).ino)).size,
      [`${title}: names in upper and index`]: paths.length,
    };
  },
};

const indexEntries = (machine: Machine): string[] =>
  machine.fs.existsSync(INDEX) ? (machine.fs.readdirSync(INDEX) as string[]).map((name) => `${INDEX}/${name}`) : [];

const nfsExport: Work = {
  option: 'nfs_export',
  off: 'index=on',
  on: 'index=on,nfs_export=on',
  fill({ fs }) {
    for (const directory of ['a', 'b']) {
      fs.mkdirSync(`/lower/layer/${directory}`);
      for (let i = 0; i < 5; i++) fs.writeFileSync(`/lower/layer/${directory}/${i}`, 'x');
    }
  },
  work(machine) {
    const { copiedUp } = counting(machine, () => {
      for (const directory of ['a', 'b'])
        for (let i = 0; i < 5; i++) machine.fs.appendFileSync(`/merged/${directory}/${i}`, 'y');
    });
    return {
      '2 directories with 5 files copied up: copy-ups': copiedUp,
      '2 directories with 5 files copied up: entries in the index': indexEntries(machine).length,
    };
  },
};

const volatile: Work = {
  option: 'volatile',
  off: '',
  on: 'volatile',
  fill: ({ fs }) => fs.writeFileSync('/lower/layer/file', 'x'),
  work(machine) {
    const { fs, task } = machine;
    fs.appendFileSync('/merged/file', 'y');
    const fd = task.open('/merged/file', 2, 0);
    const fsync = counting(machine, () => task.fsync(fd)).flushes;
    const syncfs = counting(machine, () => task.syncfs(fd)).flushes;
    task.close(fd);
    return { 'fsync: flushes of the upper layer': fsync, 'syncfs: flushes of the upper layer': syncfs };
  },
};

const xino: Work = {
  option: 'xino',
  off: '',
  on: 'xino=on',
  fill({ fs }) {
    for (const name of ['kept', 'written']) fs.writeFileSync(`/lower/layer/${name}`, 'x');
  },
  work({ fs }) {
    const before = fs.statSync('/merged/written', { bigint: true });
    fs.appendFileSync('/merged/written', 'y');
    fs.writeFileSync('/merged/new', 'z');
    const after = fs.statSync('/merged/written', { bigint: true });
    const devices = ['', '/kept', '/written', '/new'].map((name) => fs.statSync(`/merged${name}`).dev);
    const title = 'layers on two filesystems';
    return {
      [`${title}: devices in the union`]: new Set(devices).size,
      [`${title}: files whose device or number changes by copy-up`]: Number(
        before.dev !== after.dev || before.ino !== after.ino,
      ),
    };
  },
};

const WORKS: readonly Work[] = [metacopy, redirectDir, index, nfsExport, volatile, xino];

/** The effects of all options. */
export function measureEffects(library: Library): Effect[] {
  return WORKS.flatMap((work) => {
    const [off, on] = [work.off, work.on].map((options) => work.work(mountedWith(library, work, options)));
    return Object.entries(off!).map(([counted, value]) => ({
      option: work.option,
      counted,
      off: value,
      on: on![counted]!,
    }));
  });
}
