/**
 * Tests the fuzz itself: plants each fault in a copy of the source and runs the comparison until it is found.
 *
 *     npm run faults -- --runs 2000 --seed 1 [--only "part of a name"]
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type PlantedFault, plantedFaults } from './planted-faults.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { runs: { ...text, default: '2000' }, seed: { ...text, default: '1' }, only: { ...text, default: '' } },
});
const root = resolve(import.meta.dirname, '../..');

/** A copy of everything that the fuzz needs, with the fault in it. */
function plant(fault: PlantedFault): string {
  const copy = mkdtempSync(join(tmpdir(), 'lowerdir-fault-'));
  for (const part of ['src', 'test/differential', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const path = join(copy, fault.file);
  const source = readFileSync(path, 'utf8');
  if (source.split(fault.find).length !== 2)
    throw new Error(`"${fault.name}": the text does not stand once in ${fault.file}`);
  writeFileSync(
    path,
    source.replace(fault.find, () => fault.replace),
  );
  return copy;
}

/** What the fuzz says of the sources in `directory`: after how many sequences it found a difference, if it did. */
function fuzz(directory: string, fault: PlantedFault, runs: string): { found?: number; output: string } {
  const parameters = ['--fs', fault.filesystem, '--runs', runs, '--seed', values.seed];
  if (fault.options !== undefined) parameters.push('--options', fault.options);
  if (fault.layout !== undefined) parameters.push('--layout', fault.layout);
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'test/differential/fuzz.ts', ...parameters], {
    cwd: directory,
    encoding: 'utf8',
  });
  const sequences = /^(\d+) sequences/m.exec(run.stdout)?.[1];
  const output = sequences === undefined ? run.stderr.slice(0, 2000) : '';
  return run.status === 1 && run.stdout.includes('differs at') ? { found: Number(sequences), output } : { output };
}

/** How many sequences of each kind were seen to be the same without any fault. */
const clean = new Map<string, number>();

/** What is found must be the fault: without it there is no difference up to there. */
function isCleanUpTo(fault: PlantedFault, sequences: number): boolean {
  const kind = `${fault.filesystem} ${fault.options ?? ''} ${fault.layout ?? ''}`;
  if ((clean.get(kind) ?? 0) >= sequences) return true;
  if (fuzz(root, fault, String(sequences)).found !== undefined) return false;
  clean.set(kind, sequences);
  return true;
}

let missed = 0;
const chosen = plantedFaults.filter(({ name }) => name.includes(values.only));
for (const fault of chosen) {
  const copy = plant(fault);
  const { found, output } = fuzz(copy, fault, values.runs);
  rmSync(copy, { recursive: true });
  const isFound = found !== undefined && isCleanUpTo(fault, found);
  if (!isFound) missed++;
  const verdict = found === undefined ? 'MISSED' : isFound ? `found after ${found}` : 'UNCLEAR: differs without';
  console.log(`${verdict.padEnd(18)} ${fault.filesystem.padEnd(8)} ${fault.name}`);
  if (output !== '') console.log(output);
}
console.log(`${chosen.length - missed} of ${chosen.length} planted faults found`);
process.exitCode = missed === 0 ? 0 : 1;
