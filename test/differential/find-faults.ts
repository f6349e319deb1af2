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

/** Where the fuzz found a difference: after how many sequences, and which one it was. */
interface Found {
  readonly sequences: number;
  readonly path: string;
}

/** What the fuzz says of the sources in `directory`; `path` names the only sequence that is run. */
function fuzz(directory: string, fault: PlantedFault, seed: number, path?: string): Found | undefined {
  const parameters = ['--fs', fault.filesystem, '--runs', values.runs, '--seed', String(seed)];
  if (fault.options !== undefined) parameters.push('--options', fault.options);
  if (fault.layout !== undefined) parameters.push('--layout', fault.layout);
  if (path !== undefined) parameters.push('--path', path);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'test/differential/fuzz.ts', ...parameters],
    { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const sequences = /^(\d+) sequences/m.exec(stdout)?.[1];
  const foundAt = /^--- .*--path (\S+)/m.exec(stdout)?.[1];
  if (sequences === undefined) console.log(stderr.slice(0, 2000));
  if (status !== 1 || foundAt === undefined || !stdout.includes('differs at')) return undefined;
  return { sequences: Number(sequences), path: foundAt };
}

/** How many seeds are tried where a sequence differs without the fault too, which would show nothing. */
const SEEDS = 4;

/** The verdict on one fault; what is found must be the fault: the same sequence shows no difference without it. */
function search(fault: PlantedFault): { found: boolean; verdict: string } {
  const copy = plant(fault);
  try {
    for (let seed = Number(values.seed); seed < Number(values.seed) + SEEDS; seed++) {
      const found = fuzz(copy, fault, seed);
      if (found === undefined) return { found: false, verdict: 'MISSED' };
      if (fuzz(root, fault, seed, found.path) === undefined) {
        return { found: true, verdict: `found after ${found.sequences}` };
      }
    }
    return { found: false, verdict: 'UNCLEAR' };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

let missed = 0;
const chosen = plantedFaults.filter(({ name }) => name.includes(values.only));
for (const fault of chosen) {
  const { found, verdict } = search(fault);
  if (!found) missed++;
  console.log(`${verdict.padEnd(18)} ${fault.filesystem.padEnd(8)} ${fault.name}`);
}
console.log(`${chosen.length - missed} of ${chosen.length} planted faults found`);
process.exitCode = missed === 0 ? 0 : 1;
