/** The type of what `createFs` makes: Node's own, so that programs keep their types. */
import type { Volume } from '@jsonjoy.com/fs-node';

/** What newer versions of Node have beside the typings that this package is built with. */
interface Newer {
  glob(pattern: string | readonly string[], callback: (error: Error | null, matches: string[]) => void): void;
  glob(
    pattern: string | readonly string[],
    options: GlobOptions,
    callback: (error: Error | null, matches: any[]) => void,
  ): void;
  globSync(pattern: string | readonly string[], options?: GlobOptions & { withFileTypes?: false }): string[];
  globSync(
    pattern: string | readonly string[],
    options: GlobOptions & { withFileTypes: true },
  ): import('node:fs').Dirent[];
  /** memfs's volume below: `toJSON`, `fromJSON`, snapshots and trees. */
  readonly __vol: Volume;
}

interface NewerPromises {
  glob(pattern: string | readonly string[], options?: GlobOptions & { withFileTypes?: false }): AsyncIterable<string>;
  glob(
    pattern: string | readonly string[],
    options: GlobOptions & { withFileTypes: true },
  ): AsyncIterable<import('node:fs').Dirent>;
}

/** How `glob` searches, as in `node:fs`. */
export interface GlobOptions {
  /** Where relative patterns start; the task's working directory unless given. */
  readonly cwd?: string | URL;
  readonly exclude?: readonly string[] | ((path: any) => boolean);
  readonly withFileTypes?: boolean;
}

type NodeFs = typeof import('node:fs');

/**
 * `node:fs`. Programs without `@types/node` see `any` here, as far as TypeScript may skip the check of libraries
 * (`skipLibCheck`); install `@types/node` for the types.
 */
export type IFs = NodeFs & Newer & { readonly promises: NodeFs['promises'] & NewerPromises };
