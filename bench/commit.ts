/** Commits of 10, 1,000 and 10,000 changed files, over one lower layer and over 128. */
import type { Library } from './build.ts';
import { stackOf } from './tree.ts';
import type { Settings } from './measure.ts';

export interface CommitSample {
  readonly changes: number;
  readonly lowers: number;
  readonly milliseconds: number[];
  readonly bytes: number;
  readonly diffID: string;
}

const NOW = { sec: 1_700_000_000, nsec: 0 };
const CONTENT = Buffer.alloc(100, 'c');
const FILES_IN_DIRECTORY = 100;
/** Time stands still, so that what is written has the same times everywhere. */
const STILL: NonNullable<Parameters<Library['union']>[1]>['clock'] & object = {
  now: () => NOW,
  tick() {},
  advance() {},
  fork: () => STILL,
};

/** @throws Error where the same changes over other layers give another digest */
export function measureCommits(library: Library, sizes: readonly number[], { rounds }: Settings): CommitSample[] {
  const samples: CommitSample[] = [];
  for (const changes of sizes) {
    const unions = [1, 128].map((lowers) => ({ lowers, union: changed(library, lowers, changes) }));
    const taken = unions.map(({ lowers, union }) => {
      const { size, diffID } = union.commit();
      return { changes, lowers, milliseconds: [] as number[], bytes: size, diffID, union };
    });
    if (taken[0]!.diffID !== taken[1]!.diffID) throw new Error('the digest of a commit depends on the layers below');
    for (let round = 0; round < rounds; round++) {
      for (const each of taken) {
        const start = process.hrtime.bigint();
        const layer = each.union.commit();
        each.milliseconds.push(Number(process.hrtime.bigint() - start) / 1e6);
        if (layer.diffID !== each.diffID) throw new Error('a second commit of the same changes has another digest');
      }
    }
    samples.push(...taken);
  }
  return samples;
}

function changed({ union, tree }: Library, lowers: number, changes: number) {
  const layers = stackOf({ lowers, layout: 'all' }, new Map(), ['changed']);
  const mounted = union(
    layers.map((layer) => tree(Object.fromEntries(layer))),
    { clock: STILL },
  );
  for (let i = 0; i < changes; i++) {
    const directory = `/changed/${Math.floor(i / FILES_IN_DIRECTORY)}`;
    if (i % FILES_IN_DIRECTORY === 0) mounted.fs.mkdirSync(directory);
    mounted.fs.writeFileSync(`${directory}/file-${i}`, CONTENT);
  }
  return mounted;
}
