/** What is written about the library is true: its code compiles and runs, its links lead somewhere. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CodeBlock, codeBlocksOf, programOf } from './docs/code-block.ts';
import { runProgram } from './docs/run.ts';
import { typeErrorsOf } from './docs/type-check.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name).replaceAll('\\', '/'));

const pages = ['README.md', 'CHANGELOG.md', ...filesIn('docs', '.md').filter((page) => !page.startsWith('docs/api/'))];
const sources = filesIn('src', '.ts');
const blocks = [...pages, ...sources].flatMap((file) => codeBlocksOf(file, read(file)));

/** A real directory for the blocks that write into `/somewhere`. */
const somewhere = mkdtempSync(join(tmpdir(), 'lowerdir-docs-'));
afterAll(() => rmSync(somewhere, { recursive: true }));
const programFor = (block: CodeBlock): string => programOf(block).replaceAll(`'/somewhere'`, JSON.stringify(somewhere));

describe('code', () => {
  it('is found', () => expect(blocks.filter(({ place }) => place.startsWith('README')).length).toBeGreaterThan(1));

  it('type-checks', { timeout: 120_000 }, () => {
    const programs = new Map(blocks.map((block) => [`${block.place.replaceAll(/\W/g, '-')}.ts`, programFor(block)]));
    expect(typeErrorsOf(root, programs)).toEqual([]);
  });

  it.each(blocks.filter(({ runs }) => runs))('of $place does what it says', async (block) => {
    await runProgram(block.place, programFor(block));
  });

  const blockOf = (text: string): CodeBlock => codeBlocksOf('a.md', `\`\`\`ts\n${text}\n\`\`\``)[0]!;

  it('is held to what it claims', async () => {
    const run = (text: string) => runProgram('claim', programOf(blockOf(text)));
    await expect(run('1 + 1 // => 2')).resolves.toBeUndefined();
    await expect(run('1 + 1; // => 3')).rejects.toThrow('strictly');
    await expect(run('const a = [1]; // => [2]')).rejects.toThrow('strictly');
    await expect(run(`JSON.parse('') // throws ENOENT`)).rejects.toThrow('strictly');
    await expect(run('1 // throws ENOENT')).rejects.toThrow('Missing expected exception');
  });

  it('is held to its types', { timeout: 60_000 }, () => {
    const programs = new Map([['claim.ts', programOf(blockOf(`const n: number = 'text'`))]]);
    expect(typeErrorsOf(root, programs)).toEqual([expect.stringContaining('claim.ts:1')]);
  });

  it('is held to what is printed below it', async () => {
    const run = (below: string) => {
      const text = ['```ts', `console.log('a', 1);`, `console.log('b');`, '```', '', '```text', below, '```'];
      return runProgram('print', programOf(codeBlocksOf('a.md', text.join('\n'))[0]!));
    };
    await expect(run('a 1\nb')).resolves.toBeUndefined();
    await expect(run('a 1\nc')).rejects.toThrow('strictly');
  });

  it('is found in comments, and only where the fence says ts', () => {
    const text = [
      ' * ```ts',
      ' * one',
      ' * ```',
      ' * ```sh',
      ' * two',
      ' * ```',
      ' * ```ts no-run',
      ' * three',
      ' * ```',
    ];
    expect(codeBlocksOf('a.ts', text.join('\n'))).toEqual([
      { place: 'a.ts:1', code: 'one', runs: true },
      { place: 'a.ts:7', code: 'three', runs: false },
    ]);
  });
});

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));

function deadLinksOf(page: string): string[] {
  const text = read(page).replaceAll(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link!)) return [];
    const [file = '', anchor] = link!.split('#');
    const target = file === '' ? page : join(dirname(page), file);
    if (!existsSync(join(root, target))) return [link!];
    return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [link!];
  });
}

describe('links', () => {
  it.each(pages)('of %s lead somewhere', (page) => expect(deadLinksOf(page)).toEqual([]));
});

describe('AUFS and overlayfs side by side', () => {
  const page = 'docs/guide/09-aufs-and-overlayfs.md';
  const table = read(page).split('| What | AUFS | overlayfs |')[1]!.split('\n\n')[0]!;
  const rows = table.split('\n').slice(2);

  /** What a heading of a page stands above. */
  function sectionOf(link: string): string {
    const [file, anchor] = link.split('#');
    const sections = read(join(dirname(page), file!)).split(/^## /m);
    return sections.find((section) => anchorOf(section.split('\n')[0]!) === anchor) ?? '';
  }

  it('has rows', () => expect(rows.length).toBeGreaterThan(35));

  it.each(rows)('%s leads to an example that runs on both', (row) => {
    const link = /^\| \[[^\]]+\]\(([^)]+)\)/.exec(row)?.[1] ?? '';
    const examples = codeBlocksOf('a.md', sectionOf(link)).filter(({ code }) => code.includes('sideBySide('));
    expect(examples).not.toEqual([]);
    for (const { runs, prints } of examples)
      expect([runs, prints?.split(/ +|\n/, 2)]).toEqual([true, ['AUFS', 'overlayfs']]);
  });
});

describe('docs/errors.md', () => {
  /** The codes in the text of `files`. */
  const codesIn = (files: readonly string[]): string[] =>
    [
      ...new Set(files.flatMap((file) => [...read(file).matchAll(/'(ERR_[A-Z0-9_]+)'/g)].map(([, code]) => code!))),
    ].sort();
  const isNodes = (file: string): boolean => file.startsWith('src/fs/');

  it('has a heading for every code of our own, and for no other', () => {
    const headings = [...read('docs/errors.md').matchAll(/^### `(ERR_\w+)`$/gm)].map(([, code]) => code!);
    expect(headings.sort()).toEqual(codesIn(sources.filter((file) => !isNodes(file))));
  });

  it(`names every code that the façade takes from Node`, () => {
    const nodes = codesIn(sources.filter(isNodes));
    expect(nodes.filter((code) => !read('docs/errors.md').includes(`\`${code}\``))).toEqual([]);
  });
});
