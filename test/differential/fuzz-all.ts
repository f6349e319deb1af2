/**
 * Runs the fuzz over every option set, layout and kind of caller, two processes at a time, and prints a table.
 *
 *     npm run fuzz:all -- --runs 100 --seed 1
 *
 * --runs N --seed S      how many sequences for each cell of the table (50), and the seed of the first; each cell adds one (1)
 * --sets a;b             option sets in place of those in option-sets.ts; "any" draws every combination
 * --layout a,b           layouts in place of all
 * --callers a,b          kinds of callers in place of root and others
 * --without a,b          calls that are not drawn
 * --jobs N               processes at a time, at most two (2)
 * --log FILE             where whole outputs of failed cells go
 */
import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { layouts } from '../../src/testing/union.ts';
import { optionSets } from './option-sets.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    runs: { ...text, default: '50' },
    seed: { ...text, default: '1' },
    sets: { ...text, default: ['any', ...optionSets].join(';') },
    layout: { ...text, default: layouts.join(',') },
    callers: { ...text, default: 'root,others' },
    without: { ...text, default: '' },
    jobs: { ...text, default: '2' },
    log: text,
  },
});

interface Cell {
  readonly options: string;
  readonly layout: string;
  readonly callers: string;
  readonly seed: number;
}

interface Outcome {
  readonly sequences: number;
  readonly operations: number;
  readonly refused: number;
  readonly success: number;
  readonly seconds: number;
  readonly failed: boolean;
}

const cells: Cell[] = values.sets
  .split(';')
  .flatMap((options) =>
    values.layout
      .split(',')
      .flatMap((layout) => values.callers.split(',').map((callers) => ({ options, layout, callers }))),
  )
  .map((cell, index) => ({ ...cell, seed: Number(values.seed) + index }));

function parametersOf({ options, layout, callers, seed }: Cell): string[] {
  const fixed = ['--import', 'tsx', 'test/differential/fuzz.ts', '--fs', 'overlay', '--json', '--runs', values.runs];
  const drawn = ['--seed', String(seed), '--options', options, '--layout', layout, '--callers', callers];
  return [...fixed, ...drawn, ...(values.without === '' ? [] : ['--without', values.without])];
}

const run = (cell: Cell): Promise<string> =>
  new Promise((resolve) => {
    execFile(process.execPath, parametersOf(cell), { maxBuffer: 1 << 28 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });

/** The counts, or nothing where the process broke off. */
function outcomeOf(output: string): Outcome | undefined {
  const line = /^\{"sequences":.*\}$/m.exec(output)?.[0];
  return line === undefined ? undefined : (JSON.parse(line) as Outcome);
}

/** Where it differed, in a line. */
const reasonOf = (output: string): string =>
  /^differs at .*$/m.exec(output)?.[0].slice(0, 150) ?? /^.*Error.*$/m.exec(output)?.[0] ?? output.slice(-200);

const totals = { sequences: 0, operations: 0, failed: 0, succeeded: 0 };

function report(cell: Cell, output: string): void {
  const outcome = outcomeOf(output);
  const name = `${cell.options.padEnd(46)} ${cell.layout.padEnd(8)} ${cell.callers.padEnd(7)} seed ${cell.seed}`;
  const failed = outcome === undefined || outcome.failed;
  if (outcome !== undefined) {
    totals.sequences += outcome.sequences;
    totals.operations += outcome.operations;
    totals.succeeded += outcome.success * outcome.operations;
  }
  if (failed) totals.failed++;
  const counts =
    outcome === undefined
      ? 'BROKE OFF'
      : `${failed ? 'DIFFERS' : 'same'} after ${outcome.sequences} sequences, ${outcome.refused} refused, ` +
        `${(outcome.success * 100).toFixed(0)} % succeeded, ${(outcome.sequences / outcome.seconds).toFixed(0)}/s`;
  console.log(`${name}  ${counts}${failed ? `\n    ${reasonOf(output)}` : ''}`);
  if (failed && values.log !== undefined) appendFileSync(values.log, `\n===== ${name}\n${output}`);
}

const waiting = [...cells];
async function work(): Promise<void> {
  for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) report(cell, await run(cell));
}

await Promise.all(Array.from({ length: Math.min(2, Number(values.jobs)) }, work));
console.log(
  `${totals.sequences} sequences, ${totals.operations} operations, ` +
    `${((totals.succeeded / Math.max(1, totals.operations)) * 100).toFixed(1)} % succeeded; ` +
    `${totals.failed} of ${cells.length} cells differ`,
);
process.exitCode = totals.failed === 0 ? 0 : 1;
