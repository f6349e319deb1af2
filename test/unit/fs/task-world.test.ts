/** What our fs takes from its task: working directory, randomness, credentials, waiting, other tasks' doings. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createFs } from '../../../src/fs/create-fs.ts';
import { WouldBlock } from '../../../src/kernel/would-block.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

const S_IFIFO = 0o010000;

const setUp = (seed = 1) => {
  const machine = createMachine({ seed });
  return { task: machine.task, fs: createFs(machine.task) };
};

afterEach(() => vi.restoreAllMocks());

describe('the working directory is the task’s', () => {
  test('and the host is never asked for its own', async () => {
    const asked = vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw new Error('asked the host');
    });
    const { task, fs } = setUp();
    fs.mkdirSync('/home/me/sub', { recursive: true });
    task.chdir('/home/me');
    fs.writeFileSync('a.txt', 'A');
    fs.symlinkSync('a.txt', 'link');
    fs.cpSync('a.txt', 'sub/b.txt');
    await fs.promises.cp('sub', 'tree/deep', { recursive: true });
    fs.cpSync('link', 'sub/link');
    expect(fs.readlinkSync('sub/link')).toBe('/home/me/a.txt');
    expect(fs.realpathSync('tree/../link')).toBe('/home/me/a.txt');
    expect(fs.realpathSync.native('link')).toBe('/home/me/a.txt');
    expect(fs.globSync('**/*.txt').sort()).toEqual(['a.txt', 'sub/b.txt', 'tree/deep/b.txt']);
    expect(fs.readdirSync('.', { recursive: true })).toContain('tree/deep/b.txt');
    expect(fs.mkdirSync('x/y/z', { recursive: true })).toBe('x');
    fs.rmSync('x', { recursive: true });
    expect(fs.opendirSync('.').path).toBe('.');
    await expect(fs.promises.readFile('none')).rejects.toMatchObject({ path: 'none', syscall: 'open' });
    expect(asked).not.toHaveBeenCalled();
  });

  test('two tasks of one machine have one each', () => {
    const { task, fs } = setUp();
    const child = task.clone();
    fs.mkdirSync('/elsewhere');
    child.chdir('/elsewhere');
    createFs(child).writeFileSync('f', 'x');
    expect(fs.readFileSync('/elsewhere/f', 'utf8')).toBe('x');
    expect(fs.existsSync('f')).toBe(false);
  });
});

describe('the machine decides', () => {
  test('names of temporary directories follow from the seed', () => {
    vi.spyOn(Math, 'random').mockImplementation(() => {
      throw new Error('asked the host');
    });
    const draw = (seed: number) => {
      const { fs } = setUp(seed);
      return [fs.mkdtempSync('/t-'), fs.mkdtempSync('/t-')];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set(draw(1)).size).toBe(2);
  });

  test('times come from its clock', () => {
    vi.spyOn(Date, 'now').mockImplementation(() => {
      throw new Error('asked the host');
    });
    const { task, fs } = setUp();
    fs.writeFileSync('/f', 'x');
    const { mtimeMs } = fs.statSync('/f');
    task.nanosleep({ sec: 60, nsec: 0 });
    fs.utimesSync('/f', -1, -1);
    const passed = fs.statSync('/f').mtimeMs - mtimeMs;
    expect(passed).toBeGreaterThanOrEqual(60_000);
    expect(passed).toBeLessThan(60_001);
  });

  test('permissions are those of the task', () => {
    const { task, fs } = setUp();
    fs.mkdirSync('/private', { mode: 0o700 });
    fs.writeFileSync('/private/f', 'x');
    fs.writeFileSync('/read-only', 'x', { mode: 0o444 });
    task.setresuid(1000, 1000, 1000);
    expect(() => fs.readFileSync('/private/f')).toThrow(expect.objectContaining({ code: 'EACCES', syscall: 'open' }));
    expect(() => fs.writeFileSync('/read-only', 'y')).toThrow(expect.objectContaining({ code: 'EACCES' }));
    expect(() => fs.readdirSync('/private')).toThrow(expect.objectContaining({ code: 'EACCES', syscall: 'scandir' }));
    expect(() => fs.chownSync('/read-only', 1, 1)).toThrow(expect.objectContaining({ code: 'EPERM' }));
    expect(fs.existsSync('/private/f')).toBe(false);
    expect(() => fs.rmSync('/private', { recursive: true })).toThrow(expect.objectContaining({ code: 'EACCES' }));
  });

  test('retries let its time pass', () => {
    const { task, fs } = setUp();
    fs.mkdirSync('/busy');
    task.mount('none', '/busy', 'tmpfs');
    const before = fs.statSync('/busy').atimeMs;
    expect(() => fs.rmSync('/busy', { recursive: true, maxRetries: 2, retryDelay: 1000 })).toThrow('EBUSY');
    fs.writeFileSync('/after', '');
    expect(fs.statSync('/after').mtimeMs - before).toBeGreaterThanOrEqual(3000);
  });
});

describe('waiting', () => {
  test('the synchronous form says that it would block, before any effect', () => {
    const { task, fs } = setUp();
    task.mknod('/pipe', S_IFIFO | 0o644, 0);
    expect(() => fs.openSync('/pipe', 'r')).toThrow(WouldBlock);
    expect(() => fs.readFileSync('/pipe')).toThrow(WouldBlock);
    expect(fs.openSync('/other', 'w')).toBe(fs.openSync('/other', 'r') - 1);
  });

  test('promises and callbacks wait for another task', async () => {
    const { task, fs } = setUp();
    const writer = createFs(task.clone());
    task.mknod('/pipe', S_IFIFO | 0o644, 0);
    const promise = fs.promises.readFile('/pipe', 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all([promise, writer.promises.writeFile('/pipe', 'through')]);
    expect(await promise).toBe('through');
    const called = new Promise((resolve) => fs.readFile('/pipe', (error, bytes) => resolve(error ?? bytes.toString())));
    writer.writeFile('/pipe', 'again', () => {});
    expect(await called).toBe('again');
  });

  test('an abort ends the waiting', async () => {
    const { task, fs } = setUp();
    task.mknod('/pipe', S_IFIFO | 0o644, 0);
    const stop = new AbortController();
    const promise = fs.promises.readFile('/pipe', { signal: stop.signal });
    setTimeout(() => stop.abort(), 5);
    await expect(promise).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('an error in a callback is not swallowed', async () => {
    const { fs } = setUp();
    const caught = new Promise((resolve) => {
      const before = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of before) process.on('uncaughtException', listener);
        resolve(error.message);
      });
    });
    fs.stat('/', () => {
      throw new Error('from a callback');
    });
    expect(await caught).toBe('from a callback');
  });
});

describe('glob', () => {
  const built = () => {
    const { fs } = setUp();
    for (const name of ['a.ts', 'b.js', 'lib/c.ts', 'lib/deep/d.ts', '.hidden/e.ts', 'node_modules/x/f.ts']) {
      fs.mkdirSync(`/p/${name}`.replace(/\/[^/]*$/, ''), { recursive: true });
      fs.writeFileSync(`/p/${name}`, name);
    }
    return fs;
  };

  test('patterns, and what is excluded', async () => {
    const fs = built();
    const cwd = '/p';
    expect(fs.globSync('*.ts', { cwd })).toEqual(['a.ts']);
    expect(fs.globSync('**/*.ts', { cwd, exclude: (name: string) => name === 'node_modules' }).sort()).toEqual([
      'a.ts',
      'lib/c.ts',
      'lib/deep/d.ts',
    ]);
    expect(fs.globSync(['*.js', 'lib/*'], { cwd }).sort()).toEqual(['b.js', 'lib/c.ts', 'lib/deep']);
    expect(fs.globSync('{a,b}.[jt]s', { cwd }).sort()).toEqual(['a.ts', 'b.js']);
    expect(fs.globSync('/p/lib/**/d.ts')).toEqual(['/p/lib/deep/d.ts']);
    expect(fs.globSync('**/d.ts', { cwd: new URL('file:///p/lib') })).toEqual(['deep/d.ts']);
  });

  test('three forms, and entries', async () => {
    const fs = built();
    const found: string[] = [];
    for await (const name of fs.promises.glob('lib/*.ts', { cwd: '/p' })) found.push(name);
    expect(found).toEqual(['lib/c.ts']);
    const called = await new Promise((resolve) => fs.glob('*.js', { cwd: '/p' }, (_error, names) => resolve(names)));
    expect(called).toEqual(['b.js']);
    const [entry] = fs.globSync('lib/c.ts', { cwd: '/p', withFileTypes: true });
    expect(entry).toBeInstanceOf(fs.Dirent);
    expect([entry!.name, entry!.parentPath, entry!.isFile()]).toEqual(['c.ts', '/p/lib', true]);
  });
});

describe('sizes', () => {
  test('a directory of many names', () => {
    const { fs } = setUp();
    fs.mkdirSync('/many');
    const names = Array.from({ length: 5000 }, (_, index) => `name-${index}`);
    for (const name of names) fs.writeFileSync(`/many/${name}`, '');
    expect(fs.readdirSync('/many')).toEqual([...names].sort());
    expect(fs.readdirSync('/many', { withFileTypes: true }).every((entry) => entry.isFile())).toBe(true);
  });

  test('a copy shares the data instead of moving it', () => {
    const { fs } = setUp();
    fs.closeSync(fs.openSync('/big', 'w'));
    fs.truncateSync('/big', 2 ** 28);
    fs.cpSync('/big', '/copied');
    fs.copyFileSync('/big', '/again');
    expect([fs.statSync('/copied').size, fs.statSync('/again').size]).toEqual([2 ** 28, 2 ** 28]);
  });
});

test('descriptors are given back whatever happens', async () => {
  const { fs } = setUp();
  fs.mkdirSync('/d');
  fs.writeFileSync('/d/f', 'x');
  const lowest = () => {
    const fd = fs.openSync('/d/f', 'r');
    fs.closeSync(fd);
    return fd;
  };
  const before = lowest();
  for (const act of [
    () => fs.readFileSync('/d'),
    () => fs.copyFileSync('/d', '/e'),
    () => fs.copyFileSync('/d/f', '/d'),
    () => fs.readdirSync('/d/f'),
    () => fs.cpSync('/d', '/d/g', { recursive: true }),
    () => fs.watch('/none'),
    () => fs.readdirSync('/d', { recursive: true }),
    () => fs.statfsSync('/d', {}),
  ]) {
    try {
      act();
    } catch {}
  }
  for await (const entry of await fs.promises.opendir('/d')) expect(entry.name).toBe('f');
  await fs.promises.readFile('/d').catch(() => {});
  await new Promise<void>((resolve) => fs.createReadStream('/d/f').on('close', resolve).resume());
  fs.watch('/d').close();
  expect(lowest()).toBe(before);
});
