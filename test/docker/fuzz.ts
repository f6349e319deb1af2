/**
 * Runs random histories of images and containers on a real dockerd and on ours until they differ.
 *
 *     npm run docker:fuzz -- --driver overlay2 --runs 100 --seed 7
 *
 * --driver overlay2,overlay,vfs   which graph drivers, one after the other (all)
 * --runs N --seed S               how many histories for each, drawn from which seed (20, random)
 * --path P                        only the history that a failure named
 * --history FILE                  only the history that is in the file, as data
 * --steps N                       the most steps of a history (12)
 * --disk own|tmpfs                what dockerd's data root lies on: the filesystem of /tmp, or one in memory (own)
 * --against dockerd               compare with a second dockerd instead of ours: what is not deterministic in the test
 * --seconds N                     how long a divergence is made smaller (60)
 * --verbose                       tell what became of each step
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type HistoryDivergence, printDivergence, printHistory } from './compare.ts';
import { type Disk, type DriverName, driverNames, whyNoDocker } from './dockerd.ts';
import { type History, historyAt } from './history.ts';
import { minimiseHistory } from './minimise-history.ts';
import { StepCounts } from './step-counts.ts';
import { Rivals } from './rivals.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    driver: { ...text, default: driverNames.join(',') },
    runs: { ...text, default: '20' },
    seed: text,
    path: text,
    history: text,
    steps: { ...text, default: '12' },
    disk: { ...text, default: 'own' },
    against: { ...text, default: 'lowerdir' },
    seconds: { ...text, default: '60' },
    verbose: { type: 'boolean', default: false },
  },
});

const reason = whyNoDocker();
if (reason !== undefined) throw new Error(reason);

const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const steps = Number(values.steps);
const given = values.history === undefined ? undefined : (JSON.parse(readFileSync(values.history, 'utf8')) as History);
const single = given === undefined ? values.path : '0';
const paths = single === undefined ? Array.from({ length: Number(values.runs) }, (_, at) => at) : [Number(single)];

for (const driver of values.driver.split(',') as DriverName[]) {
  const rivals = await Rivals.start(driver, values.disk as Disk, values.against === 'dockerd');
  try {
    if (!(await runAll(driver, rivals))) process.exitCode = 1;
  } finally {
    await rivals.stop();
  }
}

async function runAll(driver: DriverName, rivals: Rivals): Promise<boolean> {
  const counts = new StepCounts(values.verbose);
  const started = performance.now();
  let done = 0;
  for (const path of paths) {
    const history = given ?? historyAt(seed, path, steps);
    const found = await rivals.compare(history, counts.add);
    done++;
    if (found === undefined) continue;
    await report(rivals, history, found, `--driver ${driver} --seed ${seed} --path ${path}`);
    break;
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(counts.print());
  console.log(`${driver}: ${done} histories in ${seconds.toFixed(1)} s; seed ${seed}; ${rivals.raced} run again`);
  return done === paths.length && !rivals.differed;
}

async function report(rivals: Rivals, history: History, first: HistoryDivergence, name: string): Promise<void> {
  console.log(`--- ${name}\n${printDivergence(first, ['dockerd', values.against])}`);
  const milliseconds = Number(values.seconds) * 1000;
  const [smallest, divergence] = await minimiseHistory(history, first, (one) => rivals.compare(one), milliseconds);
  console.log(printHistory(smallest));
  console.log(printDivergence(divergence, ['dockerd', values.against]));
  console.log(`--- as data\n${JSON.stringify(smallest)}`);
}
