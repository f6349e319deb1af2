/** The model of a union, with what Docker's overlays are known for, does what overlayfs does: the real one and ours. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MNT_DETACH } from '../../src/abi/flags.ts';
import type { NonStandard } from '../../src/driver/driver.ts';
import { makeParents } from '../../src/testing/build.ts';
import { runSteps, scaffold, type Step, treeStep } from '../../src/testing/filesystem/commands.ts';
import { type MountedDirectory, posixModel } from '../../src/testing/filesystem/oracle.ts';
import { UnionModel } from '../../src/testing/filesystem/union-model.ts';
import { listTree } from '../../src/testing/listing.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { oracleTest } from '../differential/slice.ts';
import { realSubject } from '../differential/subjects.ts';

/** What an overlay is known for whose options are those of Docker. */
const KNOWN: ReadonlySet<NonStandard> = new Set(['directory-rename', 'hard-links']);

interface Drawn {
  readonly below: readonly (readonly Step[])[];
  readonly above: readonly Step[];
}

const steps = (maxLength: number) => fc.array(treeStep(), { maxLength, size: 'max' });
/** A base, up to two more layers, and what is done on top of them. */
const drawn = fc.record({ below: fc.array(steps(10), { minLength: 1, maxLength: 3 }), above: steps(16) });

const OPTIONS = { links: false } as const;

/** Lives through it in a tmpfs of the task, in step with the model. */
function expectSame(task: SubjectTask, base: string, { below, above }: Drawn): void {
  const model = new UnionModel(KNOWN);
  const known = posixModel(model, `${base}/tree`);
  const run = (directory: string, done: readonly Step[]) => {
    const asked: MountedDirectory = { name: 'the union', task, directory };
    runSteps({ known, asked }, done);
    const [told, wanted] = [asked, known].map((each) => listTree(each.task, each.directory, OPTIONS).slice(1));
    expect(told).toEqual(wanted);
    model.stack();
  };
  const lowers: string[] = [];
  for (const [at, done] of [...below, above].entries()) {
    const layer = `${base}/layer${at}`;
    task.mkdir(layer, 0o755);
    if (at === 0) run(layer, [...scaffold, ...done]);
    else {
      for (const name of [`work${at}`, `merged${at}`]) task.mkdir(`${base}/${name}`, 0o755);
      const data = `index=off,lowerdir=${lowers.join(':')},upperdir=${layer},workdir=${base}/work${at}`;
      task.mount('overlay', `${base}/merged${at}`, 'overlay', data);
      run(`${base}/merged${at}`, done);
      task.umount(`${base}/merged${at}`);
    }
    lowers.unshift(layer);
  }
}

function holds(task: SubjectTask, directory: string, numRuns: number): void {
  makeParents(task, `${directory}/`);
  const property = fc.property(drawn, (each) => {
    task.mount('tmpfs', directory, 'tmpfs', 'size=16m,mode=755');
    task.umask(0);
    try {
      task.mkdir(`${directory}/in`, 0o755);
      expectSame(task, `${directory}/in`, each);
    } finally {
      task.umount(directory, MNT_DETACH);
    }
  });
  fc.assert(property, { seed: 1, numRuns, includeErrorInReport: true });
}

it('ours', () => holds(createMachine().task, '/mnt/union', 150));

oracleTest('the one of the real kernel', () => {
  const { task, directory } = realSubject();
  holds(task, directory, 150);
});
