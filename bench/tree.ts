/** What the layers of a stack hold, in a form from which every subject can make its own. */

/** Path → content of a file, `null` for a directory; parents come before what is in them. Paths have no leading slash. */
export type LayerTree = ReadonlyMap<string, Uint8Array | null>;

/** Topmost layer first. */
export type Stack = readonly LayerTree[];

/** Which layers have the directory that a row works in: the lowest alone, or every one. */
export type Layout = 'one' | 'all';

/** How many layers the stack has, and how they are laid out. */
export interface Shape {
  readonly lowers: number;
  readonly layout: Layout;
}

/** All layers merged into one tree, for subjects without layers. */
export function flatten(stack: Stack): LayerTree {
  const merged = new Map<string, Uint8Array | null>();
  for (const layer of [...stack].reverse()) for (const [path, content] of layer) merged.set(path, content);
  return new Map([...merged].sort(([a], [b]) => a.split('/').length - b.split('/').length));
}

const contents = new Map<string, Uint8Array>();

/** `size` bytes, all of them `byte`; the same array for the same question. */
export function filled(size: number, byte: number): Uint8Array {
  const key = `${size} ${byte}`;
  const made = contents.get(key) ?? new Uint8Array(size).fill(byte);
  contents.set(key, made);
  return made;
}

function withParents(tree: Map<string, Uint8Array | null>, path: string): void {
  const parts = path.split('/').slice(0, -1);
  for (let i = 1; i <= parts.length; i++) tree.set(parts.slice(0, i).join('/'), null);
}

/** `files` in the lowest layer of the stack; each other layer has at least a file of its own. */
export function stackOf(shape: Shape, files: ReadonlyMap<string, Uint8Array>, directories: readonly string[]): Stack {
  return Array.from({ length: shape.lowers }, (_, index) => {
    const tree = new Map<string, Uint8Array | null>();
    const lowest = index === shape.lowers - 1;
    if (lowest || shape.layout === 'all') for (const path of directories) withParents(tree, `${path}/`);
    if (!lowest) tree.set(`layer-${index}`, filled(16, index & 255));
    if (!lowest && shape.layout === 'all') {
      for (const path of directories) tree.set(`${path}/layer-${index}`, filled(16, index & 255));
    }
    if (lowest) for (const [path, content] of files) tree.set(path, content);
    return tree;
  });
}

/** A directory of `entries` empty files: all in the lowest layer, or dealt out to the layers in turn. */
export function directoryStack(shape: Shape, directory: string, entries: number): Stack {
  const layers = stackOf(shape, new Map(), []) as Map<string, Uint8Array | null>[];
  for (const layer of shape.layout === 'all' ? layers : layers.slice(-1)) layer.set(directory, null);
  for (let i = 0; i < entries; i++) {
    const index = shape.layout === 'all' ? i % shape.lowers : shape.lowers - 1;
    layers[index]!.set(`${directory}/entry-${i}`, filled(0, 0));
  }
  return layers;
}
