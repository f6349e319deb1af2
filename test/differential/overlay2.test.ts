/** The driver overlay2 on the real kernel and on ours: the same steps leave the same. */
import { readFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
import { MNT_DETACH } from '../../src/abi/flags.ts';
import { makedev, S_IFCHR } from '../../src/abi/mode.ts';
import { nodeCodecs } from '../../src/archive/node-codecs.ts';
import { concatenate, digestOf } from '../../src/archive/codecs.ts';
import type { Driver } from '../../src/driver/driver.ts';
import { overlay2 } from '../../src/driver/overlay2/index.ts';
import { readText, writeText } from '../../src/driver/text-file.ts';
import type { Task } from '../../src/kernel/task.ts';
import { removeTree } from '../../src/testing/task-files.ts';
import { dockerMachine } from '../unit/driver/overlay2/machine.ts';
import { DIRECTORY, linuxDaemon } from './linux-daemon.ts';
import { oracleTest } from './slice.ts';
import { whyNoOracle } from './subjects.ts';

interface Subject {
  readonly task: Task;
  readonly driver: Driver;
}

const HOME = `${DIRECTORY}/overlay2`;

function real(): Subject {
  const task = linuxDaemon();
  return { task, driver: overlay2().init({ task, home: HOME }) };
}

/** A machine whose /sys and /etc tell of the module and of users what the host's tell. */
function simulated(): Subject {
  const { task, fs } = dockerMachine();
  const parameters = '/sys/module/overlay/parameters';
  fs.mkdirSync(parameters, { recursive: true });
  if (linuxDaemon().statIfPresent(`${parameters}/index`) !== undefined) fs.writeFileSync(`${parameters}/index`, 'N\n');
  fs.mkdirSync(DIRECTORY, { recursive: true });
  fs.mkdirSync('/etc');
  for (const file of ['/etc/passwd', '/etc/group']) fs.writeFileSync(file, readFileSync(file));
  return { task, driver: overlay2().init({ task, home: HOME }) };
}

/** Runs the same on both, in an empty home. */
function both<T>(run: (subject: Subject) => T): { linux: T; ours: T } {
  const linux = real();
  const ours = simulated();
  try {
    return { linux: run(linux), ours: run(ours) };
  } finally {
    linux.driver.cleanup();
    removeTree(linux.task, HOME);
  }
}

/** Links in the order in which layers were made, instead of their random names. */
function withoutLinks({ task }: Subject, ids: readonly string[], text: string): string {
  return ids.reduce((told, id) => told.replaceAll(readText(task, `${HOME}/${id}/link`), `LINK-${id}`), text);
}

/** Each path of the home with type, mode, owner, size and text. Sizes of directories are the filesystem's own. */
function tree({ task }: Subject, directory = HOME): string[] {
  const fd = task.open(directory, 0o200000);
  const names = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  const own = names.filter((name) => name !== '.' && name !== '..').sort();
  return own.flatMap((name) => {
    const path = `${directory}/${name}`;
    const { mode, uid, gid, nlink, rdev, size } = task.lstat(path);
    const type = mode >> 12;
    const noted = task
      .llistxattr(path)
      .filter((each) => each.startsWith('trusted.'))
      .sort();
    const line = [path.slice(HOME.length), mode.toString(8), uid, gid, rdev, ...noted];
    if (type === 0o4) return [line.join(' '), ...tree({ task } as Subject, path)];
    const text = type === 0o12 ? task.readlink(path) : type === 0o10 ? readText(task, path) : '';
    return [[...line, nlink, size, JSON.stringify(text)].join(' ')];
  });
}

const mounts = ({ task }: Subject): string[] =>
  readText(task, '/proc/self/mounts')
    .split('\n')
    .filter((line) => line.startsWith('overlay ') && line.includes(HOME))
    .map((line) => line.replaceAll('inode64,', ''));

/** Changes of every kind that leave something of overlayfs's own behind. */
function change(task: Task, root: string): void {
  writeText(task, `${root}/dir/kept`, 'changed', 0o644);
  task.unlink(`${root}/dir/gone`);
  removeTree(task, `${root}/emptied`);
  task.mkdir(`${root}/emptied`, 0o700);
  writeText(task, `${root}/emptied/new`, 'new', 0o640);
  task.chown(`${root}/file`, 12, 34);
  task.rename(`${root}/moved`, `${root}/there`);
  task.mknod(`${root}/device`, S_IFCHR | 0o600, makedev(1, 3));
  task.symlink('nowhere', `${root}/symlink`);
}

function fill(task: Task, root: string): void {
  for (const name of ['dir', 'emptied']) task.mkdir(`${root}/${name}`, 0o755);
  for (const name of ['dir/kept', 'dir/gone', 'emptied/old', 'file', 'moved']) {
    writeText(task, `${root}/${name}`, name, 0o644);
  }
}

/** Times that both kernels tell alike. */
function setTimes(task: Task, directory: string): void {
  const fd = task.open(directory, 0o200000);
  const entries = task.getdents(fd).filter(({ name }) => name !== '.' && name !== '..');
  task.close(fd);
  for (const { name } of entries) {
    const path = `${directory}/${name}`;
    if (task.lstat(path).mode >> 12 === 0o4) setTimes(task, path);
    task.utimensat(-100, path, { sec: 5, nsec: 0 }, { sec: 1234567890, nsec: 0 }, 0x100);
  }
}

/** An image of two layers and a container on it that was changed. */
function history({ task, driver }: Subject): void {
  driver.create('base');
  fill(task, driver.get('base'));
  driver.create('top', 'base');
  writeText(task, `${driver.get('top')}/top`, 'top', 0o644);
  driver.put('top');
  driver.createReadWrite('box', 'top');
  change(task, driver.get('box'));
}

afterAll(() => {
  if (whyNoOracle() === undefined) linuxDaemon().umount(DIRECTORY, MNT_DETACH);
});

oracleTest('an image and a container: the same files, notes of overlayfs, mounts and words', () => {
  const { linux, ours } = both((subject) => {
    history(subject);
    const { driver } = subject;
    const ids = ['base', 'top', 'box'];
    const shown = mounts(subject).map((line) => withoutLinks(subject, ids, line));
    driver.put('box');
    driver.get('box');
    const again = mounts(subject).map((line) => withoutLinks(subject, ids, line));
    driver.put('box');
    const files = tree(subject)
      .map((line) => withoutLinks(subject, ids, line))
      .sort();
    return { shown, again, files, status: driver.status(), metadata: ids.map((id) => driver.metadata(id)) };
  });
  expect(ours).toEqual(linux);
  expect(linux.shown).toHaveLength(1);
});

oracleTest('the same may be relied on', () => {
  const { linux, ours } = both(({ driver }) => ({ ...driver.features, nonStandard: [...driver.features.nonStandard] }));
  expect(ours).toEqual(linux);
});

oracleTest('the same layer tar, changes and sizes; unpacked it makes the same layer', () => {
  const { linux, ours } = both((subject) => {
    const { task, driver } = subject;
    history(subject);
    setTimes(task, `${HOME}/base/diff`);
    setTimes(task, `${HOME}/box/diff`);
    driver.put('box');
    const tar = concatenate([...driver.diff('box', 'top')]);
    const changes = driver.changes('box', 'top').map(({ kind, path }) => `${kind} ${path}`);
    driver.create('committed', 'top');
    const writer = driver.applyDiff('committed', 'top');
    writer.write(tar);
    const size = writer.end();
    const files = tree(subject, `${HOME}/committed/diff`);
    setTimes(task, `${HOME}/committed/diff`);
    const again = digestOf(nodeCodecs.sha256, driver.diff('committed', 'top'));
    const sizes = [size, driver.diffSize('box', 'top'), driver.diffSize('committed', 'base')];
    return { tar: digestOf(nodeCodecs.sha256, tar), again, changes: changes.sort(), files, sizes };
  });
  expect(ours).toEqual(linux);
});

oracleTest('126 layers are mounted from the home, with the same options', () => {
  const { linux, ours } = both((subject) => {
    const { task, driver } = subject;
    const ids: string[] = [];
    for (let i = 0; i < 126; i++) {
      driver.create(`${i}`, ids.at(-1));
      writeText(task, `${HOME}/${i}/diff/${i}`, `${i}`, 0o644);
      ids.push(`${i}`);
    }
    driver.createReadWrite('box', '125');
    const seen = tree(subject, driver.get('box')).length;
    const shown = mounts(subject).map((line) => withoutLinks(subject, ids, line));
    driver.put('box');
    driver.get('124');
    shown.push(...mounts(subject).map((line) => withoutLinks(subject, ids, line)));
    driver.put('124');
    return { seen, shown };
  });
  expect(ours).toEqual(linux);
  expect(linux.seen).toBe(126);
});

oracleTest('the same words for what is refused', () => {
  const { linux, ours } = both(({ task, driver }) => {
    const told = (call: () => void): string => {
      try {
        call();
        return 'done';
      } catch (error) {
        return `${(error as { code: string }).code} ${(error as Error).message}`;
      }
    };
    driver.create('base');
    driver.createReadWrite('box', 'base');
    const refusals = [
      told(() => driver.get('box', 'system_u:object_r:container_file_t:s0')),
      told(() => driver.get('missing')),
      told(() => driver.create('orphan', 'missing')),
      told(() => driver.create('base')),
    ];
    task.rmdir(`${HOME}/base/diff`);
    return [
      ...refusals,
      told(() => driver.get('box')),
      ...tree({ task, driver }).map((line) => line.split(' ')[0]),
    ].filter((line) => !/\/l\//.test(line!));
  });
  expect(ours).toEqual(linux);
});
