/**
 * Our fs beside memfs and node:fs on a real tmpfs: interleaved rounds in one process, medians, and what our fs adds to
 * the bare system calls. Run: `npx tsx bench/facade.ts [rounds]`.
 */
import * as nodeFs from 'node:fs';
import { memfs } from 'memfs';
import { createFs } from '../src/fs/create-fs.ts';
import type { Task } from '../src/kernel/task.ts';
import { createMachine } from '../src/union/create-machine.ts';

type Fs = Pick<
  typeof nodeFs,
  | 'statSync'
  | 'existsSync'
  | 'readFileSync'
  | 'openSync'
  | 'readSync'
  | 'closeSync'
  | 'writeFileSync'
  | 'unlinkSync'
  | 'appendFileSync'
  | 'readdirSync'
  | 'renameSync'
  | 'mkdirSync'
  | 'rmSync'
>;

interface Subject {
  readonly name: string;
  readonly fs: Fs;
  readonly top: string;
}

interface Measure {
  readonly name: string;
  /** Calls in one round. */
  readonly calls: number;
  readonly prepare?: (fs: Fs, top: string) => void;
  readonly act: (fs: Fs, top: string, index: number) => unknown;
  readonly clean?: (fs: Fs, top: string) => void;
}

const DEEP = '/a/b/c/d/e/f/g';
const content = Buffer.alloc(1024, 'x');
const small = Buffer.alloc(16, 'y');
const into = Buffer.alloc(1024);

function buildTree(fs: Fs, top: string): void {
  fs.mkdirSync(top + DEEP, { recursive: true });
  fs.writeFileSync(`${top}${DEEP}/f`, content);
  fs.writeFileSync(`${top}/f`, content);
  for (const count of [10, 1000, 10_000]) {
    fs.mkdirSync(`${top}/${count}`);
    for (let i = 0; i < count; i++) fs.writeFileSync(`${top}/${count}/file-${i}`, '');
  }
}

const openReadClose = (fs: Fs, top: string): void => {
  const fd = fs.openSync(`${top}/f`, 'r');
  fs.readSync(fd, into, 0, 1024, null);
  fs.closeSync(fd);
};

const removeNew = (fs: Fs, top: string): void => fs.rmSync(`${top}/new`, { recursive: true });
const makeNew = (fs: Fs, top: string): void => {
  fs.mkdirSync(`${top}/new`);
};
const fillNew = (fs: Fs, top: string): void => {
  makeNew(fs, top);
  for (let i = 0; i < 1000; i++) fs.writeFileSync(`${top}/new/${i}`, '');
};

const measures: readonly Measure[] = [
  { name: 'statSync, depth 1', calls: 5000, act: (fs, top) => fs.statSync(`${top}/f`) },
  { name: 'statSync, depth 8', calls: 5000, act: (fs, top) => fs.statSync(`${top}${DEEP}/f`) },
  { name: 'existsSync, missing', calls: 5000, act: (fs, top) => fs.existsSync(`${top}/none`) },
  { name: 'readFileSync, 1 KiB', calls: 3000, act: (fs, top) => fs.readFileSync(`${top}/f`) },
  { name: 'readFileSync, text', calls: 3000, act: (fs, top) => fs.readFileSync(`${top}/f`, 'utf8') },
  { name: 'open, read, close', calls: 3000, act: openReadClose },
  {
    name: 'writeFileSync, new 1 KiB',
    calls: 1000,
    prepare: makeNew,
    act: (fs, top, i) => fs.writeFileSync(`${top}/new/${i}`, content),
    clean: removeNew,
  },
  {
    name: 'appendFileSync, 16 B',
    calls: 1000,
    act: (fs, top) => fs.appendFileSync(`${top}/log`, small),
    clean: (fs, top) => fs.unlinkSync(`${top}/log`),
  },
  { name: 'readdirSync, 10', calls: 2000, act: (fs, top) => fs.readdirSync(`${top}/10`) },
  { name: 'readdirSync, 1000', calls: 30, act: (fs, top) => fs.readdirSync(`${top}/1000`) },
  { name: 'readdirSync, 10000', calls: 3, act: (fs, top) => fs.readdirSync(`${top}/10000`) },
  {
    name: 'unlinkSync',
    calls: 1000,
    prepare: fillNew,
    act: (fs, top, i) => fs.unlinkSync(`${top}/new/${i}`),
    clean: removeNew,
  },
  {
    name: 'renameSync',
    calls: 1000,
    prepare: fillNew,
    act: (fs, top, i) => fs.renameSync(`${top}/new/${i}`, `${top}/new/to-${i}`),
    clean: removeNew,
  },
];

/** The system calls alone, in the shape of an fs. */
function bareCalls(task: Task): Fs {
  const withFd = <T>(fd: number, act: (fd: number) => T): T => {
    const value = act(fd);
    task.close(fd);
    return value;
  };
  const write = (path: string, flags: number, bytes: Uint8Array) =>
    withFd(task.open(path, flags, 0o666), (fd) => task.write(fd, bytes));
  const bytesOf = (data: string | Uint8Array): Uint8Array => (typeof data === 'string' ? Buffer.from(data) : data);
  return {
    ...createFs(task),
    statSync: (path: string) => task.stat(path),
    existsSync: (path: string) => task.statIfPresent(path) !== undefined,
    readFileSync: (path: string) => withFd(task.open(path, 0), (fd) => task.read(fd, Buffer.allocUnsafe(1024))),
    openSync: (path: string) => task.open(path, 0),
    readSync: (fd: number, buffer: Uint8Array) => task.read(fd, buffer),
    closeSync: (fd: number) => task.close(fd),
    writeFileSync: (path: string, data: string | Uint8Array) => write(path, 0o1101, bytesOf(data)),
    appendFileSync: (path: string, data: string | Uint8Array) => write(path, 0o2101, bytesOf(data)),
    readdirSync: (path: string) => withFd(task.open(path, 0o200000), (fd) => task.getdents(fd)),
    unlinkSync: (path: string) => task.unlink(path),
    renameSync: (from: string, to: string) => task.rename(from, to),
  } as unknown as Fs;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Nanoseconds of one call. */
function timed({ fs, top }: Subject, { calls, prepare, act, clean }: Measure): number {
  prepare?.(fs, top);
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) act(fs, top, i);
  const passed = Number(process.hrtime.bigint() - start) / calls;
  clean?.(fs, top);
  return passed;
}

const rounds = Number(process.argv[2] ?? 21);
const shared = nodeFs.mkdtempSync('/dev/shm/lowerdir-bench-');
const subjects: readonly Subject[] = [
  { name: 'ours', fs: createFs(createMachine().task), top: '/w' },
  { name: 'bare', fs: bareCalls(createMachine().task), top: '/w' },
  { name: 'memfs', fs: memfs().fs as unknown as Fs, top: '/w' },
  { name: 'node', fs: nodeFs, top: `${shared}/w` },
];
try {
  for (const { fs, top } of subjects) buildTree(fs, top);
  const rate = (nanoseconds: number): string => (1e9 / nanoseconds).toFixed(0).padStart(11);
  console.log(
    'calls a second'.padEnd(26),
    ...subjects.map(({ name }) => name.padStart(11)),
    '   ours/memfs  ours/node  over bare',
  );
  for (const measure of measures) {
    const times = subjects.map((): number[] => []);
    for (let round = 0; round < rounds; round++)
      for (const [i, subject] of subjects.entries()) times[i]!.push(timed(subject, measure));
    const [ours, bare, theirs, real] = times.map(median) as [number, number, number, number];
    const ratios = [theirs / ours, real / ours].map((ratio) => `${ratio.toFixed(2)}×`.padStart(10));
    console.log(
      measure.name.padEnd(26),
      ...[ours, bare, theirs, real].map(rate),
      ...ratios,
      `${((ours / bare - 1) * 100).toFixed(0)} %`.padStart(9),
    );
  }
} finally {
  nodeFs.rmSync(shared, { recursive: true });
}
