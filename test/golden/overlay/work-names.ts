/** What a recording tells of the work directory, in words that are the same wherever it lies. */

const HANDLE = /^index\/00fb([0-9a-f]+)$/;
/** Of `struct ovl_fb` before the filesystem's own handle, in hexadecimal digits behind those of its magic: length, flags, type and uuid. */
const HEADER_DIGITS = 38;

/** The number of the inode that a handle names: ext4's begins with it, that of tmpfs ends in it. */
function inodeOf(digits: string): number {
  const own = Buffer.from(digits.slice(HEADER_DIGITS), 'hex');
  return own.readUInt32LE(own.length === 12 ? 4 : 0);
}

/**
 * Paths with their types. Passing names count every copy-up since the host was started: the number is left out. A name
 * in the index is the handle of a lower object: it is told as that object's place in the order in which all were made,
 * counted from the first one that the index names; only whiteouts count, as the recordings keep no other entries.
 */
export function workNames(work: Readonly<Record<string, string>>): string[] {
  const whiteouts = Object.keys(work).filter((path) => work[path] === 'c');
  const named = whiteouts.flatMap((path) => HANDLE.exec(path)?.[1] ?? []);
  const first = Math.min(...named.map(inodeOf));
  const told = (path: string): string => {
    const digits = HANDLE.exec(path)?.[1];
    return digits === undefined ? path.replace(/#[0-9a-f]+/, '#') : `index/+${inodeOf(digits) - first}`;
  };
  return Object.entries(work)
    .filter(([path, type]) => type === 'c' || !path.startsWith('index/'))
    .map(([path, type]) => `${told(path)} ${type}`)
    .sort();
}
