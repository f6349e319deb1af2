/** The measurement of `mounting.ts`: `mounting-child.ts <index of the library> <rounds> <files>…`. */
import type { Library } from './build.ts';

const [index, rounds, ...sizes] = process.argv.slice(2) as [string, string, ...string[]];
const { createMachine, mounted, union } = (await import(index)) as Library;

const MOUNTS_IN_TURN = 20;
const FILES_IN_DIRECTORY = 1000;

function layerOf(files: number) {
  const machine = createMachine();
  for (let i = 0; i < files; i++) {
    const directory = `/d${Math.floor(i / FILES_IN_DIRECTORY)}`;
    if (i % FILES_IN_DIRECTORY === 0) machine.task.mkdir(directory);
    machine.task.mknod(`${directory}/${i}`, 0o100644, 0);
  }
  return mounted(machine, '/');
}

const turns = sizes.map((size) => ({
  files: Number(size),
  layer: layerOf(Number(size)),
  microseconds: [] as number[],
}));
for (let round = -3; round < Number(rounds); round++) {
  for (const { files, layer, microseconds } of turns) {
    global.gc!({ type: 'minor' } as never);
    const start = process.hrtime.bigint();
    for (let i = 0; i < MOUNTS_IN_TURN; i++) {
      const { fs } = union([layer]);
      if (!fs.existsSync(`/d0/${Math.min(files, FILES_IN_DIRECTORY) - 1}`)) throw new Error('the layer is empty');
    }
    if (round >= 0) microseconds.push(Number(process.hrtime.bigint() - start) / 1000 / MOUNTS_IN_TURN);
  }
}
console.log(JSON.stringify(turns.map(({ files, microseconds }) => ({ files, microseconds }))));
