/** Writing files that are in the upper layer already, or nowhere yet. */
import { stackOf } from '../tree.ts';
import { indices, NAMES, pathsAt, type Row } from './row.ts';

const KIB = 1024;
const LIMIT = 4096;
const kibibyte = Buffer.alloc(KIB, 'w');
const line = Buffer.alloc(16, 'a');
const made = indices(LIMIT).map((index) => `written/new-${index}`);
const old = indices(NAMES).map((index) => `written/old-${index}`);

const writeNew: Row = {
  name: 'write new 1 KiB',
  kind: 'write',
  calls: ['writeFileSync'],
  bytes: KIB,
  fresh: true,
  limit: LIMIT,
  stack: (shape) => stackOf(shape, new Map(), ['written']),
  prepare({ fs, prefix }) {
    fs.writeFileSync(`${prefix}written/first`, kibibyte);
  },
  run(place, count) {
    const { fs } = place;
    const paths = pathsAt(place, made.slice(0, count));
    for (let i = 0; i < count; i++) fs.writeFileSync(paths[i]!, kibibyte);
    return count;
  },
  expected: (count) => count,
  check(place, count) {
    const found = place.fs.readFileSync(`${place.prefix}${made[count - 1]}`);
    if (!kibibyte.equals(found)) throw new Error('the file does not hold what was written');
  },
};

/** Files in the upper layer, empty. */
function emptied(row: Pick<Row, 'name' | 'calls' | 'bytes' | 'run' | 'check'>): Row {
  return {
    ...row,
    kind: 'write',
    limit: 16_384,
    stack: (shape) => stackOf(shape, new Map(), ['written']),
    prepare(place) {
      for (const path of pathsAt(place, old)) place.fs.writeFileSync(path, '');
    },
    expected: (count) => count,
  };
}

const overwrite = emptied({
  name: 'overwrite 1 KiB',
  calls: ['writeFileSync'],
  bytes: KIB,
  run(place, count) {
    const { fs } = place;
    const paths = pathsAt(place, old);
    for (let i = 0; i < count; i++) fs.writeFileSync(paths[i & (NAMES - 1)]!, kibibyte);
    return count;
  },
  check(place) {
    const found = place.fs.readFileSync(`${place.prefix}${old[0]}`);
    if (!kibibyte.equals(found)) throw new Error('the file does not hold what was written');
  },
});

const append = emptied({
  name: 'append 16 B',
  calls: ['appendFileSync', 'writeFileSync'],
  bytes: line.length,
  run(place, count) {
    const { fs } = place;
    const paths = pathsAt(place, old);
    for (let i = 0; i < count; i++) fs.appendFileSync(paths[i & (NAMES - 1)]!, line);
    return count;
  },
  check(place, count) {
    const { size } = place.fs.statSync(`${place.prefix}${old[0]}`);
    if (size !== line.length * Math.ceil(count / NAMES)) throw new Error(`the file has ${size} bytes`);
  },
});

export const writeRows: readonly Row[] = [writeNew, overwrite, append];
