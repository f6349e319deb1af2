/** The TypeScript in Markdown, made into programs that can be type-checked and run. */

export interface CodeBlock {
  /** The file and the line of the fence: `README.md:12`. */
  readonly place: string;
  readonly code: string;
  /** Whether the block is to be run: not so with a fence of `ts no-run`. */
  readonly runs: boolean;
}

/** The blocks whose fence says `ts`, in Markdown or in the comments of a source file. */
export function codeBlocksOf(file: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { line: number; runs: boolean; code: string[] } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = file.endsWith('.ts') ? raw.replace(/^\s*\*( |$)/, '') : raw;
    const fence = /^\s*```(.*)$/.exec(line)?.[1];
    if (open !== undefined && fence === undefined) open.code.push(line);
    else if (open !== undefined) {
      blocks.push({ place: `${file}:${open.line}`, code: open.code.join('\n'), runs: open.runs });
      open = undefined;
    } else if (fence !== undefined) {
      const isOurs = /^ts( no-run)?$/.test(fence);
      open = { line: index + 1, runs: fence === 'ts', code: [] };
      if (!isOurs) open = { ...open, runs: false, code: ['/* not TypeScript */'] };
    }
  }
  return blocks.filter(({ code }) => !code.startsWith('/* not TypeScript */'));
}

/**
 * The block as a module that checks what its comments claim: `x // => 1` that `x` deeply equals 1, and
 * `x // throws ENOENT` that it throws an error with that code.
 */
export function programOf({ code }: CodeBlock): string {
  const lines = code.split('\n').map((line) => {
    const claim = /^(\s*)(.*?);?\s*\/\/ (=>|throws) (.+)$/.exec(line);
    if (claim === null) return line;
    const [, indent, statement, kind, expected] = claim;
    if (kind === 'throws') return `${indent}$throws(() => { ${statement}; }, { code: '${expected}' });`;
    const constant = /^const (\w+)\b/.exec(statement!)?.[1];
    if (constant === undefined) return `${indent}$same(${statement}, ${expected});`;
    return `${indent}${statement}; $same(${constant}, ${expected});`;
  });
  return [...lines, `import { deepStrictEqual as $same, throws as $throws } from 'node:assert';`, ''].join('\n');
}
