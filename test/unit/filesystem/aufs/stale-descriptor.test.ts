/** When fstat(2) tells ESTALE. @see fs/aufs/dentry.c h_d_revalidate() */
import { describe, expect, it } from 'vitest';
import { AT_EMPTY_PATH, MS_REMOUNT, O_DIRECTORY, O_RDONLY } from '../../../../src/abi/flags.ts';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

function mounted() {
  const { task, fs } = createMachine({ filesystems: [aufs] });
  for (const name of ['/rw', '/ro', '/ro/e', '/m']) fs.mkdirSync(name);
  for (const name of ['/ro/f', '/ro/g']) fs.writeFileSync(name, name);
  task.mount('none', '/m', 'aufs', 'br:/rw=rw:/ro=ro+wh');
  return { task, fs };
}

describe('a descriptor of a file that was replaced', () => {
  it('is stale where the file lay in a lower branch', () => {
    const { task, fs } = mounted();
    const fd = task.open('/m/f', O_RDONLY);
    fs.renameSync('/m/g', '/m/f');
    expect(() => task.fstat(fd)).toThrow(/ESTALE/);
  });

  it('tells that there are no links left where it had been copied up', () => {
    const { task, fs } = mounted();
    const fd = task.open('/m/f', O_RDONLY);
    fs.appendFileSync('/m/f', '!');
    fs.renameSync('/m/g', '/m/f');
    expect(task.fstat(fd)).toMatchObject({ nlink: 0, size: 6 });
  });
});

describe('a descriptor of a directory that was replaced', () => {
  it.each(['e', 'n'])('is stale: %s', (name) => {
    const { task, fs } = mounted();
    fs.mkdirSync('/m/n');
    fs.mkdirSync('/m/new');
    const fd = task.open(`/m/${name}`, O_RDONLY | O_DIRECTORY);
    fs.renameSync('/m/new', `/m/${name}`);
    expect(() => task.fstat(fd)).toThrow(/ESTALE/);
  });
});

describe('a descriptor of a pseudo-linked file', () => {
  it('is stale once all names are gone, as the pseudo-link is one still', () => {
    const { task, fs } = mounted();
    fs.linkSync('/m/f', '/m/k');
    const fd = task.open('/m/k', O_RDONLY);
    fs.unlinkSync('/m/f');
    expect(task.fstat(fd).nlink).toBe(1);
    fs.unlinkSync('/m/k');
    expect(() => task.fstat(fd)).toThrow(/ESTALE/);
  });

  it('is not where a whiteout has taken its place', () => {
    const { task, fs } = mounted();
    fs.linkSync('/m/f', '/m/k');
    const fd = task.open('/m/f', O_RDONLY);
    fs.unlinkSync('/m/k');
    fs.unlinkSync('/m/f');
    expect(task.fstat(fd).nlink).toBe(0);
  });
});

describe('a directory that was removed', () => {
  const removed = () => {
    const { task, fs } = mounted();
    const fd = task.open('/m/e', O_RDONLY | O_DIRECTORY);
    task.chdir('/m/e');
    fs.rmdirSync('/m/e');
    return { task, fd };
  };

  it('is stale for a path that ends in it without a name', () => {
    const { task, fd } = removed();
    expect(() => task.fstatat(fd, '.', 0)).toThrow(/ESTALE/);
    for (const path of ['.', './', './.']) expect(() => task.stat(path)).toThrow(/ESTALE/);
    expect(() => task.chmod('.', 0o700)).toThrow(/ESTALE/);
    expect(() => task.access('.', 0)).toThrow(/ESTALE/);
    expect(() => task.rmdir('.')).toThrow(/ESTALE/);
    expect(() => task.stat('./e')).toThrow(/ENOENT/);
    expect(task.stat('..')).toEqual(task.stat('/m'));
  });

  it('can be opened, and asked by its descriptor', () => {
    const { task, fd } = removed();
    expect(task.fstat(fd).nlink).toBe(2);
    expect(task.fstatat(fd, '', AT_EMPTY_PATH).nlink).toBe(2);
    const again = task.open('.', O_RDONLY | O_DIRECTORY);
    expect(task.fstat(again).nlink).toBe(2);
  });
});

describe('a descriptor of what somebody removed in its branch', () => {
  it.each(['f', 'e'])('still answers: %s', (name) => {
    const { task, fs } = mounted();
    const fd = task.open(`/m/${name}`, O_RDONLY);
    fs.rmSync(`/ro/${name}`, { recursive: true });
    expect(task.fstat(fd).nlink).toBe(0);
  });
});

describe('without a look at the branches', () => {
  it('nothing is stale but what was removed, for a path', () => {
    const { task, fs } = mounted();
    task.mount('none', '/m', '', 'udba=none', MS_REMOUNT);
    const fd = task.open('/m/e', O_RDONLY | O_DIRECTORY);
    fs.mkdirSync('/m/new');
    fs.renameSync('/m/new', '/m/e');
    expect(task.fstat(fd).mode).toBe(fs.statSync('/ro/e').mode);
    expect(() => task.fstatat(fd, '.', 0)).toThrow(/ESTALE/);
  });
});
