/** What the architecture test wants to know of one source file, read from its syntax tree. */
import ts from 'typescript';

export interface Import {
  /** The file below `src`, where the specifier is relative: `kernel/task.ts`. */
  readonly target?: string;
  /** The package or module, where it is not: `memfs`, `node:fs`. */
  readonly module?: string;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Span {
  readonly name: string;
  readonly line: number;
  /** Lines from its first to its last. */
  readonly lines: number;
}

export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly functions: readonly Span[];
  /** Expressions that read the clock, the dice or the process of the host. */
  readonly hostReads: readonly { readonly text: string; readonly line: number }[];
  /** Statements that are not re-exports. */
  readonly ownStatements: number;
}

/** The path that `specifier` names, seen from `from`. */
function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The package of a module name: `@noble/hashes` of `@noble/hashes/sha2.js`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** `import { type A }` still loads the module, so it is no import of types alone. */
function isTypeOnly(node: ts.Node): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (ts.isImportDeclaration(node)) return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  return ts.isImportTypeNode(node);
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isDynamic ? node.arguments[0] : undefined;
}

const hostObjects: Readonly<Record<string, readonly string[] | 'all'>> = {
  Date: ['now'],
  Math: ['random'],
  performance: 'all',
  process: 'all',
  crypto: 'all',
};

function readsHost(node: ts.Node): boolean {
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
    const isDate = ts.isIdentifier(node.expression) && node.expression.text === 'Date';
    return isDate && (ts.isCallExpression(node) || !node.arguments?.length);
  }
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return false;
  const { expression } = node;
  const object = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
  const names = ts.isIdentifier(object)
    ? Object.hasOwn(hostObjects, object.text)
      ? hostObjects[object.text]
      : undefined
    : undefined;
  if (ts.isPropertyAccessExpression(expression) && expression.expression.getText() !== 'globalThis') return false;
  if (names === undefined || names === 'all') return names === 'all';
  return ts.isElementAccessExpression(node) || names.includes(node.name.text);
}

function nameOf(node: ts.FunctionLikeDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : 'an anonymous function';
}

/** The callback of `describe(…)` groups tests as a file does, and is measured as one. */
function isSuite(node: ts.FunctionLikeDeclaration): boolean {
  return ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText());
}

function isReExport(node: ts.Statement): boolean {
  return ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined;
}

/** Reads the text of `path`, which is told from `src` on. */
export function readSource(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => tree.getLineAndCharacterOfPosition(position).line + 1;
  const imports: Import[] = [];
  const functions: Span[] = [];
  const hostReads: { text: string; line: number }[] = [];
  const visit = (node: ts.Node): void => {
    const line = lineOf(node.getStart());
    const specifier = specifierOf(node);
    if (specifier !== undefined && ts.isStringLiteral(specifier)) {
      const typeOnly = isTypeOnly(node);
      const isRelative = specifier.text.startsWith('.');
      const { text: name } = specifier;
      imports.push({ typeOnly, line, ...(isRelative ? { target: resolve(path, name) } : { module: packageOf(name) }) });
    }
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined && !isSuite(node)) {
      functions.push({ name: nameOf(node), line, lines: lineOf(node.end) - line + 1 });
    }
    if (readsHost(node)) hostReads.push({ text: node.getText(), line });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  const ownStatements = tree.statements.filter((statement) => !isReExport(statement)).length;
  return { path, lines: text.split('\n').length - 1, imports, functions, hostReads, ownStatements };
}
