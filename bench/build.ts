/**
 * The library as its users run it. tsx would wrap every named function of `src` (it keeps names), which nobody pays who
 * installs the package; so each file is compiled as `npm run build` compiles it, only without the type check.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

export type Library = typeof import('../src/index.ts');

/**
 * `untraced` has no tests for listeners of the trace: what the tests cost is its difference to `traced`, which is
 * `released` once more, in a place beside it.
 */
export type Edition = 'released' | 'traced' | 'untraced';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = path.join(root, 'node_modules', '.cache', 'lowerdir-bench');

/** Compiles `src` into a directory of its own and answers where its index is. */
export function buildLibrary(edition: Edition): string {
  const out = path.join(cache, edition);
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(path.join(out, 'package.json'), JSON.stringify({ type: 'module', sideEffects: false }));
  const source = path.join(root, 'src');
  const compilerOptions = readCompilerOptions();
  for (const name of fs.readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = fs.readFileSync(path.join(source, name), 'utf8');
    const compiled = ts.transpileModule(edition === 'untraced' ? withoutTraceTests(text) : text, { compilerOptions });
    const target = path.join(out, name.replace(/\.ts$/, '.js'));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, compiled.outputText);
  }
  return pathToFileURL(path.join(out, 'index.js')).href;
}

export async function loadLibrary(edition: Edition): Promise<Library> {
  return (await import(buildLibrary(edition))) as Library;
}

function readCompilerOptions(): ts.CompilerOptions {
  const file = path.join(root, 'tsconfig.build.json');
  const { options } = ts.parseJsonConfigFileContent({ extends: file }, ts.sys, root);
  // a file alone does not know the package it belongs to, so it is told that it is a module
  const module = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  return { ...options, ...module, noEmit: false, declaration: false, sourceMap: false, inlineSources: false };
}

/** Each test of `trace.active` becomes the constant false, which the compiler of the engine takes out with its branch. */
function withoutTraceTests(text: string): string {
  return text.replace(/(?:\w+\.)*trace\.active\b/g, 'false');
}
