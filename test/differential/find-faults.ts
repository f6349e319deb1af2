/**
 * Tests the fuzz itself: plants each fault in a copy of the source and runs the comparison until it is found.
 *
 *     npm run faults -- --runs 3000 --seed 1 [--only "part of a name"]
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type PlantedFault, plantedFaults } from './planted-faults.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { runs: { ...text, default: '3000' }, seed: { ...text, default: '1' }, only: { ...text, default: '' } },
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

let missed = 0;
const chosen = plantedFaults.filter(({ name }) => name.includes(values.only));
for (const fault of chosen) {
  const copy = plant(fault);
  const parameters = ['--fs', fault.filesystem, '--runs', values.runs, '--seed', values.seed];
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'test/differential/fuzz.ts', ...parameters], {
    cwd: copy,
    encoding: 'utf8',
  });
  rmSync(copy, { recursive: true });
  const sequences = /^(\d+) sequences/m.exec(run.stdout)?.[1];
  const found = run.status === 1 && sequences !== undefined && run.stdout.includes('differs at');
  if (!found) missed++;
  console.log(
    `${found ? `found after ${sequences}`.padEnd(18) : 'MISSED            '} ${fault.filesystem.padEnd(8)} ${fault.name}`,
  );
  if (!found && sequences === undefined) console.log(run.stderr.slice(0, 2000));
}
console.log(`${chosen.length - missed} of ${chosen.length} planted faults found`);
process.exitCode = missed === 0 ? 0 : 1;
