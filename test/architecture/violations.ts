/** Every way in which source files can leave the plan of the house. Each rule answers lines that name the place. */
import { cyclesOf } from './cycles.ts';
import {
  bearers,
  emptyNames,
  folderOfStrangers,
  hostAccess,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  type Row,
  rows,
} from './rules.ts';
import type { Import, SourceFile } from './source-file.ts';

export type Rule = (files: readonly SourceFile[]) => string[];

const folderOf = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The folder as a room of its own: strangers under one roof are several. */
function roomOf(path: string): string {
  const [folder, room, ...rest] = path.split('/');
  return folderOfStrangers.includes(folder!) && rest.length > 0 ? `${folder}/${room}` : folderOf(path);
}

function mayImport(row: Row, target: string, typeOnly: boolean): boolean {
  return row.imports.includes(folderOf(target)) || (typeOnly && (row.types ?? []).includes(target));
}

function importsWhere(files: readonly SourceFile[], wrong: (file: SourceFile, item: Import) => string | undefined) {
  return files.flatMap((file) =>
    file.imports.flatMap((item) => {
      const complaint = wrong(file, item);
      return complaint === undefined ? [] : [`src/${file.path}:${item.line} ${complaint}`];
    }),
  );
}

/** A folder imports what its row allows. Files that lie in `src` itself gather what all of them offer. */
export const directions: Rule = (files) =>
  importsWhere(files, ({ path }, { target, typeOnly }) => {
    const from = folderOf(path);
    if (target === undefined || from === '' || folderOf(target) === from) return undefined;
    const row = rows[from];
    if (row === undefined) return `lies in ${from}, which has no row in test/architecture/rules.ts`;
    const allowed = bearers[path];
    if (allowed !== undefined && target.startsWith(allowed.imports)) return undefined;
    return mayImport(row, target, typeOnly) ? undefined : `imports ${typeOnly ? 'a type of ' : ''}${target}`;
  });

/** Siblings in `filesystem` and `driver` never import each other. */
export const strangers: Rule = (files) =>
  importsWhere(files, ({ path }, { target }) => {
    if (target === undefined || folderOf(target) !== folderOf(path)) return undefined;
    const [from, to] = [roomOf(path), roomOf(target)];
    return from !== to && from.includes('/') && to.includes('/') ? `imports its sibling ${target}` : undefined;
  });

const isIndex = (path: string): boolean => /(^|\/)index(\.browser)?\.ts$/.test(path);

/** An `index.ts` is for users and other folders: its own folder does not import it. It holds re-exports and nothing else. */
export const indexFiles: Rule = (files) => [
  ...importsWhere(files, ({ path }, { target }) => {
    if (target === undefined || !isIndex(target) || isIndex(path)) return undefined;
    return roomOf(target) === roomOf(path) ? `imports ${target} of its own folder` : undefined;
  }),
  ...files
    .filter(({ path, ownStatements }) => isIndex(path) && ownStatements > 0)
    .map(({ path }) => `src/${path} holds more than re-exports`),
];

/** Packages are imported by the folders that name them. */
export const packages: Rule = (files) =>
  importsWhere(files, ({ path }, { module }) => {
    if (module === undefined || module.startsWith('node:')) return undefined;
    return rows[folderOf(path)]?.packages?.includes(module) ? undefined : `imports the package ${module}`;
  });

const mayReachHost = (path: string): boolean =>
  Object.keys(hostAccess).some((place) => path === place || (place.endsWith('/') && path.startsWith(place)));

/** The host is reached from listed files only. */
export const host: Rule = (files) => [
  ...importsWhere(files, ({ path }, { module }) =>
    module?.startsWith('node:') && !mayReachHost(path) ? `imports ${module}` : undefined,
  ),
  ...files
    .filter(({ path }) => !mayReachHost(path))
    .flatMap(({ path, hostReads }) => hostReads.map(({ text, line }) => `src/${path}:${line} reads ${text}`)),
];

/** Who may reach the host and does not, or is not there. */
export const idleHostAccess: Rule = (files) =>
  Object.keys(hostAccess).filter((place) => {
    const there = files.filter(({ path }) => path === place || (place.endsWith('/') && path.startsWith(place)));
    const reaches = ({ imports, hostReads }: SourceFile): boolean =>
      hostReads.length > 0 || imports.some(({ module }) => module?.startsWith('node:'));
    return !there.some(reaches);
  });

/** No folder needs itself by way of others, types included. */
export const folderCycles: Rule = (files) => {
  const edges = files.flatMap(({ path, imports }) =>
    imports.flatMap(({ target }): [string, string][] => (target === undefined ? [] : [[roomOf(path), roomOf(target)]])),
  );
  const between = edges.filter(([from, to]) => from !== to && from !== '');
  return cyclesOf(between).map((cycle) => `the folders ${cycle.join(', ')} import each other`);
};

/** No file needs itself by way of others at run time. */
export const fileCycles: Rule = (files) => {
  const edges = files.flatMap(({ path, imports }) =>
    imports.flatMap(({ target, typeOnly }): [string, string][] =>
      target === undefined || typeOnly ? [] : [[path, target]],
    ),
  );
  return cyclesOf(edges).map((cycle) => `the files ${cycle.join(', ')} import each other`);
};

/** Files and functions stay small enough to be read at once. */
export const sizes: Rule = (files) =>
  files.flatMap(({ path, lines, functions }) => [
    ...(lines > MAX_FILE_LINES ? [`${path} has ${lines} lines`] : []),
    ...functions
      .filter((span) => span.lines > MAX_FUNCTION_LINES)
      .map((span) => `${path}:${span.line} ${span.name} has ${span.lines} lines`),
  ]);

/** A file's name says what is in it. */
export const names: Rule = (files) =>
  files
    .filter(({ path }) => emptyNames.includes(baseOf(path).replace(/(\.test)?\.ts$/, '')))
    .map(({ path }) => `${path} is called after nothing that is in it`);
