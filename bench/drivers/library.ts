/** The parts of the library that a daemon stands on, compiled as its users run them. */
import { buildLibrary } from '../build.ts';

type Part<Name extends keyof Parts> = Parts[Name];

interface Parts {
  readonly index: typeof import('../../src/index.ts');
  readonly layer: typeof import('../../src/layer/layer-store.ts');
  readonly archive: typeof import('../../src/archive/index.ts');
  readonly overlay2: typeof import('../../src/driver/overlay2/index.ts');
  readonly overlay: typeof import('../../src/driver/overlay/index.ts');
  readonly aufs: typeof import('../../src/driver/aufs/index.ts');
  readonly vfs: typeof import('../../src/driver/vfs/index.ts');
}

export type DriverLibrary = Part<'index'> &
  Part<'layer'> &
  Pick<Part<'archive'>, 'nodeCodecs' | 'writeArchive'> &
  Part<'overlay2'> &
  Part<'overlay'> &
  Part<'aufs'> &
  Part<'vfs'>;

export async function loadDriverLibrary(): Promise<DriverLibrary> {
  const index = buildLibrary('released');
  const from = (path: string) => import(new URL(path, index).href);
  const paths = ['layer/layer-store.js', 'archive/index.js', 'driver/overlay2/index.js', 'driver/overlay/index.js'];
  const parts = await Promise.all([index, ...paths, 'driver/aufs/index.js', 'driver/vfs/index.js'].map(from));
  return Object.assign({}, ...parts) as DriverLibrary;
}
