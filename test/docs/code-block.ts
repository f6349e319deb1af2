/** The TypeScript in Markdown, made into programs that can be type-checked and run. */

export interface CodeBlock {
  /** The file and the line of the fence: `README.md:12`. */
  readonly place: string;
  readonly code: string;
  /** Whether the block is to be run: not so with a fence of `ts no-run`. */
  readonly runs: boolean;
  /** What it prints: the block with a fence of `text` that follows. */
  readonly prints?: string;
}

interface OpenBlock {
  readonly line: number;
  readonly kind: string;
  readonly code: string[];
}

/** The blocks whose fence says `ts`, in Markdown or in the comments of a source file. */
export function codeBlocksOf(file: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: OpenBlock | undefined;
  let mayPrint = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = file.endsWith('.ts') ? raw.replace(/^\s*\*( |$)/, '') : raw;
    const fence = /^\s*```(.*)$/.exec(line)?.[1];
    if (open !== undefined && fence === undefined) open.code.push(line);
    else if (open !== undefined) {
      const { kind, code } = open;
      if (/^ts( no-run)?$/.test(kind)) {
        blocks.push({ place: `${file}:${open.line}`, code: code.join('\n'), runs: kind === 'ts' });
      } else if (kind === 'text' && mayPrint) blocks.push({ ...blocks.pop()!, prints: code.join('\n') });
      mayPrint = kind === 'ts';
      open = undefined;
    } else if (fence !== undefined) open = { line: index + 1, kind: fence, code: [] };
    else if (line.trim() !== '') mayPrint = false;
  }
  return blocks;
}

/**
 * The block as a module that checks what its comments claim: `x // => 1` that `x` deeply equals 1, and
 * `x // throws ENOENT` that it throws an error with that code; and that it prints what is printed below it.
 */
export function programOf({ code, prints }: CodeBlock): string {
  const lines = code.split('\n').map((line) => {
    const claim = /^(\s*)(.*?);?\s*\/\/ (=>|throws) (.+)$/.exec(line);
    if (claim === null) return line;
    const [, indent, statement, kind, expected] = claim;
    if (kind === 'throws') return `${indent}$throws(() => { ${statement}; }, { code: '${expected}' });`;
    const constant = /^const (\w+)\b/.exec(statement!)?.[1];
    if (constant === undefined) return `${indent}$same(${statement}, ${expected});`;
    return `${indent}${statement}; $same(${constant}, ${expected});`;
  });
  const claims = `import { deepStrictEqual as $same, throws as $throws } from 'node:assert';`;
  if (prints === undefined) return [...lines, claims, ''].join('\n');
  return [PRINTER, ...lines, `$same($printed.join('\\n'), ${JSON.stringify(prints)});`, claims, ''].join('\n');
}

const PRINTER = `const $printed: string[] = [];
const console = { log: (...words: unknown[]) => void $printed.push(words.join(' ')) };`;
