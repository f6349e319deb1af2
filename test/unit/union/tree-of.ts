/** A tree as node:fs shows it, to be compared: of a union, or of a real directory. */
import type { Stats } from 'node:fs';

/** The part of node:fs that listing a tree takes. */
export interface ListedFs {
  readdirSync(path: string): unknown;
  lstatSync(path: string): unknown;
  readFileSync(path: string): unknown;
  readlinkSync(path: string): unknown;
}

/** Mode, owner, links, time of modification (whole milliseconds) and content by path; of directories no links. */
export function treeOf(fs: ListedFs, root = '/'): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string): void => {
    const stats = fs.lstatSync(path) as Stats;
    const name = path.slice(root === '/' ? 0 : root.length) || '/';
    let text = `${stats.mode.toString(8)} ${stats.uid}:${stats.gid} ${Math.round(stats.mtimeMs)}`;
    if (!stats.isDirectory()) text += ` ${stats.nlink}`;
    if (stats.isFile()) text += ` ${String(fs.readFileSync(path))}`;
    if (stats.isSymbolicLink()) text += ` -> ${String(fs.readlinkSync(path))}`;
    found[name] = text;
    if (!stats.isDirectory()) return;
    for (const child of (fs.readdirSync(path) as string[]).sort())
      visit(path === '/' ? `/${child}` : `${path}/${child}`);
  };
  visit(root);
  return found;
}

/** The code of what `action` throws. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
