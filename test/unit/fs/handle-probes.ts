/** FileHandle and streams. */
import { once, type Probe } from './probe.ts';

const failed = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

const withHandle = (flags: string, act: (handle: any, fs: any, dir: string) => unknown): Probe['ask'] => {
  return async (fs, dir) => {
    const handle = await fs.promises.open(`${dir}/f`, flags);
    try {
      return [await act(handle, fs, dir), fs.readFileSync(`${dir}/f`, 'utf8')];
    } finally {
      await handle.close();
    }
  };
};

/** Everything that a stream gives and says, in order; `ready` and `open` among it. */
const told = (stream: any, events: readonly string[]): Promise<unknown> =>
  new Promise((resolve) => {
    const heard: unknown[] = [];
    for (const event of events)
      stream.on(event, (value: unknown) => heard.push(event === 'open' ? 'open' : [event, value]));
    stream.on('close', () => resolve(heard));
  });

const gathered = async (stream: any): Promise<unknown> => {
  const chunks: string[] = [];
  for await (const chunk of stream) chunks.push(String(chunk));
  return [chunks, stream.bytesRead, stream.pending, stream.fd];
};

const handles: Probe[] = [
  once(
    'FileHandle.read',
    withHandle('r', async (h) => [
      await h.read(Buffer.alloc(3), 0, 3, 1),
      await h.read({ buffer: Buffer.alloc(2) }),
      await h.read(Buffer.alloc(9)),
    ]),
  ),
  once(
    'FileHandle.read without arguments',
    withHandle('r', async (h) => (await h.read()).bytesRead),
  ),
  once(
    'FileHandle.write',
    withHandle('r+', async (h) => [
      (await h.write('abc', 1)).bytesWritten,
      await h.write(Buffer.from('xyz'), 1, 1, 0),
      await h.write(Buffer.alloc(0)),
    ]),
  ),
  once(
    'FileHandle.readv and writev',
    withHandle('r+', async (h) => [
      await h.writev([Buffer.from('a'), Buffer.from('b')], 1),
      await h.readv([Buffer.alloc(2), Buffer.alloc(9)], 0),
    ]),
  ),
  once(
    'FileHandle.readFile',
    withHandle('r', async (h) => [await h.readFile('utf8'), await h.readFile()]),
  ),
  once(
    'FileHandle.writeFile',
    withHandle('r+', (h) => h.writeFile('HE')),
  ),
  once(
    'FileHandle.appendFile',
    withHandle('a', (h) => h.appendFile('!')),
  ),
  once(
    'FileHandle attributes',
    withHandle('r+', async (h) => {
      await h.chmod(0o640);
      await h.chown(-1, -1);
      await h.utimes(5, 6.5);
      await h.truncate(2);
      await h.sync();
      await h.datasync();
      const stat = await h.stat();
      return [stat, stat.atimeMs];
    }),
  ),
  once(
    'FileHandle.stat with bigints',
    withHandle('r', async (h) => typeof (await h.stat({ bigint: true })).size),
  ),
  once('FileHandle.readLines', async (fs, dir) => {
    fs.writeFileSync(`${dir}/lines`, 'one\ntwo\r\n\nfour\rfive');
    const lines = [];
    for await (const line of (await fs.promises.open(`${dir}/lines`)).readLines()) lines.push(line);
    return lines;
  }),
  once('FileHandle.createReadStream', async (fs, dir) => {
    const h = await fs.promises.open(`${dir}/f`);
    return [await gathered(h.createReadStream({ start: 0, end: 2, encoding: 'utf8' })), h.fd];
  }),
  once('FileHandle.createWriteStream', async (fs, dir) => {
    const h = await fs.promises.open(`${dir}/f`, 'r+');
    const stream = h.createWriteStream({ start: 1 });
    await new Promise((resolve) => stream.on('close', resolve).end('EY'));
    return [h.fd, fs.readFileSync(`${dir}/f`, 'utf8')];
  }),
  once('FileHandle closed', async (fs, dir) => {
    const h = await fs.promises.open(`${dir}/f`);
    const closing = h.close();
    const number = h.fd;
    await closing;
    return [
      number,
      await h.close(),
      await failed(h.read(Buffer.alloc(1))),
      await failed(h.stat()),
      await failed(h.readFile()),
    ];
  }),
  once(
    'FileHandle.readableWebStream',
    withHandle('r', async (h) => {
      const chunks = [];
      for await (const chunk of h.readableWebStream()) chunks.push(Buffer.from(chunk as Uint8Array).toString());
      return chunks.join('');
    }),
  ),
  once(
    'readFile and writeFile of a handle',
    withHandle('r+', async (h, fs) => [await fs.promises.readFile(h, 'utf8'), await fs.promises.writeFile(h, '+')]),
  ),
  once('writeFile of pieces', async (fs, dir) => {
    await fs.promises.writeFile(
      `${dir}/new`,
      (async function* () {
        yield 'one';
        yield Buffer.from('two');
      })(),
    );
    await fs.promises.appendFile(`${dir}/new`, 'three');
    await fs.promises.writeFile(`${dir}/second`, ['a', 'b']);
    return [fs.readFileSync(`${dir}/new`, 'utf8'), fs.readFileSync(`${dir}/second`, 'utf8')];
  }),
  once('aborted', async (fs, dir) => {
    const signal = AbortSignal.abort();
    const named = async (promise: Promise<unknown>) => ((await failed(promise)) as any).code;
    return [
      await named(fs.promises.readFile(`${dir}/f`, { signal })),
      await named(fs.promises.writeFile(`${dir}/f`, 'x', { signal })),
      fs.readFileSync(`${dir}/f`, 'utf8'),
    ];
  }),
];

const streams: Probe[] = [
  once('createReadStream', (fs, dir) => gathered(fs.createReadStream(`${dir}/f`))),
  once('createReadStream of a range in small pieces', (fs, dir) =>
    gathered(fs.createReadStream(`${dir}/f`, { start: 1, end: 3, highWaterMark: 2, encoding: 'utf8' })),
  ),
  once('createReadStream with an end only', (fs, dir) => gathered(fs.createReadStream(`${dir}/f`, { end: 1 }))),
  once('createReadStream events', (fs, dir) => {
    const stream = fs.createReadStream(`${dir}/f`, 'utf8');
    return told(stream, ['open', 'ready', 'data', 'end']);
  }),
  once('createReadStream of nothing', (fs, dir) =>
    told(fs.createReadStream(`${dir}/none`), ['open', 'ready', 'error', 'end']),
  ),
  once('createReadStream of a directory', (fs, dir) =>
    told(fs.createReadStream(`${dir}/dir`).resume(), ['error', 'end']),
  ),
  once('createReadStream with a wrong range', (fs, dir) => fs.createReadStream(`${dir}/f`, { start: 5, end: 2 })),
  once('createReadStream with a wrong start', (fs, dir) => fs.createReadStream(`${dir}/f`, { start: '5' })),
  once('createReadStream by descriptor', async (fs, dir) => {
    const fd = fs.openSync(`${dir}/f`);
    const answer = await gathered(fs.createReadStream('', { fd, autoClose: false }));
    fs.closeSync(fd);
    return [(answer as unknown[])[0]];
  }),
  once('createReadStream aborted', async (fs, dir) => {
    const stop = new AbortController();
    const stream = fs.createReadStream(`${dir}/f`, { signal: stop.signal });
    const heard = new Promise((resolve) => stream.on('error', (error: any) => resolve(error.code)));
    stop.abort();
    return heard;
  }),
  once('createWriteStream', async (fs, dir) => {
    const stream = fs.createWriteStream(`${dir}/new`);
    const heard = told(stream, ['open', 'ready', 'finish']);
    stream.write('one ');
    stream.end('two');
    return [await heard, stream.bytesWritten, stream.path === `${dir}/new`, fs.readFileSync(`${dir}/new`, 'utf8')];
  }),
  once('createWriteStream at a place', async (fs, dir) => {
    const stream = fs.createWriteStream(`${dir}/f`, { flags: 'r+', start: 2 });
    await new Promise((resolve) => stream.end('LL', resolve));
    return fs.readFileSync(`${dir}/f`, 'utf8');
  }),
  once('createWriteStream at the end, flushed, with many pieces', async (fs, dir) => {
    const stream = fs.createWriteStream(`${dir}/f`, { flags: 'a', flush: true, mode: 0o600 });
    for (let i = 0; i < 5; i++) stream.write(String(i));
    await new Promise((resolve) => stream.end(resolve));
    await new Promise((resolve) => stream.close(resolve));
    return fs.readFileSync(`${dir}/f`, 'utf8');
  }),
  once('createWriteStream below nothing', (fs, dir) =>
    told(fs.createWriteStream(`${dir}/none/x`), ['error', 'finish']),
  ),
  once('streams made without new, on objects of others', async (fs, dir) => {
    function Patched(this: any, ...given: unknown[]): void {
      fs.ReadStream.apply(this, given);
    }
    Patched.prototype = Object.create(fs.ReadStream.prototype);
    return [
      await gathered(fs.ReadStream(`${dir}/f`)),
      await gathered(new (Patched as any)(`${dir}/f`)),
      fs.createReadStream(`${dir}/f`) instanceof fs.ReadStream,
    ];
  }),
  once('a pipe from one to the other', async (fs, dir) => {
    fs.writeFileSync(`${dir}/big`, Buffer.alloc(200_000, 'abc'));
    await new Promise((resolve) =>
      fs
        .createReadStream(`${dir}/big`)
        .pipe(fs.createWriteStream(`${dir}/copy`))
        .on('close', resolve),
    );
    return fs.readFileSync(`${dir}/copy`).equals(fs.readFileSync(`${dir}/big`));
  }),
];

export const handleProbes: readonly Probe[] = [...handles, ...streams];
