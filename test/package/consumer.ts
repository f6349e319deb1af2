/** A project elsewhere that installs what `npm pack` makes of this one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const repository = join(import.meta.dirname, '../..');

export const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

/** The names under which the package is imported: `lowerdir`, `lowerdir/abi` … */
export const entries: readonly string[] = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .map((key) => `lowerdir${key.slice(1)}`);

/** Those of them that exist where there is no Node. */
export const browserEntries = entries.filter(
  (name) => manifest.exports[name.replace('lowerdir', '.')].browser !== null,
);

/** What a user of this package is likely to have, and what `lowerdir/testing` needs. */
const companions = ['fast-check', 'pure-rand', '@types/node', 'undici-types'];

export interface Run {
  readonly status: number | null;
  readonly output: string;
}

/** A directory of its own with the package in its `node_modules`. */
export class Consumer {
  readonly directory = mkdtempSync(join(tmpdir(), 'lowerdir-consumer-'));
  readonly tarball: string;

  constructor() {
    this.#npm(repository, 'pack', `--pack-destination=${this.directory}`);
    this.tarball = join(this.directory, readdirSync(this.directory).find((name) => name.endsWith('.tgz'))!);
    this.write({ 'package.json': '{ "name": "consumer", "private": true }' });
    this.#npm(this.directory, 'install', '--prefer-offline', '--no-audit', '--no-fund', this.tarball);
    for (const name of companions) this.link(name);
  }

  #npm(cwd: string, ...parameters: string[]): void {
    const npm = spawnSync('npm', parameters, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
    if (npm.status !== 0) throw new Error(`npm ${parameters.join(' ')}\n${npm.stdout}${npm.stderr}`);
  }

  /** Puts a package that this project develops with into the project. */
  link(name: string): void {
    const path = join(this.directory, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(repository, 'node_modules', name), path, 'junction');
  }

  /** The directory in which the package was installed. */
  get installed(): string {
    return join(this.directory, 'node_modules/lowerdir');
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, path)), { recursive: true });
      writeFileSync(join(this.directory, path), text);
    }
  }

  /** Runs Node here, warnings off. */
  node(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}): Run {
    const { status, stdout, stderr } = spawnSync(process.execPath, parameters, {
      cwd: this.directory,
      encoding: 'utf8',
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...environment },
    });
    return { status, output: stdout + stderr };
  }

  /** Runs a program of a package that this project develops with. */
  tool(path: string, parameters: readonly string[], environment?: Readonly<Record<string, string>>): Run {
    return this.node([join(repository, 'node_modules', path), ...parameters], environment);
  }

  /** Every file in the tarball. */
  files(): string[] {
    return readdirSync(this.installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(this.installed.length + 1)
          .replaceAll('\\', '/'),
      );
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
