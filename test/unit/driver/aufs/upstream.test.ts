/** What moby's own tests of the driver hold, under their names. @see moby daemon/graphdriver/aufs/aufs_test.go */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { formatChange } from '../../../../src/archive/diff.ts';
import { concatenate } from '../../../../src/archive/codecs.ts';
import { readArchive } from '../../../../src/archive/tar-reader.ts';
import { applyArchive, type Driver } from '../../../../src/driver/driver.ts';
import { mountData } from '../../../../src/driver/aufs/mount.ts';
import { PAGE_SIZE } from '../../../../src/abi/flags.ts';
import { errorOf } from '../driver-machine.ts';
import { HOME, mountsBelow, startedAufs } from './aufs-machine.ts';

type Started = ReturnType<typeof startedAufs>;
const FOLDERS = ['mnt', 'layers', 'diff'];
const SIZE = 1024;

/** A layer `1`, and `2` on it. */
function two(): Started {
  const on = startedAufs();
  on.driver.create('1');
  on.driver.create('2', '1');
  return on;
}

/** As `startedAufs`, with a file of 1024 bytes in the layer `1`. */
function withFile(): Started {
  const on = startedAufs();
  on.driver.create('1');
  on.fs.writeFileSync(`${on.driver.get('1')}/test_file`, new Uint8Array(SIZE));
  return on;
}

const isMounted = ({ fs }: Started, id: string): boolean => mountsBelow(fs).some(([at]) => at === `${HOME}/mnt/${id}`);
const hash = (number: number): string => createHash('sha256').update(`${number}`).digest('hex');
const told = (driver: Driver, id: string, parent?: string): string[] => driver.changes(id, parent).map(formatChange);

/** A hundred and twenty-seven branches; each tenth layer removes what the one below it made. */
function deepStack(home: string): void {
  const { fs, driver, machine } = startedAufs(home);
  const expected = new Map<string, string>();
  for (let i = 1; i <= 127; i++) {
    const [parent, id] = [hash(i - 1), hash(i)];
    driver.create(id, i === 1 ? undefined : parent);
    const root = driver.get(id);
    fs.writeFileSync(`${root}/${id}`, `${i}`);
    expected.set(id, `${i}`);
    if (i % 10 === 0) {
      fs.unlinkSync(`${root}/${parent}`);
      expected.delete(parent);
    }
    driver.put(id);
  }
  const root = driver.get(hash(127));
  const found = (fs.readdirSync(root) as string[]).map((name) => [name, fs.readFileSync(`${root}/${name}`, 'utf8')]);
  expect(new Map(found as [string, string][])).toEqual(expected);
  expect(found).toHaveLength(127 - 12);
  driver.cleanup();
  expect(machine.check()).toEqual([]);
}

/** A home for which the page ends in the midst of a branch's name or permission. */
function straddlingHome(): string {
  for (let zeroes = 1; zeroes < 200; zeroes++) {
    const home = `/var/lib/docker/${'0'.repeat(zeroes)}/aufs`;
    const branchOf = (id: number): string => `${home}/diff/${hash(id)}`;
    const below = Array.from({ length: 126 }, (_, i) => branchOf(i));
    const [first] = mountData({ target: '', branch: branchOf(127), below, dirperm1: true, label: '' });
    const each = ':=ro+wh'.length + branchOf(0).length;
    const room = PAGE_SIZE - 54 - ',dirperm1'.length - first!.indexOf(',dio');
    if (room === each - 1 || room === 0) return home;
  }
  throw new Error('there is no such home');
}

/** Each case of moby's, and what it holds in words of our own. */
const cases: Readonly<Record<string, readonly [holds: string, run: () => void]>> = {
  NewDriver: ['a driver starts in an empty home', () => void startedAufs()],
  AufsString: ['it is called aufs', () => expect(startedAufs().driver.name).toBe('aufs')],
  CreateDirStructure: [
    'its home has three folders',
    () => expect((startedAufs().fs.readdirSync(HOME) as string[]).sort()).toEqual([...FOLDERS].sort()),
  ],
  NewDriverFromExistingDir: [
    'it starts in a home where another has started, with the layers of that',
    () => {
      const { driver, start } = startedAufs();
      driver.create('1');
      expect(start().exists('1')).toBe(true);
    },
  ],
  CreateNewDir: ['a layer is made', () => startedAufs().driver.create('1')],
  CreateNewDirStructure: [
    'a layer is an entry in each folder',
    () => {
      const { driver, fs } = startedAufs();
      driver.create('1');
      for (const folder of FOLDERS) expect(fs.readdirSync(`${HOME}/${folder}`)).toEqual(['1']);
    },
  ],
  RemoveImage: [
    'a layer that is removed is in none of them',
    () => {
      const { driver, fs } = startedAufs();
      driver.create('1');
      driver.remove('1');
      for (const folder of FOLDERS) expect(fs.readdirSync(`${HOME}/${folder}`)).toEqual([]);
    },
  ],
  GetWithoutParent: [
    'a layer with nothing below it is shown where it lies',
    () => {
      const { driver } = startedAufs();
      driver.create('1');
      expect(driver.get('1')).toBe(`${HOME}/diff/1`);
    },
  ],
  CleanupWithNoDirs: ['a home without layers can be left', () => startedAufs().driver.cleanup()],
  CleanupWithDir: [
    'a home with a layer can be left',
    () => {
      const { driver } = startedAufs();
      driver.create('1');
      driver.cleanup();
      expect(driver.exists('1')).toBe(true);
    },
  ],
  MountedFalseResponse: [
    'a layer that nobody asked for is not mounted',
    () => {
      const on = startedAufs();
      on.driver.create('1');
      expect(isMounted(on, '1')).toBe(false);
    },
  ],
  MountedTrueResponse: [
    'a layer on top of another that somebody asked for is mounted',
    () => {
      const on = two();
      on.driver.get('2');
      expect(isMounted(on, '2')).toBe(true);
    },
  ],
  MountWithParent: ['it is mounted at its mount point', () => expect(two().driver.get('2')).toBe(`${HOME}/mnt/2`)],
  RemoveMountedDir: [
    'a layer that is mounted can be removed',
    () => {
      const on = two();
      on.driver.get('2');
      on.driver.remove('2');
      expect([isMounted(on, '2'), on.driver.exists('2')]).toEqual([false, false]);
    },
  ],
  CreateWithInvalidParent: [
    'no layer is made on one that is not there',
    () => {
      const { driver, fs } = startedAufs();
      expect(errorOf(() => driver.create('1', 'docker'))).toEqual({
        code: 'ERR_DRIVER_ID',
        message: `open ${HOME}/layers/docker: no such file or directory`,
      });
      for (const folder of FOLDERS) expect(fs.readdirSync(`${HOME}/${folder}`)).toEqual([]);
    },
  ],
  GetDiff: [
    'a layer is packed as a tar',
    () => {
      const entries = [...readArchive(concatenate([...withFile().driver.diff('1')]))];
      expect(entries.map(({ header }) => [header.name, header.size])).toEqual([['test_file', SIZE]]);
    },
  ],
  Changes: [
    'each layer tells what it added, and nothing of those below',
    () => {
      const { driver, fs } = two();
      fs.writeFileSync(`${driver.get('2')}/test.txt`, 'testline');
      expect([told(driver, '2'), told(driver, '2', '1')]).toEqual([['A /test.txt'], ['A /test.txt']]);
      driver.create('3', '2');
      fs.writeFileSync(`${driver.get('3')}/test2.txt`, 'testline');
      expect(told(driver, '3', '2')).toEqual(['A /test2.txt']);
    },
  ],
  DiffSize: ['a layer is as large as its files', () => expect(withFile().driver.diffSize('1')).toBe(SIZE)],
  ChildDiffSize: [
    'a layer on top of it is of no size as long as it is empty',
    () => {
      const { driver } = withFile();
      driver.create('2', '1');
      expect([driver.diffSize('1'), driver.diffSize('2', '1')]).toEqual([SIZE, 0]);
      driver.get('2');
      expect(driver.diffSize('2', '1')).toBe(0);
    },
  ],
  Exists: [
    'a layer exists, another does not',
    () => {
      const { driver } = two();
      expect(['1', '2', 'none', '', '..'].map((id) => driver.exists(id))).toEqual([true, true, false, false, false]);
    },
  ],
  Status: [
    'the driver tells where it is, what it lies on, how many layers there are, and whether AUFS knows dirperm1',
    () =>
      expect(two().driver.status()).toEqual([
        ['Root Dir', HOME],
        ['Backing Filesystem', 'extfs'],
        ['Dirs', '2'],
        ['Dirperm1 Supported', 'true'],
      ]),
  ],
  ApplyDiff: [
    'the tar of a layer is unpacked into another and shown by it',
    () => {
      const { driver, fs } = withFile();
      const tar = concatenate([...driver.diff('1')]);
      driver.create('2');
      driver.create('3', '2');
      expect(applyArchive(driver, '3', '2', tar)).toBe(SIZE);
      expect(fs.readFileSync(`${driver.get('3')}/test_file`)).toHaveLength(SIZE);
    },
  ],
  MountMoreThan42Layers: ['a stack of 127 layers shows the file of each', () => deepStack(HOME)],
  MountMoreThan42LayersMatchingPathLength: [
    'so does one in a home for which the page ends within a branch',
    () => deepStack(straddlingHome()),
  ],
  InitStaleCleanup: [
    'what a removal has left goes with the next start, and nothing else',
    () => {
      const { driver, fs, start } = startedAufs();
      driver.create('1');
      for (const folder of ['mnt', 'diff']) fs.mkdirSync(`${HOME}/${folder}/123-removing/deep`, { recursive: true });
      start();
      for (const folder of ['mnt', 'diff']) expect(fs.readdirSync(`${HOME}/${folder}`)).toEqual(['1']);
    },
  ],
};

test('there are as many as there are', () => expect(Object.keys(cases)).toHaveLength(25));

for (const [name, [holds, run]] of Object.entries(cases)) test(`${name}: ${holds}`, run);
