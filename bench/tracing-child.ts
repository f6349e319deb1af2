/** One process of `tracing.ts`: `tracing-child.ts <index> <index> <rounds> <turn>`. */
import type { Library } from './build.ts';
import { measureWarm } from './measure.ts';
import { readRows } from './rows/read.ts';
import { writeRows } from './rows/write.ts';
import { median } from './statistics.ts';
import { lowerdir } from './subjects/lowerdir.ts';
import type { TracingTimes } from './tracing.ts';

const [first, second, rounds, turn] = process.argv.slice(2) as [string, string, string, string];
/** None that needs a fresh mount, which is noisier than what is looked for, and none that spends its time elsewhere. */
const rows = [...readRows, ...writeRows].filter(
  ({ name, fresh }) => !fresh && !name.endsWith(',000') && !name.includes('missing'),
);
const subjects = [lowerdir((await import(first)) as Library, 8), lowerdir((await import(second)) as Library, 8)];
const settings = { rounds: Number(rounds), turn: Number(turn), warming: 100 };
const times: TracingTimes[] = [];
for (const row of rows) {
  const [one, other] = await measureWarm(row, 'all', subjects, settings);
  times.push({ name: row.name, first: median(one!.nanoseconds), second: median(other!.nanoseconds) });
}
console.log(JSON.stringify(times));
