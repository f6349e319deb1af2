/** Our AUFS beside our overlayfs, over stacks of the same layers: every row in the same rounds. */
import type { Library } from './build.ts';
import { measureCold, measureWarm } from './measure.ts';
import type { BenchOptions } from './options.ts';
import type { Measured } from './report.ts';
import { changeRows } from './rows/change.ts';
import { readRows } from './rows/read.ts';
import type { Row } from './rows/row.ts';
import { writeRows } from './rows/write.ts';
import { loadAufs, pairOf } from './subjects/aufs.ts';
import type { Layout } from './tree.ts';

/** How many branches lie below the writable one. */
const BRANCHES = [1, 8, 32, 120];
const ROWS: readonly Row[] = [...readRows, ...writeRows, ...changeRows].filter(
  ({ name }) =>
    !['exists, missing', 'readdir 10,000', 'rename lower directory', 'chmod lower 1 MiB', 'copy-up 256 MiB'].includes(
      name,
    ),
);
const LAYOUTS: readonly (readonly [Layout, string])[] = [
  ['one', 'the lowest branch alone holds the directory'],
  ['all', 'every branch holds the directory'],
];

export interface AufsTable {
  readonly title: string;
  readonly branches: readonly number[];
  readonly warm: boolean;
  readonly measured: readonly Measured[];
}

/** @param index where the library lies */
export async function measureAufs(library: Library, index: string, options: BenchOptions): Promise<AufsTable[]> {
  const aufs = await loadAufs(index);
  const { quick, wantsRow } = options;
  const branches = quick ? [1, 120] : BRANCHES;
  const subjects = branches.flatMap((count) => pairOf(library, aufs, count));
  const tables: AufsTable[] = [];
  for (const warm of quick ? [true] : [true, false]) {
    const rows = ROWS.filter(({ name, cold }) => (warm || cold) && wantsRow(`aufs ${warm ? name : `cold ${name}`}`));
    for (const [layout, words] of quick ? LAYOUTS.slice(1) : LAYOUTS) {
      const measured: Measured[] = [];
      const measure = warm ? measureWarm : measureCold;
      for (const row of rows) measured.push({ row, samples: await measure(row, layout, subjects, options) });
      tables.push({ title: `${warm ? 'warm' : 'cold'}, ${words}`, branches, warm, measured });
    }
  }
  return tables.filter(({ measured }) => measured.length > 0);
}
