/** Descriptors, streams, handles, directories: what one form only has, or what takes several calls. */
import { once, type Probe } from './probe.ts';

const callback = (fs: any, call: string, ...given: unknown[]): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    fs[call](...given, (error: unknown, ...answers: unknown[]) => (error ? reject(error) : resolve(answers)));
  });

const attempt = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

const withFd = (flags: string, act: (fs: any, fd: number, dir: string) => unknown): Probe['ask'] => {
  return async (fs, dir) => {
    const fd = fs.openSync(`${dir}/f`, flags);
    try {
      const value = await act(fs, fd, dir);
      return [value, fs.readFileSync(`${dir}/f`, 'utf8')];
    } finally {
      attempt(() => fs.closeSync(fd));
    }
  };
};

const read = (fs: any, fd: number, ...rest: unknown[]): unknown => {
  const into = Buffer.alloc(8, '.');
  return [attempt(() => fs.readSync(fd, into, ...rest)), into.toString()];
};

const descriptors: Probe[] = [
  ...['r', 'r+', 'rs', 'w', 'w+', 'wx', 'a', 'a+', 'ax', 'as', 'sr', 'zz', '', 5, 0, 64].map((flags) =>
    once(`open with flags ${JSON.stringify(flags)}`, (fs, dir) => {
      const fd = fs.openSync(`${dir}/f`, flags);
      fs.closeSync(fd);
      return fs.readFileSync(`${dir}/f`, 'utf8');
    }),
  ),
  once('open without flags', (fs, dir) => fs.closeSync(fs.openSync(`${dir}/f`))),
  once('open makes with a mode and the umask', (fs, dir) => {
    fs.closeSync(fs.openSync(`${dir}/new`, 'w', 0o777));
    return fs.statSync(`${dir}/new`).mode;
  }),
  once('open of a directory for writing', (fs, dir) => fs.openSync(`${dir}/dir`, 'w')),
  once('open with O_DIRECTORY', (fs, dir) => fs.openSync(`${dir}/f`, fs.constants.O_DIRECTORY)),
  once('open with O_NOFOLLOW', (fs, dir) => fs.openSync(`${dir}/link`, fs.constants.O_NOFOLLOW)),
  once(
    'read five of five',
    withFd('r', (fs, fd) => read(fs, fd, 0, 5, null)),
  ),
  once(
    'read into the middle',
    withFd('r', (fs, fd) => read(fs, fd, 2, 3, 1)),
  ),
  once(
    'read with options',
    withFd('r', (fs, fd) => read(fs, fd, { offset: 1, length: 2, position: 3 })),
  ),
  once(
    'read twice from the position',
    withFd('r', (fs, fd) => [read(fs, fd, 0, 2, null), read(fs, fd, 0, 8, null), read(fs, fd, 0, 8, null)]),
  ),
  once(
    'read at a bigint',
    withFd('r', (fs, fd) => read(fs, fd, 0, 2, 3n)),
  ),
  once(
    'read past the end',
    withFd('r', (fs, fd) => read(fs, fd, 0, 2, 99)),
  ),
  once(
    'read too much',
    withFd('r', (fs, fd) => read(fs, fd, 0, 99, 0)),
  ),
  once(
    'read nothing',
    withFd('r', (fs, fd) => read(fs, fd, 0, 0, 0)),
  ),
  once(
    'read of what is open for writing',
    withFd('a', (fs, fd) => read(fs, fd, 0, 2, 0)),
  ),
  once('read of a directory', (fs, dir) => {
    const fd = fs.openSync(`${dir}/dir`);
    const answer = attempt(() => fs.readSync(fd, Buffer.alloc(1)));
    fs.closeSync(fd);
    return answer;
  }),
  once(
    'read with a callback',
    withFd('r', (fs, fd) => callback(fs, 'read', fd, Buffer.alloc(3), 0, 3, 1)),
  ),
  once(
    'read with a callback and options',
    withFd('r', (fs, fd) => callback(fs, 'read', fd, { buffer: Buffer.alloc(2), position: 1 })),
  ),
  once(
    'write at the position',
    withFd('r+', (fs, fd) => [fs.writeSync(fd, Buffer.from('HE')), fs.writeSync(fd, 'y')]),
  ),
  once(
    'write at a place',
    withFd('r+', (fs, fd) => fs.writeSync(fd, Buffer.from('abc'), 1, 2, 3)),
  ),
  once(
    'write a string at a place',
    withFd('r+', (fs, fd) => fs.writeSync(fd, '4142', 4, 'hex')),
  ),
  once(
    'write leaves a hole',
    withFd('r+', (fs, fd) => fs.writeSync(fd, 'end', 8)),
  ),
  once(
    'write appends whatever the place',
    withFd('a+', (fs, fd) => fs.writeSync(fd, 'Z', 0)),
  ),
  once(
    'write with options',
    withFd('r+', (fs, fd) => fs.writeSync(fd, Buffer.from('xyz'), { offset: 1, length: 1, position: 2 })),
  ),
  once(
    'write to what is open for reading',
    withFd('r', (fs, fd) => attempt(() => fs.writeSync(fd, 'x'))),
  ),
  once(
    'write with a callback',
    withFd('r+', (fs, fd) => callback(fs, 'write', fd, 'abc', 1, 'utf8')),
  ),
  once(
    'write of a number',
    withFd('r+', (fs, fd) => attempt(() => fs.writeSync(fd, 5))),
  ),
  once(
    'write beyond the buffer',
    withFd('r+', (fs, fd) => attempt(() => fs.writeSync(fd, Buffer.from('x'), 0, 9))),
  ),
  once(
    'readv',
    withFd('r', (fs, fd) => {
      const views = [Buffer.alloc(2), Buffer.alloc(5)];
      return [fs.readvSync(fd, views, 1), views];
    }),
  ),
  once(
    'readv of none',
    withFd('r', (fs, fd) => attempt(() => fs.readvSync(fd, []))),
  ),
  once(
    'readv with a callback',
    withFd('r', (fs, fd) => callback(fs, 'readv', fd, [Buffer.alloc(2)])),
  ),
  once(
    'writev',
    withFd('r+', (fs, fd) => fs.writevSync(fd, [Buffer.from('a'), Buffer.from('bc')], 2)),
  ),
  once(
    'writev of none',
    withFd('r+', (fs, fd) => fs.writevSync(fd, [])),
  ),
  once(
    'writev with a callback',
    withFd('r+', (fs, fd) => callback(fs, 'writev', fd, [Buffer.from('ab')], null)),
  ),
  once(
    'ftruncate',
    withFd('r+', (fs, fd) => fs.ftruncateSync(fd, 3)),
  ),
  once(
    'ftruncate of what is open for reading',
    withFd('r', (fs, fd) => attempt(() => fs.ftruncateSync(fd, 3))),
  ),
  once(
    'fstat',
    withFd('r', (fs, fd) => fs.fstatSync(fd)),
  ),
  once(
    'fstat with bigints',
    withFd('r', (fs, fd) => fs.fstatSync(fd, { bigint: true })),
  ),
  once(
    'fchmod, fchown, futimes',
    withFd('r', (fs, fd) => {
      fs.fchmodSync(fd, 0o600);
      fs.fchownSync(fd, -1, -1);
      fs.futimesSync(fd, 1, 2.5);
      const { mode, atimeMs, mtimeMs } = fs.fstatSync(fd);
      return [mode, atimeMs, mtimeMs];
    }),
  ),
  once(
    'fsync and fdatasync',
    withFd('r+', (fs, fd) => [fs.fsyncSync(fd), fs.fdatasyncSync(fd)]),
  ),
  ...['closeSync', 'fstatSync', 'fsyncSync', 'fdatasyncSync', 'ftruncateSync'].flatMap((call) =>
    [9999, -1, 1.5, 'x', undefined].map((fd) => once(`${call} of ${fd}`, (fs) => fs[call](fd))),
  ),
  once(
    'readFile by descriptor goes on',
    withFd('r', (fs, fd) => [read(fs, fd, 0, 2, null), fs.readFileSync(fd, 'utf8'), fs.readFileSync(fd, 'utf8')]),
  ),
  once(
    'writeFile by descriptor writes where it is',
    withFd('r+', (fs, fd) => [read(fs, fd, 0, 2, null), fs.writeFileSync(fd, 'X')]),
  ),
  once(
    'appendFile by descriptor',
    withFd('a', (fs, fd) => fs.appendFileSync(fd, '++')),
  ),
  once(
    'read behind unlink',
    withFd('r', (fs, fd, dir) => {
      fs.unlinkSync(`${dir}/f`);
      const answer = [read(fs, fd, 0, 5, 0), fs.fstatSync(fd).nlink];
      fs.renameSync(`${dir}/hard`, `${dir}/f`);
      return answer;
    }),
  ),
  once('callbacks without a function', (fs, dir) => [
    attempt(() => fs.stat(dir)),
    attempt(() => fs.readFile(dir, 'utf8')),
    attempt(() => fs.mkdir(dir, 5)),
    attempt(() => fs.exists(dir)),
  ]),
  once('exists', async (fs, dir) => [
    ...['f', 'none', 'broken', 'link', 'dir/', 'f/'].map((name) => fs.existsSync(`${dir}/${name}`)),
    fs.existsSync(undefined),
    fs.existsSync('a\0'),
    await new Promise((resolve) => fs.exists(`${dir}/f`, resolve)),
  ]),
  once('throwIfNoEntry', (fs, dir) => [
    fs.statSync(`${dir}/none`, { throwIfNoEntry: false }),
    fs.lstatSync(`${dir}/f/x`, { throwIfNoEntry: false }),
    attempt(() => fs.statSync(`${dir}/loop`, { throwIfNoEntry: false })),
  ]),
  once('realpath.native', (fs, dir) => [
    fs.realpathSync.native(`${dir}/dlink`),
    attempt(() => fs.realpathSync.native(`${dir}/f/`)),
    attempt(() => fs.realpathSync.native(`${dir}/none`)),
  ]),
  once('mkdtemp', async (fs, dir) => {
    const made = [
      fs.mkdtempSync(`${dir}/t-`),
      await fs.promises.mkdtemp(`${dir}/t-`),
      (await callback(fs, 'mkdtemp', `${dir}/t-`))[0],
    ];
    return made.map((path: any) => [path.replace(/[a-zA-Z0-9]{6}$/, 'XXXXXX'), fs.statSync(path).mode]);
  }),
  once('setgid is inherited', (fs, dir) => {
    fs.chmodSync(`${dir}/dir`, 0o2775);
    fs.mkdirSync(`${dir}/dir/new`);
    return fs.statSync(`${dir}/dir/new`).mode;
  }),
  once('times: chmod moves no mtime', (fs, dir) => {
    const before = fs.statSync(`${dir}/f`);
    fs.chmodSync(`${dir}/f`, 0o600);
    const after = fs.statSync(`${dir}/f`);
    return [after.mtimeMs === before.mtimeMs, after.ctimeMs >= before.ctimeMs];
  }),
  once('link counts of directories', (fs, dir) => {
    fs.rmSync(`${dir}/dir/sub`, { recursive: true });
    return [fs.statSync(dir).nlink, fs.statSync(`${dir}/dir`).nlink];
  }),
];

const bigintFields = ['dev', 'mode', 'size', 'blocks', 'blksize', 'atimeMs', 'atimeNs', 'birthtimeNs'];

const shapes: Probe[] = [
  once('types of bigint stats', (fs, dir) => {
    const stats = fs.statSync(`${dir}/f`, { bigint: true });
    return [bigintFields.map((name) => typeof stats[name]), stats.blocks, stats.blksize, stats.atime instanceof Date];
  }),
  once('stats with their classes', (fs, dir) => {
    const stats = fs.statSync(`${dir}/f`);
    return [
      stats instanceof fs.Stats,
      stats.constructor.name,
      stats.atime.getTime() === Math.round(stats.atimeMs),
      stats.blocks,
    ];
  }),
  once('dates of stats', (fs, dir) => {
    fs.utimesSync(`${dir}/f`, 1000.4999, -0.5 + 2000);
    const { atime, mtime, atimeMs, mtimeMs } = fs.statSync(`${dir}/f`);
    return [atime, mtime, atimeMs, mtimeMs];
  }),
  once('statfs', (fs, dir) => {
    const { bsize, type } = fs.statfsSync(dir);
    return [bsize, type, typeof fs.statfsSync(dir, { bigint: true }).bfree, Object.keys(fs.statfsSync(dir))];
  }),
  once('readdir below', (fs, dir) => fs.readdirSync(dir, { recursive: true })),
  once('readdir below with types', (fs, dir) => fs.readdirSync(dir, { recursive: true, withFileTypes: true })),
  once('readdir below, promised', async (fs, dir) => (await fs.promises.readdir(dir, { recursive: true })).sort()),
  once('readdir with types as bytes', (fs, dir) =>
    fs.readdirSync(dir, { withFileTypes: true, encoding: 'buffer' }).map((entry: any) => entry.name),
  ),
  once('opendir and read', (fs, dir) => {
    const opened = fs.opendirSync(dir);
    const names = [];
    for (let entry = opened.readSync(); entry; entry = opened.readSync()) names.push(entry.name);
    opened.closeSync();
    return [names.sort(), opened.path === dir, attempt(() => opened.readSync()), attempt(() => opened.closeSync())];
  }),
  once('opendir and iterate', async (fs, dir) => {
    const entries = [];
    const opened = await fs.promises.opendir(dir, { bufferSize: 2 });
    for await (const entry of opened) entries.push(entry);
    return [entries.sort((a, b) => (a.name < b.name ? -1 : 1)), await opened.close().catch((error: unknown) => error)];
  }),
  once('opendir below', async (fs, dir) => {
    const names = [];
    for await (const entry of await fs.promises.opendir(`${dir}/dir`, { recursive: true }))
      names.push([entry.parentPath, entry.name]);
    return names.map((at) => at.join('|')).sort();
  }),
  once('opendir with a callback', async (fs, dir) => {
    const [opened] = (await callback(fs, 'opendir', `${dir}/empty`)) as any[];
    return [await opened.read(), await opened.close()];
  }),
  once('names that are no UTF-8', (fs, dir) => {
    const path = Buffer.concat([Buffer.from(`${dir}/empty/`), Buffer.from([0x61, 0xff, 0xfe])]);
    fs.writeFileSync(path, 'odd');
    return [
      fs.readFileSync(path, 'utf8'),
      fs.readdirSync(`${dir}/empty`),
      fs.readdirSync(`${dir}/empty`, 'buffer'),
      fs.readdirSync(`${dir}/empty`, 'hex'),
    ];
  }),
  once('an order of names by bytes', (fs, dir) => {
    for (const name of ['\u{1f600}', '\uffee', 'Z', 'a', 'é', '~']) fs.writeFileSync(`${dir}/empty/${name}`, '');
    return fs.readdirSync(`${dir}/empty`);
  }),
  once('lone surrogates become replacements', (fs, dir) => {
    fs.writeFileSync(`${dir}/empty/\udcff`, '');
    return fs.readdirSync(`${dir}/empty`, 'buffer');
  }),
  once('openAsBlob', async (fs, dir) => {
    const blob = await fs.openAsBlob(`${dir}/f`, { type: 'text/plain' });
    return [await blob.text(), blob.size, blob.type];
  }),
  once('lchmod', async (fs, dir) => [
    typeof fs.lchmod,
    await fs.promises.lchmod(`${dir}/f`, 0o600).catch((error: unknown) => error),
  ]),
  once('watch of nothing', (fs, dir) => fs.watch(`${dir}/none`)),
  once('URLs', (fs) => [
    attempt(() => fs.statSync(new URL('http://a/b'))),
    attempt(() => fs.statSync(new URL('file://host/b'))),
    attempt(() => fs.statSync(new URL('file:///a%2Fb'))),
  ]),
];

export const descriptorProbes: readonly Probe[] = [...descriptors, ...shapes];
