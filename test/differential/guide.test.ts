/** What the guide says of overlayfs is so on the real kernel: its blocks run there as they stand. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { ErrnoException } from '../../src/abi/errno.ts';
import * as aufs from '../../src/filesystem/aufs/index.ts';
import { createFs } from '../../src/fs/create-fs.ts';
import type { Task } from '../../src/kernel/task.ts';
import { createMachine, type MachineOptions } from '../../src/union/create-machine.ts';
import { type CodeBlock, codeBlocksOf, programOf } from '../docs/code-block.ts';
import { inLinux, type JailedTask } from './jail.ts';
import { oracleTest } from './slice.ts';

const root = join(import.meta.dirname, '../..');
const folders = ['docs/guide/overlayfs', 'docs/guide/aufs'];
const pages = [
  'docs/guide/03-overlayfs.md',
  ...folders.flatMap((folder) => readdirSync(join(root, folder)).map((page) => `${folder}/${page}`)),
];

/** Such a block asks for nothing but system calls; of two unions side by side the overlay runs on the real kernel. */
const START = /const \{ task, fs \} = createMachine\(\);\n|import \{ sideBySide \}/;
const blocks = pages
  .flatMap((page) => codeBlocksOf(page, readFileSync(join(root, page), 'utf8')))
  .filter(({ code, runs }) => runs && START.test(code));

const HANDED_IN = /^lowerdir(\/filesystem\/aufs)?$/;

/** The block as a function of what makes a machine, with that and the module for AUFS left to be handed in. */
async function compiled(block: CodeBlock): Promise<(make: Make) => void> {
  const { outputFiles } = await build({
    stdin: { contents: programOf(block), loader: 'ts', resolveDir: root },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
    plugins: [
      {
        name: 'a part of lowerdir is its source',
        setup(builder) {
          const path = (name: string) => join(root, 'src', name.slice('lowerdir'.length), 'index.ts');
          builder.onResolve({ filter: HANDED_IN }, ({ path }) => ({ path, external: true }));
          builder.onResolve({ filter: /^lowerdir\// }, (found) => ({ path: path(found.path) }));
        },
      },
    ],
  });
  const own = createRequire(import.meta.url);
  const run = new Function('require', 'module', outputFiles[0]!.text) as (require: unknown, module: unknown) => void;
  return (createMachine) => {
    const handedIn: Record<string, unknown> = { lowerdir: { createMachine }, 'lowerdir/filesystem/aufs': aufs };
    run((name: string) => handedIn[name] ?? own(name), {});
  };
}

/** What `createMachine` answers here: the real kernel, but for a machine with AUFS, which is ours. */
type Make = (options?: MachineOptions) => unknown;
const makeOn =
  (task: JailedTask): Make =>
  (options) =>
    options === undefined ? { task: completed(task), fs: createFs(task as unknown as Task) } : createMachine(options);

/** The façade asks for what the kernel has no call for. */
function completed(task: JailedTask): Task {
  const statIfPresent: Task['statIfPresent'] = (path, flags) => {
    try {
      return flags ? task.lstat(path) : task.stat(path);
    } catch (error) {
      if (error instanceof ErrnoException && ['ENOENT', 'ENOTDIR'].includes(error.code)) return undefined;
      throw error;
    }
  };
  return Object.assign(task, { statIfPresent }) as unknown as Task;
}

it('there are blocks for the real kernel', () => expect(blocks.length).toBeGreaterThan(70));

oracleTest('what the guide says of overlayfs is so on the real kernel', async () => {
  const programs = await Promise.all(blocks.map(async (block) => [block.place, await compiled(block)] as const));
  const wrong: string[] = [];
  for (const [place, run] of programs) {
    try {
      inLinux((task) => run(makeOn(task)));
    } catch (error) {
      wrong.push(`${place}: ${String(error)}`);
    }
  }
  expect(wrong).toEqual([]);
});
