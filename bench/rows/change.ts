/** Changing what a lower layer holds: deletion, renaming and the first write, which copies the file up. */
import { filled, stackOf } from '../tree.ts';
import type { Mounted } from '../subjects/subject.ts';
import { indices, pathsAt, type Row } from './row.ts';

const KIB = 1024;
const line = Buffer.alloc(16, 'a');

interface LowerFiles {
  readonly names: readonly string[];
  readonly size: number;
}

const lowerFiles = (count: number, size: number): LowerFiles => ({
  names: indices(count).map((index) => `changed/file-${index}`),
  size,
});

/** What is changed before the clock runs, so that the directory is in the upper layer already. */
const FIRST = 'changed/first';

/** A row over lower files that were looked up before. */
function changing(
  files: LowerFiles,
  row: Pick<Row, 'name' | 'calls' | 'layered'> & {
    change(place: Mounted, path: string): void;
    check(place: Mounted, path: string): void;
  },
): Row {
  const { names, size } = files;
  const contentOf = (name: string) => filled(name === FIRST ? KIB : size, 98);
  return {
    name: row.name,
    kind: 'change',
    calls: row.calls,
    bytes: row.layered ? size : 0,
    fresh: true,
    limit: names.length,
    ...(row.layered ? { layered: true } : {}),
    stack: (shape) => stackOf(shape, new Map([...names, FIRST].map((name) => [name, contentOf(name)])), ['changed']),
    prepare(place) {
      row.change(place, pathsAt(place, [FIRST])[0]!);
      for (const path of pathsAt(place, names)) place.fs.statSync(path);
    },
    run(place, count) {
      const paths = pathsAt(place, names.slice(0, count));
      for (let i = 0; i < count; i++) row.change(place, paths[i]!);
      return count;
    },
    expected: (count) => count,
    check(place, count) {
      for (const path of pathsAt(place, [names[0]!, names[count - 1]!])) row.check(place, path);
    },
  };
}

const unlink = changing(lowerFiles(512, KIB), {
  name: 'unlink lower file',
  calls: ['unlinkSync'],
  change: ({ fs }, path) => fs.unlinkSync(path),
  check({ fs }, path) {
    if (fs.existsSync(path)) throw new Error('the name is still there');
  },
});

const rename = changing(lowerFiles(512, KIB), {
  name: 'rename lower file',
  calls: ['renameSync'],
  change: ({ fs }, path) => fs.renameSync(path, `${path}.moved`),
  check({ fs }, path) {
    if (fs.existsSync(path)) throw new Error('the old name is still there');
    if (fs.readFileSync(`${path}.moved`).length !== KIB) throw new Error('the new name has another content');
  },
});

function copyUp(name: string, count: number, size: number): Row {
  return changing(lowerFiles(count, size), {
    name: `copy-up ${name}`,
    calls: ['appendFileSync'],
    layered: true,
    change: ({ fs }, path) => fs.appendFileSync(path, line),
    check({ fs }, path) {
      const found = fs.statSync(path).size;
      if (found !== size + line.length) throw new Error(`the file has ${found} bytes behind its first write`);
    },
  });
}

/** Copied up whole, or only its metadata with `metacopy=on`. */
const chmod = changing(lowerFiles(64, KIB * KIB), {
  name: 'chmod lower 1 MiB',
  calls: ['chmodSync'],
  layered: true,
  change: ({ fs }, path) => fs.chmodSync(path, 0o600),
  check({ fs }, path) {
    if ((fs.statSync(path).mode & 0o777) !== 0o600) throw new Error('the file has another mode');
  },
});

const directories = indices(64).map((index) => `changed/directory-${index}`);

/** What it comes to where lower directories can be moved, and what the refusal costs where they cannot. */
const renameDirectory: Row = {
  name: 'rename lower directory',
  kind: 'change',
  calls: ['renameSync'],
  bytes: 0,
  layered: true,
  fresh: true,
  limit: directories.length,
  stack: (shape) => stackOf(shape, new Map(directories.map((path) => [`${path}/file`, filled(KIB, 98)])), directories),
  prepare(place) {
    place.fs.writeFileSync(`${place.prefix}${FIRST}`, line);
    for (const path of pathsAt(place, directories)) {
      place.fs.statSync(path);
      place.fs.existsSync(`${path}.moved`);
    }
  },
  run(place, count) {
    const paths = pathsAt(place, directories.slice(0, count));
    for (let i = 0; i < count; i++) moveOrRefuse(place, paths[i]!);
    return count;
  },
  expected: (count) => count,
  check(place) {
    const path = `${place.prefix}${directories[0]}`;
    const [old, moved] = [path, `${path}.moved`].map((at) => place.fs.existsSync(`${at}/file`));
    if (old === moved) throw new Error('the file is in both places or in none');
  },
};

/** EXDEV is an answer too. */
function moveOrRefuse({ fs }: Mounted, path: string): void {
  try {
    fs.renameSync(path, `${path}.moved`);
  } catch (error) {
    if ((error as { code: string }).code !== 'EXDEV') throw error;
  }
}

export const changeRows: readonly Row[] = [
  unlink,
  rename,
  renameDirectory,
  chmod,
  copyUp('4 KiB', 256, 4 * KIB),
  copyUp('1 MiB', 16, KIB * KIB),
  copyUp('256 MiB', 1, 256 * KIB * KIB),
];
