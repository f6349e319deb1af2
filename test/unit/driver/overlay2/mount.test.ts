/** How a layer is shown, as golden/docker/o2/06-mount.txt and cli/max-depth.txt tell it. */
import { describe, expect, it } from 'vitest';
import { CLONE_NEWNS, CLONE_NEWUSER, PAGE_SIZE } from '../../../../src/abi/flags.ts';
import { Errno } from '../../../../src/abi/errno.ts';
import { overlay2 } from '../../../../src/driver/overlay2/index.ts';
import { mountData } from '../../../../src/driver/overlay2/mount.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { dockerMachine, HOME, startedDriver } from './machine.ts';

type Started = ReturnType<typeof startedDriver>;

const text = ({ fs }: Pick<Started, 'fs'>, path: string): string => fs.readFileSync(path, 'utf8') as string;
const linkOf = (started: Started, id: string): string => text(started, `${HOME}/${id}/link`);
const overlays = (started: Pick<Started, 'fs'>): string[] =>
  text(started, '/proc/mounts')
    .split('\n')
    .filter((line) => line.startsWith('overlay '));

/** Answers a task that notes the options of each mount, its children's too. */
function noting(task: Task, data: string[]): Task {
  return new Proxy(task, {
    get(target, name) {
      if (name === 'clone') return (flags?: number) => noting(target.clone(flags), data);
      if (name === 'mount') {
        return (...mount: Parameters<Task['mount']>) => {
          data.push(mount[3] ?? '');
          target.mount(...mount);
        };
      }
      const value = target[name as keyof Task] as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function chain({ driver }: Started, length: number): string {
  driver.create('0');
  for (let i = 1; i < length; i++) driver.create(`${i}`, `${i - 1}`);
  return `${length - 1}`;
}

describe('the mount', () => {
  it('of a base layer is none: its own directory is shown', () => {
    const started = startedDriver();
    started.driver.create('base');
    expect(started.driver.get('base')).toBe(`${HOME}/base/diff`);
    started.driver.put('base');
    expect(overlays(started)).toEqual([]);
  });

  it('of a container names the short links, the nearest first', () => {
    const started = startedDriver();
    chain(started, 3);
    started.driver.createReadWrite('box', '2');
    expect(started.driver.get('box')).toBe(`${HOME}/box/merged`);
    const lower = ['2', '1', '0'].map((id) => `${HOME}/l/${linkOf(started, id)}`).join(':');
    const options = `lowerdir=${lower},upperdir=${HOME}/box/diff,workdir=${HOME}/box/work`;
    expect(overlays(started)).toEqual([`overlay ${HOME}/box/merged overlay rw,relatime,${options},uuid=on 0 0`]);
    expect(started.task.stat(`${HOME}/box/merged`).mode & 0o7777).toBe(0o755);
    expect(started.task.stat(`${HOME}/box/work/work`).mode & 0o7777).toBe(0);
    started.driver.put('box');
    expect(overlays(started)).toEqual([]);
    expect(started.fs.readdirSync(`${HOME}/box`)).toEqual(['diff', 'link', 'lower', 'work']);
  });

  it('tells of its uuid only the first time', () => {
    const started = startedDriver();
    chain(started, 2);
    for (const uuid of [',uuid=on', '']) {
      started.driver.get('1');
      expect(overlays(started)[0]!.endsWith(`,workdir=${HOME}/1/work${uuid} 0 0`)).toBe(true);
      started.driver.put('1');
    }
  });

  it('of a layer that another lies on has no upper layer', () => {
    const started = startedDriver();
    chain(started, 3);
    const merged = started.driver.get('1');
    const [line] = overlays(started);
    expect(line).toContain(
      ` ro,relatime,lowerdir=${HOME}/1/diff:${HOME}/l/${linkOf(started, '0')},redirect_dir=on 0 0`,
    );
    expect(() => started.fs.writeFileSync(`${merged}/a`, '')).toThrow('EROFS');
  });

  it('is made once and taken away with the last put', () => {
    const { driver, fs } = startedDriver();
    driver.create('base');
    driver.createReadWrite('box', 'base');
    const merged = driver.get('box');
    expect(driver.get('box')).toBe(merged);
    fs.writeFileSync(`${merged}/a`, 'x');
    driver.put('box');
    expect(fs.readFileSync(`${merged}/a`, 'utf8')).toBe('x');
    driver.put('box');
    expect(fs.existsSync(merged)).toBe(false);
    driver.put('box');
    driver.get('box');
    expect(fs.readFileSync(`${merged}/a`, 'utf8')).toBe('x');
  });

  it('goes although somebody is inside', () => {
    const { driver, task, fs } = startedDriver();
    driver.create('base');
    driver.createReadWrite('box', 'base');
    const container = task.clone();
    container.chdir(driver.get('box'));
    driver.put('box');
    expect(fs.existsSync(`${HOME}/box/merged`)).toBe(false);
    container.mkdir('still-there');
    expect(fs.readdirSync(`${HOME}/box/diff`)).toEqual(['still-there']);
  });

  it('goes in the mount namespaces of others, because its directory goes', () => {
    const { driver, task, fs } = startedDriver();
    driver.create('base');
    driver.createReadWrite('box', 'base');
    driver.get('box');
    const other = task.clone(CLONE_NEWNS);
    driver.put('box');
    expect(fs.existsSync(`${HOME}/box/merged`)).toBe(false);
    expect(other.statIfPresent(`${HOME}/box/merged`)).toBeUndefined();
  });
});

describe('more options than fit a page', () => {
  it('are given from the home, with relative paths', () => {
    const started = startedDriver();
    const top = chain(started, 126);
    started.driver.createReadWrite('box', top);
    const cwd = started.task.getcwd();
    started.driver.get('box');
    const lower = text(started, `${HOME}/box/lower`);
    expect(overlays(started)).toEqual([
      `overlay ${HOME}/box/merged overlay rw,relatime,lowerdir=${lower},upperdir=box/diff,workdir=box/work,uuid=on 0 0`,
    ]);
    expect(started.task.getcwd()).toBe(cwd);
    expect(started.machine.kernel.tasks.size).toBe(1);
    started.driver.put('box');
    expect(overlays(started)).toEqual([]);
  });

  // An id stands in the options twice: the home decides whether their length is even.
  for (const home of [HOME, `${HOME}x`]) {
    it(`begin at the byte that mount(2) does not read any more, in ${home}`, () => {
      const started = startedDriver([], home);
      const top = chain(started, 69);
      const dataOf = (id: string): number => {
        const lower = text(started, `${home}/${id}/lower`);
        return mountData({ home, id, lower, readOnly: false, kernelOptions: '', label: '' }, false).length;
      };
      const lengths: number[] = [];
      for (let size = 95; size < 145; size++) {
        const id = 'i'.repeat(size);
        started.driver.createReadWrite(id, top);
        started.driver.get(id);
        const relative = overlays(started)[0]!.includes('lowerdir=l/');
        expect(relative).toBe(dataOf(id) >= PAGE_SIZE);
        started.driver.put(id);
        lengths.push(dataOf(id));
      }
      expect(lengths.some((length) => length === PAGE_SIZE || length === PAGE_SIZE - 1)).toBe(true);
      expect(Math.min(...lengths)).toBeLessThan(PAGE_SIZE);
      expect(Math.max(...lengths)).toBeGreaterThan(PAGE_SIZE);
    });
  }

  it('of a read-only layer are relative too', () => {
    const started = startedDriver();
    const top = chain(started, 126);
    started.driver.create('above', top);
    started.driver.get(top);
    const lower = text(started, `${HOME}/${top}/lower`);
    expect(overlays(started)[0]).toContain(` ro,relatime,lowerdir=${top}/diff:${lower},redirect_dir=on 0 0`);
  });

  it('and do not fit even so are refused', () => {
    const started = startedDriver();
    const top = chain(started, 126);
    started.driver.createReadWrite('box', top);
    const label = 's'.repeat(700);
    const length =
      `lowerdir=${text(started, `${HOME}/box/lower`)},upperdir=box/diff,workdir=box/work,context="${label}"`.length;
    expect(() => started.driver.get('box', label)).toThrow(
      expect.objectContaining({
        code: 'ERR_DRIVER_MOUNT',
        message: `cannot mount layer, mount label too large ${length}`,
      }),
    );
    expect(started.fs.existsSync(`${HOME}/box/merged`)).toBe(false);
    started.driver.get('box');
    started.driver.put('box');
    expect(overlays(started)).toEqual([]);
  });

  it('and are refused say what the child said', () => {
    const started = startedDriver();
    const top = chain(started, 126);
    started.driver.createReadWrite('box', top);
    started.fs.rmdirSync(`${HOME}/0/diff`);
    expect(() => started.driver.get('box')).toThrow(
      `error creating overlay mount to ${HOME}/box/merged: mountfrom re-exec error: exit status 1: output: no such file or directory`,
    );
    expect(started.machine.kernel.tasks.size).toBe(1);
  });
});

describe('a refused mount', () => {
  it('is told in the words of Docker and leaves nothing', () => {
    const started = startedDriver();
    started.driver.create('base');
    started.driver.createReadWrite('box', 'base');
    const refused = (code: 'EBUSY' | 'ENOMEM') => {
      const stop = started.machine.kernel.trace.subscribe((event) => {
        if (event.kind === 'syscall' && event.call === 'mount') throw new Errno(code);
      });
      try {
        started.driver.get('box');
      } finally {
        stop();
      }
    };
    const start = `error creating overlay mount to ${HOME}/box/merged: `;
    expect(() => refused('EBUSY')).toThrow(
      expect.objectContaining({ code: 'ERR_DRIVER_MOUNT', message: `${start}device or resource busy` }),
    );
    expect(() => refused('ENOMEM')).toThrow(`${start}cannot allocate memory`);
    expect(started.fs.existsSync(`${HOME}/box/merged`)).toBe(false);
    started.driver.get('box');
    started.driver.put('box');
    expect(overlays(started)).toEqual([]);
  });

  it('of a label where there is no SELinux is an option that overlayfs does not know', () => {
    const started = startedDriver();
    started.driver.create('base');
    started.driver.createReadWrite('box', 'base');
    const label = 'system_u:object_r:container_file_t:s0:c1,c2';
    expect(() => started.driver.get('box', label)).toThrow(
      `error creating overlay mount to ${HOME}/box/merged: invalid argument`,
    );
  });
});

describe('options that the kernel wants', () => {
  it('are index=off where the module has that parameter', () => {
    const machine = dockerMachine();
    machine.fs.mkdirSync('/sys/module/overlay/parameters', { recursive: true });
    machine.fs.writeFileSync('/sys/module/overlay/parameters/index', 'N\n');
    const data: string[] = [];
    const driver = overlay2().init({ task: noting(machine.task, data), home: HOME });
    driver.create('base');
    driver.createReadWrite('box', 'base');
    driver.get('box');
    expect(data.at(-1)).toMatch(/^index=off,lowerdir=/);
    expect(overlays(machine)[0]).not.toContain('index');
  });

  it('are userxattr in a user namespace, where trees are compared', () => {
    const machine = dockerMachine();
    const child = machine.task.clone(CLONE_NEWUSER | CLONE_NEWNS);
    machine.fs.writeFileSync(`/proc/${child.pid}/uid_map`, '0 0 1');
    machine.fs.writeFileSync(`/proc/${child.pid}/setgroups`, 'deny');
    machine.fs.writeFileSync(`/proc/${child.pid}/gid_map`, '0 0 1');
    const data: string[] = [];
    const driver = overlay2().init({ task: noting(child, data), home: HOME });
    driver.create('base');
    driver.createReadWrite('box', 'base');
    driver.get('box');
    expect(data.at(-1)).toMatch(/^userxattr,lowerdir=/);
    expect(driver.status()).toEqual([
      ['Backing Filesystem', 'tmpfs'],
      ['Supports d_type', 'true'],
      ['Native Overlay Diff', 'false'],
      ['userxattr', 'true'],
    ]);
    expect(driver.features.nativeDiff).toBe(false);
  });
});

describe('the end of the daemon', () => {
  for (const withProc of [true, false]) {
    it(`unmounts what is mounted${withProc ? '' : ', without /proc too'}`, () => {
      const started = startedDriver();
      chain(started, 2);
      started.driver.createReadWrite('a', '1');
      started.driver.createReadWrite('b', '1');
      const merged = [started.driver.get('a'), started.driver.get('b')];
      if (!withProc) started.task.umount('/proc');
      started.driver.cleanup();
      for (const path of merged) expect(started.fs.readdirSync(path)).toEqual([]);
      const [own, ...others] = new Set(merged.map((path) => started.task.stat(path).dev));
      expect(own).toBe(started.task.stat(HOME).dev);
      expect(others).toEqual([]);
    });
  }
});
