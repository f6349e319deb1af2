/** Runs one of the scripts beside this file in a process of its own, with `global.gc`. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @returns what the script printed as JSON */
export function runChild<T>(script: string, ...args: readonly (string | number)[]): T {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const flags = ['--expose-gc', '--max-old-space-size=8192', '--import', 'tsx'];
  const output = execFileSync(process.execPath, [...flags, file, ...args.map(String)], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  return JSON.parse(output) as T;
}
