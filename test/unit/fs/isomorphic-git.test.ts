/** A program that knows nothing of us: git in JavaScript, through promises and through callbacks. */
import git from 'isomorphic-git';
import { describe, expect, test } from 'vitest';
import { createFs } from '../../../src/fs/create-fs.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

const author = { name: 'Ada', email: 'ada@example.org', timestamp: 1_700_000_000, timezoneOffset: 0 };

describe.each(['promises', 'callbacks'])('isomorphic-git through %s', (form) => {
  test('init, add, commit, branch, checkout, log, status', async () => {
    const whole = createFs(createMachine().task);
    const { promises: _promises, ...callbacks } = whole;
    const fs = (form === 'promises' ? whole : callbacks) as typeof whole;
    const dir = '/repository';
    await git.init({ fs, dir, defaultBranch: 'main' });
    whole.mkdirSync(`${dir}/src`);
    whole.writeFileSync(`${dir}/src/index.js`, 'export default 1;\n');
    whole.writeFileSync(`${dir}/run.sh`, '#!/bin/sh\n', { mode: 0o755 });
    whole.symlinkSync('src/index.js', `${dir}/link`);
    await git.add({ fs, dir, filepath: ['src/index.js', 'run.sh', 'link'] });
    const first = await git.commit({ fs, dir, message: 'first', author });
    await git.branch({ fs, dir, ref: 'work', checkout: true });
    whole.writeFileSync(`${dir}/src/index.js`, 'export default 2;\n');
    whole.rmSync(`${dir}/run.sh`);
    expect(await git.statusMatrix({ fs, dir })).toEqual([
      ['link', 1, 1, 1],
      ['run.sh', 1, 0, 1],
      ['src/index.js', 1, 2, 1],
    ]);
    await git.add({ fs, dir, filepath: 'src/index.js' });
    await git.remove({ fs, dir, filepath: 'run.sh' });
    const second = await git.commit({ fs, dir, message: 'second', author });
    await git.checkout({ fs, dir, ref: 'main' });
    expect(whole.readFileSync(`${dir}/link`, 'utf8')).toBe('export default 1;\n');
    expect(whole.statSync(`${dir}/run.sh`).mode & 0o111).not.toBe(0);
    expect(whole.readlinkSync(`${dir}/link`)).toBe('src/index.js');
    const log = await git.log({ fs, dir, ref: 'work' });
    expect(log.map(({ oid, commit }) => [oid, commit.message])).toEqual([
      [second, 'second\n'],
      [first, 'first\n'],
    ]);
    // the tree and the author are fixed, so the name of the commit is that which real git gives
    expect(first).toBe('e37f3e3ab00e5d7e722bb6902f9e61b9bc71e0b6');
  });
});
