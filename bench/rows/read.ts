/** Looking up, reading and listing. */
import { directoryStack, filled, type Shape, stackOf } from '../tree.ts';
import type { Mounted } from '../subjects/subject.ts';
import { indices, NAMES, pathsAt, type Row, sumOver } from './row.ts';

const KIB = 1024;
const DEEP = 'a/b/c/d/e/f/g';
const shallow = indices(NAMES).map((index) => `file-${index}`);
const deep = shallow.map((name) => `${DEEP}/${name}`);
const missing = indices(NAMES).map((index) => `missing-${index}`);

/** Files of 1 KiB, each full of its number, in the root and seven directories below. */
function filesStack(shape: Shape) {
  const files = new Map([...shallow, ...deep].map((path, index) => [path, filled(KIB, index & (NAMES - 1))]));
  return stackOf(shape, files, [DEEP]);
}

/** The paths that a row goes through, spelt once for each place. */
function spelling(names: readonly string[]): (place: Mounted) => readonly string[] {
  const known = new WeakMap<Mounted, readonly string[]>();
  return (place) => {
    const paths = known.get(place) ?? pathsAt(place, names);
    known.set(place, paths);
    return paths;
  };
}

function statRow(name: string, names: readonly string[]): Row {
  const pathsOf = spelling(names);
  return {
    name,
    kind: 'read',
    calls: ['statSync'],
    bytes: 0,
    cold: true,
    stack: filesStack,
    run(place, count) {
      const { fs } = place;
      const paths = pathsOf(place);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += fs.statSync(paths[i & (NAMES - 1)]!).size;
      return sum;
    },
    expected: (count) => KIB * count,
  };
}

const missingOf = spelling(missing);

const statMissing: Row = {
  name: 'stat missing, throws',
  kind: 'read',
  calls: ['statSync'],
  bytes: 0,
  cold: true,
  stack: filesStack,
  run(place, count) {
    const { fs } = place;
    const paths = missingOf(place);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      try {
        fs.statSync(paths[i & (NAMES - 1)]!);
      } catch (error) {
        if ((error as { code: string }).code === 'ENOENT') sum++;
      }
    }
    return sum;
  },
  expected: (count) => count,
};

const statAbsent: Row = {
  name: 'stat missing, undefined',
  kind: 'read',
  calls: ['statSync'],
  bytes: 0,
  stack: filesStack,
  run(place, count) {
    const { fs } = place;
    const paths = missingOf(place);
    const options = { throwIfNoEntry: false };
    let sum = 0;
    for (let i = 0; i < count; i++) if (fs.statSync(paths[i & (NAMES - 1)]!, options) === undefined) sum++;
    return sum;
  },
  expected: (count) => count,
};

const exists: Row = {
  name: 'exists, missing',
  kind: 'read',
  calls: ['existsSync'],
  bytes: 0,
  stack: filesStack,
  run(place, count) {
    const { fs } = place;
    const paths = missingOf(place);
    let sum = 0;
    for (let i = 0; i < count; i++) if (!fs.existsSync(paths[i & (NAMES - 1)]!)) sum++;
    return sum;
  },
  expected: (count) => count,
};

const shallowOf = spelling(shallow);

const readFile: Row = {
  name: 'readFile 1 KiB',
  kind: 'read',
  calls: ['readFileSync'],
  bytes: KIB,
  cold: true,
  stack: filesStack,
  run(place, count) {
    const { fs } = place;
    const paths = shallowOf(place);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const bytes = fs.readFileSync(paths[i & (NAMES - 1)]!);
      sum += bytes.length + bytes[KIB - 1]!;
    }
    return sum;
  },
  expected: (count) => sumOver(count, (index) => KIB + index),
};

const into = new Uint8Array(KIB);

const openReadClose: Row = {
  name: 'open, read 1 KiB, close',
  kind: 'read',
  calls: ['openSync', 'readSync', 'closeSync'],
  bytes: KIB,
  cold: true,
  stack: filesStack,
  run(place, count) {
    const { fs } = place;
    const paths = shallowOf(place);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const fd = fs.openSync(paths[i & (NAMES - 1)]!, 'r');
      sum += fs.readSync(fd, into, 0, KIB, null) + into[KIB - 1]!;
      fs.closeSync(fd);
    }
    return sum;
  },
  expected: (count) => sumOver(count, (index) => KIB + index),
};

function readdirRow(entries: number): Row {
  return {
    name: `readdir ${entries.toLocaleString('en')}`,
    kind: 'read',
    calls: ['readdirSync'],
    bytes: 0,
    cold: true,
    limit: entries > 100 ? 64 : 65536,
    stack: (shape) => directoryStack(shape, 'listed', entries),
    run(place, count) {
      const { fs } = place;
      const path = `${place.prefix}listed`;
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const names = fs.readdirSync(path) as string[];
        sum += names.length + names[entries - 1]!.length;
      }
      return sum;
    },
    expected: (count) => count * (entries + `entry-${entries - 1}`.length),
  };
}

export const readRows: readonly Row[] = [
  statRow('stat depth 1', shallow),
  statRow('stat depth 8', deep),
  statMissing,
  statAbsent,
  exists,
  readFile,
  openReadClose,
  readdirRow(10),
  readdirRow(1000),
  readdirRow(10_000),
];
