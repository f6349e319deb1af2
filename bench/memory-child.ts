/** Measures one subject of `memory.ts`: `memory-child.ts <subject> <index of the library> <files>`. */
import type { Library } from './build.ts';
import { aufsOf, loadAufs } from './subjects/aufs.ts';
import { type Layer, stacked } from './subjects/stacked.ts';
import type { LayerTree } from './tree.ts';

const [subject, index, count] = process.argv.slice(2) as [string, string, string];
const FILES_IN_DIRECTORY = 100;

interface Looked {
  statSync(path: string): { size: number };
}

function* paths(): Generator<[directory: string, file: string]> {
  for (let i = 0; i < Number(count); i++) {
    const directory = `/directory-${Math.floor(i / FILES_IN_DIRECTORY)}`;
    yield [directory, `${directory}/file-${i}`];
  }
}

function bytesInUse(): number {
  for (let i = 0; i < 4; i++) global.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The layer is made and let go of inside, so that only what the union keeps is counted. */
function unionMaker({ createMachine, mounted }: Library, union: (layer: Layer) => { fs: unknown }): () => Looked {
  union(mounted(createMachine(), '/'));
  return () => {
    const machine = createMachine();
    const { task } = machine;
    for (const [directory, file] of paths()) {
      if (task.statIfPresent(directory) === undefined) task.mkdir(directory, 0o755);
      task.mknod(file, 0o100644, 0);
    }
    return union(mounted(machine, '/')).fs as Looked;
  };
}

async function makeUnion(): Promise<() => Looked> {
  const library = (await import(index)) as Library;
  return unionMaker(library, (layer) => library.union([layer]));
}

async function makeAufs(): Promise<() => Looked> {
  const library = (await import(index)) as Library;
  const aufs = await loadAufs(index);
  return unionMaker(library, (layer) => stacked(library, [layer], aufsOf(aufs)));
}

async function makeVolume(): Promise<() => Looked> {
  const { volumeOf } = await import('./subjects/memfs.ts');
  volumeOf(new Map([['warm', null]]));
  return () => {
    const tree = new Map<string, Uint8Array | null>();
    for (const [directory, file] of paths()) {
      tree.set(directory.slice(1), null);
      tree.set(file.slice(1), new Uint8Array(0));
    }
    return volumeOf(tree as LayerTree) as unknown as Looked;
  };
}

const make = await (subject === 'memfs' ? makeVolume() : subject === 'aufs' ? makeAufs() : makeUnion());
const before = bytesInUse();
const fs = make();
const untouched = (bytesInUse() - before) / Number(count);
let sizes = 0;
for (const [, file] of paths()) sizes += fs.statSync(file).size;
if (sizes !== 0) throw new Error('an empty file has a size');
const looked = (bytesInUse() - before) / Number(count);
if (fs.statSync('/directory-0').size < 0) throw new Error('the tree is gone');
console.log(JSON.stringify({ untouched, looked }));
