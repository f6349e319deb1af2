/** Each rule of the plan can fail: it finds what was planted, and leaves its innocent twin alone. */
import { expect, it } from 'vitest';
import { cyclesOf } from './cycles.ts';
import { hostAccess, MAX_FILE_LINES, MAX_FUNCTION_LINES } from './rules.ts';
import { readSource } from './source-file.ts';
import * as rule from './violations.ts';

type Files = Readonly<Record<string, string>>;

interface Planted {
  readonly what: string;
  readonly rule: rule.Rule;
  readonly guilty: Files;
  readonly finds: RegExp;
  readonly innocent: Files;
}

const functionOf = (lines: number): string => `const long = () => {\n${'work();\n'.repeat(lines - 2)}};\n`;

/** Every place that may reach the host, doing so. */
const licensed = Object.fromEntries(
  Object.keys(hostAccess).map((place) => [place.endsWith('/') ? `${place}a.ts` : place, `import 'node:fs';`]),
);

const planted: readonly Planted[] = [
  {
    what: 'an import upwards',
    rule: rule.directions,
    guilty: { 'kernel/a.ts': `import { tmpfs } from '../filesystem/tmpfs/super.ts';` },
    finds: /src\/kernel\/a\.ts:1 imports filesystem\/tmpfs\/super\.ts/,
    innocent: { 'filesystem/tmpfs/super.ts': `import { Kernel } from '../../kernel/kernel.ts';` },
  },
  {
    what: 'an import by way of export',
    rule: rule.directions,
    guilty: { 'abi/a.ts': `export * from '../kernel/task.ts';` },
    finds: /kernel\/task\.ts/,
    innocent: { 'abi/a.ts': `export * from './errno.ts';` },
  },
  {
    what: 'an import at run time',
    rule: rule.directions,
    guilty: { 'abi/a.ts': `const kernel = await import('../kernel/kernel.ts');` },
    finds: /kernel\/kernel\.ts/,
    innocent: { 'abi/a.ts': `const errno = await import('./errno.ts');` },
  },
  {
    what: 'a driver that uses what it only bears',
    rule: rule.directions,
    guilty: { 'driver/aufs/driver.ts': `import { aufs } from '../../filesystem/aufs/index.ts';` },
    finds: /imports filesystem\/aufs\/index\.ts/,
    innocent: { 'driver/aufs/needs.ts': `import { aufs } from '../../filesystem/aufs/index.ts';` },
  },
  {
    what: 'a value where types are allowed',
    rule: rule.directions,
    guilty: { 'archive/a.ts': `import { type Task } from '../kernel/task.ts';` },
    finds: /imports kernel\/task\.ts/,
    innocent: { 'archive/a.ts': `import type { Task } from '../kernel/task.ts';` },
  },
  {
    what: 'a type that is not the door',
    rule: rule.directions,
    guilty: { 'layer/a.ts': `let inode: import('../kernel/inode.ts').Inode;` },
    finds: /imports a type of kernel\/inode\.ts/,
    innocent: { 'layer/a.ts': `let task: import('../kernel/task.ts').Task;` },
  },
  {
    what: 'a folder without a row',
    rule: rule.directions,
    guilty: { 'attic/a.ts': `import '../abi/errno.ts';` },
    finds: /attic, which has no row/,
    innocent: { 'index.ts': `export * from './abi/errno.ts';` },
  },
  {
    what: 'siblings that know each other',
    rule: rule.strangers,
    guilty: { 'filesystem/overlayfs/a.ts': `import type { Node } from '../tmpfs/inode.ts';` },
    finds: /imports its sibling filesystem\/tmpfs\/inode\.ts/,
    innocent: {
      'filesystem/overlayfs/a.ts': `import './b.ts';`,
      'driver/aufs/a.ts': `import type { ProtoDriver } from '../driver.ts';`,
    },
  },
  {
    what: 'an import of the own index',
    rule: rule.indexFiles,
    guilty: { 'filesystem/tmpfs/a.ts': `import { tmpfs } from './index.ts';` },
    finds: /src\/filesystem\/tmpfs\/a\.ts:1 imports filesystem\/tmpfs\/index\.ts of its own folder/,
    innocent: {
      'machine/a.ts': `import { tmpfs } from '../filesystem/tmpfs/index.ts';`,
      'archive/index.ts': `export * from './index.browser.ts';`,
    },
  },
  {
    what: 'an index that does something',
    rule: rule.indexFiles,
    guilty: { 'index.browser.ts': `export const version = 1;` },
    finds: /src\/index\.browser\.ts holds more than re-exports/,
    innocent: { 'machine/index.ts': `export { boot } from './boot.ts';\nexport type * from './a.ts';` },
  },
  {
    what: 'a package in the wrong folder',
    rule: rule.packages,
    guilty: { 'kernel/a.ts': `import { sha256 } from '@noble/hashes/sha2.js';` },
    finds: /imports the package @noble\/hashes/,
    innocent: { 'archive/a.ts': `import { sha256 } from '@noble/hashes/sha2.js';` },
  },
  {
    what: `a module of Node's`,
    rule: rule.host,
    guilty: { 'kernel/a.ts': `import type { Stats } from 'node:fs';` },
    finds: /src\/kernel\/a\.ts:1 imports node:fs/,
    innocent: { 'archive/node-codecs.ts': `import { createHash } from 'node:crypto';` },
  },
  ...[
    'Date.now()',
    'new Date()',
    'Date()',
    'new Date',
    'Math.random()',
    'performance.now()',
    'process.cwd()',
    'globalThis.process.cwd()',
    `process['env']`,
    'crypto.randomUUID()',
  ].map((text) => ({
    what: text,
    rule: rule.host,
    guilty: { 'kernel/a.ts': `const x = ${text};` },
    finds: /src\/kernel\/a\.ts:1 reads/,
    innocent: { 'kernel/a.ts': `const x = new Date(0); Math.max(1); this.process.run(); Date.parse(''); // ${text}` },
  })),
  {
    what: 'a licence that nobody uses',
    rule: rule.idleHostAccess,
    guilty: { ...licensed, 'archive/node-codecs.ts': `import './codecs.ts';` },
    finds: /^archive\/node-codecs\.ts$/,
    innocent: licensed,
  },
  {
    what: 'folders that need each other',
    rule: rule.folderCycles,
    guilty: {
      'archive/a.ts': `import type { B } from '../layer/b.ts';`,
      'layer/b.ts': `import { a } from '../archive/c.ts';`,
    },
    finds: /the folders archive, layer import each other/,
    innocent: { 'layer/b.ts': `import { a } from '../archive/c.ts';`, 'archive/a.ts': `import './c.ts';` },
  },
  {
    what: 'files that need each other',
    rule: rule.fileCycles,
    guilty: { 'kernel/a.ts': `import './b.ts';`, 'kernel/b.ts': `import './c.ts';`, 'kernel/c.ts': `import './a.ts';` },
    finds: /kernel\/a\.ts, kernel\/b\.ts, kernel\/c\.ts/,
    innocent: { 'kernel/a.ts': `import './b.ts';`, 'kernel/b.ts': `import type { A } from './a.ts';` },
  },
  {
    what: 'a long file',
    rule: rule.sizes,
    guilty: { 'kernel/a.ts': '\n'.repeat(MAX_FILE_LINES + 1) },
    finds: /kernel\/a\.ts has 501 lines/,
    innocent: { 'kernel/a.ts': '\n'.repeat(MAX_FILE_LINES) },
  },
  {
    what: 'a long function',
    rule: rule.sizes,
    guilty: { 'kernel/a.ts': functionOf(MAX_FUNCTION_LINES + 1) },
    finds: /kernel\/a\.ts:1 long has 71 lines/,
    innocent: { 'kernel/a.ts': functionOf(MAX_FUNCTION_LINES) },
  },
  {
    what: 'a long method',
    rule: rule.sizes,
    guilty: { 'kernel/a.ts': `class A { work() {\n${'1;\n'.repeat(MAX_FUNCTION_LINES)}} }\n` },
    finds: /kernel\/a\.ts:1 work has 72 lines/,
    innocent: { 'test/a.test.ts': `describe('a', () => {\n${'it();\n'.repeat(MAX_FUNCTION_LINES)}});\n` },
  },
  {
    what: 'a name that says nothing',
    rule: rule.names,
    guilty: { 'kernel/utils.ts': '' },
    finds: /kernel\/utils\.ts/,
    innocent: { 'kernel/namei.ts': '', 'abi/flags.ts': '' },
  },
];

const read = (files: Files) => Object.entries(files).map(([path, text]) => readSource(path, text));

it.each(planted)('finds $what', ({ rule, guilty, finds }) => {
  expect(rule(read(guilty)).join('\n')).toMatch(finds);
});

it.each(planted)('leaves the twin of $what alone', ({ rule, innocent }) => {
  expect(rule(read(innocent))).toEqual([]);
});

it('finds cycles that share a node, and none in a diamond', () => {
  const pairs = (text: string) => text.split(' ').map((pair): [string, string] => [pair[0]!, pair[1]!]);
  expect(cyclesOf(pairs('ab bc ca bd db'))).toEqual([['a', 'b', 'c', 'd']]);
  expect(cyclesOf(pairs('ab ac bd cd'))).toEqual([]);
});
