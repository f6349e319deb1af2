/** Whether the first write of a lower file takes longer for a larger one: one file of each size, taking turns. */
import type { Library } from './build.ts';
import { filled, stackOf } from './tree.ts';

export interface CopyUpSample {
  readonly size: number;
  /** Of one first write, each on a fresh mount. */
  readonly microseconds: number[];
}

const SIZES = [4096, 2 ** 20, 2 ** 28];
const LINE = Buffer.alloc(16, 'a');
const pathOf = (size: number): string => `changed/size-${size}`;

/** @throws Error where a file does not come up whole */
export function measureCopyUps({ union, tree }: Library, mounts: number): CopyUpSample[] {
  const files = new Map(
    [...SIZES.map(pathOf), 'changed/first'].map((path, index) => [path, filled(SIZES[index] ?? 1, 98)]),
  );
  const layers = stackOf({ lowers: 128, layout: 'all' }, files, ['changed']);
  const sources = layers.map((layer) => tree(Object.fromEntries(layer)));
  const samples = SIZES.map((size) => ({ size, microseconds: [] as number[] }));
  for (let mount = -mounts; mount < mounts; mount++) {
    const { fs } = union(sources);
    fs.appendFileSync('/changed/first', LINE);
    for (let turn = 0; turn < SIZES.length; turn++) {
      const { size, microseconds } = samples[(turn + mount + mounts) % SIZES.length]!;
      const path = `/${pathOf(size)}`;
      const before = fs.statSync(path).size;
      const start = process.hrtime.bigint();
      fs.appendFileSync(path, LINE);
      const nanoseconds = Number(process.hrtime.bigint() - start);
      if (fs.statSync(path).size !== before + LINE.length) throw new Error(`${path} did not come up whole`);
      if (mount >= 0) microseconds.push(nanoseconds / 1000);
    }
  }
  return samples;
}
