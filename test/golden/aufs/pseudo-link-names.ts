/** Names in `.wh..wh.plnk` as the recordings tell them. */
import type { Tree } from '../union/recording.ts';

const PSEUDO_LINK = /^(\.wh\.\.wh\.plnk\/)(\d+)\.(\d+)$/;

/** Each `INO.HINO`, two numbers of inodes, becomes its place among them: `INO.HINO#1`, `INO.HINO#2` … */
export function withPlainLinkNames(tree: Tree): Tree {
  let count = 0;
  const told = Object.entries(tree).map(([path, entry]) => {
    const name = path.replace(PSEUDO_LINK, (_, directory) => `${directory}INO.HINO#${++count}`);
    return [name, entry] as const;
  });
  return Object.fromEntries(told);
}
