/** The plan of the house holds: directions of import, doors to the host, sizes and names. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cyclesOf } from './architecture/cycles.ts';
import { rows } from './architecture/rules.ts';
import { readSource, type SourceFile } from './architecture/source-file.ts';
import * as rule from './architecture/violations.ts';

const root = join(import.meta.dirname, '..');

/** The source files below `folder`, whose paths are told from `base` on. */
function sourcesIn(folder: string, base = folder): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .map((path) => readSource(path.slice(base === '' ? 0 : base.length + 1), readFileSync(join(root, path), 'utf8')));
}

const source = sourcesIn('src');
const everything = ['src', 'test', 'bench', 'examples'].flatMap((folder) => sourcesIn(folder, ''));

describe('the source', () => {
  it('is found', () => expect(source.length).toBeGreaterThan(50));
  it('imports downwards only', () => expect(rule.directions(source)).toEqual([]));
  it('keeps filesystems and drivers strangers to each other', () => expect(rule.strangers(source)).toEqual([]));
  it('imports files, not the index of a folder', () => expect(rule.indexFiles(source)).toEqual([]));
  it('imports the packages of its folder', () => expect(rule.packages(source)).toEqual([]));
  it('reaches the host from listed files only', () => expect(rule.host(source)).toEqual([]));
  it('lists no file that does not reach the host', () => expect(rule.idleHostAccess(source)).toEqual([]));
  it('has no cycle of folders', () => expect(rule.folderCycles(source)).toEqual([]));
  it('has no cycle of files at run time', () => expect(rule.fileCycles(source)).toEqual([]));
});

describe('every file', () => {
  it('is small, and its functions too', () => expect(rule.sizes(everything)).toEqual([]));
  it('is named after what is in it', () => expect(rule.names(everything)).toEqual([]));
});

describe('the plan', () => {
  it('has no cycle itself', () => {
    const edges = Object.entries(rows).flatMap(([folder, { imports, types = [] }]) =>
      [...imports, ...types.map((file) => file.split('/')[0]!)].map((target): [string, string] => [folder, target]),
    );
    expect(cyclesOf(edges)).toEqual([]);
  });

  it('lets folders import packages that a user gets with this one', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).sort();
    const imported = Object.values(rows).flatMap(({ packages = [] }) => packages);
    expect([...new Set(imported)].sort()).toEqual(installed);
  });
});
