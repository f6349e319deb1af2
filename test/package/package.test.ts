/** The tarball that is published works for those who install it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile, transformSync } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserEntries, Consumer, entries, manifest, repository } from './consumer.ts';

let consumer: Consumer;
beforeAll(() => {
  consumer = new Consumer();
}, 180_000);
afterAll(() => consumer?.remove());

const slow = { timeout: 120_000 };
const succeeds = { status: 0, output: '' };

describe('package.json', () => {
  it('exports every folder that has an index, under its name', () => {
    const folders = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /[\\/]index\.ts$/.test(name))
      .map((name) => `./${name.replaceAll('\\', '/').replace('/index.ts', '')}`);
    const exported = Object.keys(manifest.exports).filter((key) => key !== '.' && key !== './package.json');
    expect(exported.sort()).toEqual(folders.sort());
  });

  it('names scripts that are there', () => {
    const files = Object.values<string>(manifest.scripts).flatMap(
      (script) => script.match(/[\w./-]+\.(ts|json)\b/g) ?? [],
    );
    expect(files.filter((file) => !existsSync(join(repository, file)))).toEqual([]);
  });

  it('has a lockfile that names no registry', () => {
    const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
    const named = Object.entries<{ resolved?: string }>(lock.packages).filter(([, { resolved }]) => resolved);
    expect(named).toEqual([]);
  });

  it('pins what it depends on', () => {
    const versions = Object.entries<string>({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe('the tarball', () => {
  it('holds what was built and nothing else', () => {
    const expected = /^(dist\/.+\.(js|js\.map|d\.ts)|package\.json|README\.md|LICENSE)$/;
    const files = consumer.files();
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']));
  });

  it('names no path of the machine that built it', () => {
    const leaks = consumer.files().filter((file) => {
      return readFileSync(join(consumer.installed, file), 'utf8').includes(`${repository}/`);
    });
    expect(leaks).toEqual([]);
  });

  it('satisfies publint', async () => {
    const { messages } = await publint({ pkgDir: consumer.installed, strict: true, pack: false });
    const installed = JSON.parse(readFileSync(join(consumer.installed, 'package.json'), 'utf8'));
    expect(messages.map((message) => formatMessage(message, installed))).toEqual([]);
  });

  it('satisfies arethetypeswrong', slow, () => {
    const program = '@arethetypeswrong/cli/dist/index.js';
    const options = ['--profile=esm-only', '--format=ascii', '--no-color', '--no-emoji'];
    const { status, output } = consumer.tool(program, [consumer.tarball, ...options]);
    expect(output).toContain('"lowerdir/abi"');
    expect(status, output).toBe(0);
  });
});

describe('a program', () => {
  const all = JSON.stringify(entries);

  it('imports every entry', () => {
    const text = `for (const name of ${all}) if (Object.keys(await import(name)).length === 0) console.log(name)`;
    expect(consumer.node(['--input-type=module', '--eval', text])).toEqual(succeeds);
  });

  it('requires every entry', () => {
    const text = `for (const name of ${all}) if (Object.keys(require(name)).length === 0) console.log(name)`;
    expect(consumer.node(['--input-type=commonjs', '--eval', text])).toEqual(succeeds);
  });

  it('gets the same machine both ways', () => {
    const text = `import('lowerdir').then((m) => console.log(m.createMachine === require('lowerdir').createMachine))`;
    expect(consumer.node(['--input-type=commonjs', '--eval', text]).output).toBe('true\n');
  });
});

/** What somebody elsewhere writes who tests a driver of his own. */
const suiteOf = (runner: string): string =>
  [
    `import { describe, it } from '${runner}';`,
    `import { driverSuite, filesystemSuite, runSuite } from 'lowerdir/testing';`,
    `import { overlay2 } from 'lowerdir/driver/overlay2';`,
    `import { tmpfs } from 'lowerdir/filesystem/tmpfs';`,
    `import { copies } from './copy-driver.mjs';`,
    `describe('copies', () => runSuite(driverSuite({ driver: copies(), runs: 2 }), { describe, it }));`,
    `describe('overlay2', () => runSuite(driverSuite({ driver: overlay2(), runs: 2 }), { describe, it }));`,
    `describe('tmpfs', () => runSuite(filesystemSuite({ filesystem: tmpfs, runs: 2 }), { describe, it }));`,
    `describe('a driver that forgets', () => {`,
    `  const forgets = { name: 'forgets', init: (parts) => Object.assign(overlay2().init(parts), { changes: () => [] }) };`,
    `  runSuite(driverSuite({ driver: forgets, runs: 1 }).filter(({ group }) => group === 'changes as they are told'), { describe, it });`,
    `});`,
    '',
  ].join('\n');

describe('the suites', () => {
  beforeAll(() => {
    const source = readFileSync(join(repository, 'examples/copy-driver.ts'), 'utf8');
    const { code } = transformSync(source, { loader: 'ts', format: 'esm', target: 'es2022' });
    const options = 'export default { test: { include: ["*.spec.mjs"] } };';
    consumer.write({
      'copy-driver.mjs': code,
      'suite.spec.mjs': suiteOf('vitest'),
      'suite.mjs': suiteOf('node:test'),
      'vitest.config.mjs': options,
    });
  });

  /** How many cases of a driver that forgets its changes fail. */
  const FOUND = 6;

  it('run under node:test', slow, () => {
    const { status, output } = consumer.node(['--test', '--test-reporter=tap', 'suite.mjs']);
    const told = (what: string): number => Number(output.match(new RegExp(`^# ${what} (\\d+)$`, 'm'))?.[1]);
    expect(status, output).toBe(1);
    expect({ fail: told('fail'), skipped: told('skipped') }, output).toEqual({ fail: FOUND, skipped: 5 });
    expect(told('pass')).toBeGreaterThan(220);
  });

  it('run under vitest', slow, () => {
    consumer.link('vitest');
    const { status, output } = consumer.node(['node_modules/vitest/vitest.mjs', 'run', '--reporter=json'], { CI: '' });
    const told = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
    expect(status, output).toBe(1);
    expect({ fail: told.numFailedTests, skipped: told.numPendingTests }).toEqual({ fail: FOUND, skipped: 5 });
    expect(told.numPassedTests).toBeGreaterThan(220);
  });
});

/** A program that imports all `names`, the main entry first, and what else it says. */
function programOf(names: readonly string[], text: string): string {
  const imports = names.map((name, index) => `import * as entry${index} from '${name}';`);
  const uses = `export const all = [${names.map((_, index) => `entry${index}`).join(', ')}];`;
  const work = `const { task } = entry0.createMachine({ seed: 1 });\nexport const size: number = task.stat('/').size;`;
  const wrong = `// @ts-expect-error a seed is a number\nentry0.createMachine({ seed: '1' });`;
  return [...imports, uses, work, wrong, text, ''].join('\n');
}

describe('a TypeScript program', () => {
  const program = programOf(entries, `export const layer = entry0.directory('/');`);
  const text = `// @ts-expect-error there is no outside\nentry0.directory('/');`;
  const browserProgram = programOf(browserEntries, text);
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2023', '--types', 'node'];
  const modes: readonly (readonly [name: string, file: string, text: string, options: readonly string[]])[] = [
    ['nodenext, an ES module', 'program.mts', program, ['--module', 'nodenext']],
    ['nodenext, CommonJS', 'program.cts', program, ['--module', 'nodenext']],
    ['bundler', 'program.ts', program, ['--module', 'preserve', '--moduleResolution', 'bundler']],
    ['bundler for browsers', 'browser.ts', browserProgram, ['--module', 'preserve', '--customConditions', 'browser']],
  ];

  it.each(modes)('type-checks under %s', slow, (_, file, text, options) => {
    consumer.write({ [file]: text });
    expect(consumer.tool('typescript/bin/tsc', [...strict, ...options, file])).toEqual(succeeds);
  });
});

/** The files of this package and of others that are left in a bundle of `text`. */
async function bundle(text: string, options: object): Promise<{ files: string[]; metafile: Metafile }> {
  const { metafile } = await build({
    stdin: { contents: text, resolveDir: consumer.directory },
    absWorkingDir: consumer.directory,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    logLevel: 'silent',
    ...options,
  });
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  return { files, metafile };
}

const memfs = ['memfs', '@jsonjoy.com/*'];

describe('a bundle', () => {
  it('of a machine holds no archives, no hashes, no real directories and no filesystem that it has no use for', async () => {
    const text = `import { createMachine } from 'lowerdir'; console.log(createMachine)`;
    const { files } = await bundle(text, { platform: 'node', external: memfs });
    expect(files).toContain('node_modules/lowerdir/dist/kernel/kernel.js');
    const unwanted =
      /lowerdir\/dist\/(archive|layer|testing|union\/(?!create-machine|host\.js)|driver|filesystem\/(aufs|hostfs|memfs))\/|@noble|fflate|fast-check/;
    expect(files.filter((file) => unwanted.test(file))).toEqual([]);
  });

  it.each(browserEntries)('for browsers of %s has no module of Node', async (name) => {
    const text = `import * as entry from '${name}'; console.log(entry)`;
    const { files, metafile } = await bundle(text, { platform: 'browser', external: memfs });
    expect(files.length).toBeGreaterThan(1);
    const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(outside.filter((path) => !/^(memfs|@jsonjoy\.com\/.+)$/.test(path))).toEqual([]);
  });
});
