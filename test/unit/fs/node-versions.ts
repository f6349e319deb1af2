/**
 * Probes that versions of Node answer differently. Ours answers as Node 20, the oldest that we support; under a newer
 * Node they are left out of the comparison.
 */
export const differing: readonly (readonly [probe: RegExp, since: number, reason: string])[] = [
  [
    /^cp (to itself|into itself|a directory over a file|a file over a directory), sync$/,
    22,
    'plain errors of the C++ form',
  ],
  [/^readdir below with types$/, 22, 'follows links to directories, as it did before for names alone'],
  [/^utimes by numbers/, 24, 'libuv keeps nanoseconds'],
  [/^symlink of a wrong type/, 24, 'the general error for a wrong argument'],
  [/^statfs$/, 24, 'one more field'],
];

/** Whether this version of Node answers as Node 20 does. */
export function answersAsNode20(probe: string): boolean {
  const running = Number(process.versions.node.split('.')[0]);
  return !differing.some(([name, since]) => running >= since && name.test(probe));
}
