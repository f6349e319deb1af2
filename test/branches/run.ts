/**
 * Branch coverage of overlayfs by the random sequences, the mount cases and the stops of the machine together.
 *
 *     npm run coverage -- --runs 40 --seed 1   sequences for each layout and caller
 *       --wide     with forks and what check() tells, too
 *       --report   only prints the last run
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { unreached } from './unreached.ts';

const root = resolve(import.meta.dirname, '../..');
const WANTED = 95;

interface Location {
  readonly start: { readonly line: number };
}

/** What istanbul tells of one file. */
interface FileCoverage {
  readonly path: string;
  readonly branchMap: Readonly<
    Record<string, { readonly type: string; readonly loc: Location; readonly locations: readonly Partial<Location>[] }>
  >;
  /** How often each arm of each branch was taken. */
  readonly b: Readonly<Record<string, readonly number[]>>;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    report: { type: 'boolean', default: false },
    wide: { type: 'boolean', default: false },
  },
});

if (!values.report) {
  const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, 'run', '--config', 'test/branches/vitest.config.ts'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, RUNS: values.runs, SEED: values.seed, WIDE: values.wide ? '1' : '' },
  });
  if (run.status !== 0) console.log('some of the runs have failed');
}

const covered = JSON.parse(readFileSync(resolve(root, 'coverage/coverage-final.json'), 'utf8')) as Record<
  string,
  FileCoverage
>;

const percent = (taken: number, all: number): string => (all === 0 ? '100.0' : ((taken * 100) / all).toFixed(1));
let [taken, all, explained] = [0, 0, 0];
const missing: string[] = [];

for (const file of Object.values(covered).sort((a, b) => (a.path < b.path ? -1 : 1))) {
  const name = relative(resolve(root, 'src/filesystem/overlayfs'), file.path);
  const lines = readFileSync(file.path, 'utf8').split('\n');
  const arms = Object.entries(file.b).flatMap(([id, counts]) => counts.map((count, arm) => ({ id, count, arm })));
  const free = arms.filter(({ count }) => count === 0);
  taken += arms.length - free.length;
  all += arms.length;
  console.log(
    `${percent(arms.length - free.length, arms.length).padStart(6)} %  ${arms.length - free.length}/${arms.length}  ${name}`,
  );
  for (const { id, arm } of free) {
    const { type, loc, locations } = file.branchMap[id]!;
    const line = locations[arm]?.start?.line ?? loc.start.line;
    const text = lines[line - 1]!.trim();
    const known = unreached.find((each) => each.file === name && text.includes(each.line));
    if (known !== undefined) explained++;
    missing.push(`${name}:${line} ${type} ${arm}: ${text.slice(0, 100)}${known ? `  (${known.reason})` : ''}`);
  }
}

console.log(missing.join('\n'));
console.log(
  `${percent(taken, all)} % of ${all} branches taken; of the ${all - taken} others ${explained} are known not to be reached`,
);
process.exitCode = (taken * 100) / all >= WANTED ? 0 : 1;
