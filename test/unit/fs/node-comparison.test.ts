/** Every probe is put to node:fs on a real tmpfs and to our fs over a machine in which the same path exists. */
import * as nodeFs from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFs } from '../../../src/fs/create-fs.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import { descriptorProbes } from './descriptor-probes.ts';
import { formProbes } from './form-probes.ts';
import { handleProbes } from './handle-probes.ts';
import { answersAsNode20, differing } from './node-versions.ts';
import { answer, buildFixture } from './probe.ts';

const SHARED_MEMORY = '/dev/shm';

/** A machine whose task is the user who runs the test, in a world where `path` is a tmpfs. */
function sameWorld(path: string) {
  const { task } = createMachine({ seed: 1 });
  createFs(task).mkdirSync(path, { recursive: true });
  task.mount('tmpfs', SHARED_MEMORY, 'tmpfs');
  createFs(task).mkdirSync(path, { recursive: true });
  const [uid, gid] = [process.getuid!(), process.getgid!()];
  task.chown(path, uid, gid);
  task.setgroups(process.getgroups!());
  task.setresgid(gid, gid, gid);
  task.setresuid(uid, uid, uid);
  task.umask(process.umask());
  return createFs(task);
}

const real = nodeFs.existsSync(SHARED_MEMORY);

describe.skipIf(!real)('answers as node:fs does', () => {
  const top = real ? nodeFs.mkdtempSync(`${SHARED_MEMORY}/lowerdir-`) : '';
  let ours: ReturnType<typeof createFs>;
  beforeAll(() => {
    ours = sameWorld(top);
  });
  afterAll(() => nodeFs.rmSync(top, { recursive: true }));

  const all = [...formProbes, ...descriptorProbes, ...handleProbes];
  const probes = all.filter(({ name }) => answersAsNode20(name));
  test.each(probes.map((probe, index) => ({ ...probe, index })))('$name', async ({ index, ...probe }) => {
    const dir = `${top}/${index}`;
    const answers = [];
    for (const fs of [nodeFs, ours]) {
      fs.mkdirSync(dir);
      buildFixture(fs, dir);
      answers.push(await answer(probe, fs, dir));
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  test('the probes ask for refusals and for successes', () => {
    expect(all.length).toBeGreaterThan(600);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const [left] of differing) expect(all.filter(({ name }) => left.test(name)).length).toBeGreaterThan(0);
  });
});
