/** Runs a program that imports `lowerdir` against the source of this project. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
/** Here, packages are found and nobody looks. */
const cache = join(root, 'node_modules/.cache/lowerdir-docs');

/** `lowerdir/kernel` is `src/kernel/index.ts`, as in tsconfig.json. */
const ownEntries = (name: string): string => join(root, 'src', name.slice('lowerdir'.length), 'index.ts');

/** Runs `program` to its end; what it throws is thrown. `name` is that of its file. */
export async function runProgram(name: string, program: string): Promise<void> {
  const { outputFiles } = await build({
    stdin: { contents: program, loader: 'ts', resolveDir: root },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
    plugins: [
      {
        name: 'lowerdir is its source',
        setup(builder) {
          builder.onResolve({ filter: /^lowerdir(\/|$)/ }, ({ path }) => ({ path: ownEntries(path) }));
        },
      },
    ],
  });
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${name.replaceAll(/[^\w.-]/g, '_')}.mjs`);
  writeFileSync(file, outputFiles[0]!.text);
  await import(/* @vite-ignore */ `${pathToFileURL(file).href}?${Math.random()}`);
}
