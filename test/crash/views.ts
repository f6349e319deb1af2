/** Trees as a program sees them, path by path, and where two of them differ. */
export type View = ReadonlyMap<string, string>;
/** Makes lines equal whose difference is forgiven. */
export type Mask = (line: string) => string;

const asItIs: Mask = (line) => line;

export const sameView = (a: View, b: View, mask: Mask = asItIs): boolean =>
  a.size === b.size && [...a].every(([path, line]) => b.has(path) && mask(b.get(path)!) === mask(line));

/** The first line in which two views differ. */
export function firstDifference(a: View, b: View, mask: Mask = asItIs): string {
  const line = (view: View, path: string): string | undefined => {
    const told = view.get(path);
    return told && mask(told);
  };
  const path = [...new Set([...a.keys(), ...b.keys()])].find((each) => line(a, each) !== line(b, each));
  return path === undefined ? 'the same' : `${path}: ${a.get(path) ?? 'missing'} | ${b.get(path) ?? 'missing'}`;
}

/** All masks, one after another. */
export const maskOf =
  (masks: readonly Mask[]): Mask =>
  (line) =>
    masks.reduce((masked, mask) => mask(masked), line);

export const isDirectoryLine = (line: string): boolean => line.startsWith('4');
export const withoutTime: Mask = (line) => line.replace(/ mtime=.*/, '');
/** Without how many names a file has, and which. */
export const withoutLinks: Mask = (line) => line.replace(/ nlink=\d+/, '').replace(/ =\/[^" ]*/, '');

/** The view without a path and what lies below it. */
export const without = (view: View, path: string): View =>
  new Map([...view].filter(([each]) => each !== path && !each.startsWith(`${path}/`)));

/** Each line of the view is that of one of the others, and a path that it does not have is missing in one of them. */
export function isMixOf(view: View, others: readonly View[], mask: Mask = asItIs): boolean {
  for (const path of new Set([view, ...others].flatMap((each) => [...each.keys()]))) {
    const line = (from: View): string | undefined => {
      const told = from.get(path);
      return told === undefined ? undefined : mask(told);
    };
    const told = line(view);
    if (!others.some((other) => line(other) === told)) return false;
  }
  return true;
}
