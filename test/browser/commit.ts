/** A layer that a real `docker build` made, made again by writing into a union. */
import { tree, union } from '../../src/index.browser.ts';

/** What the recording `test/golden/docker/build/layer-5` is called by Docker. */
export const recordedDiffID = 'sha256:7f00202142e240954f686ae0664fc88fc4863966fec510dc3d63ac78647f9b9c';

const users = new Map([
  [0, 'root'],
  [7, 'lp'],
]);
const groups = new Map([
  [0, 'root'],
  [8, 'mail'],
]);
const names = { user: (uid: number) => users.get(uid) ?? '', group: (gid: number) => groups.get(gid) ?? '' };

/** When the layer was built, and when its files were made: seconds. */
const BUILT = 1_795_308_562;
const MADE = 1_500_000_000;

/** Makes in `/srv` what `ADD` brought, and commits it. */
export function commitRecordedLayer(): { diffID: string; tar: Uint8Array } {
  const made = union([tree({ '/srv': null, '/etc/hosts': '127.0.0.1' })], { names });
  const { fs } = made;
  fs.mkdirSync('/srv/added');
  fs.chmodSync('/srv/added', 0o750);
  fs.writeFileSync('/srv/added/file', 'tar\n');
  fs.chmodSync('/srv/added/file', 0o640);
  fs.symlinkSync('file', '/srv/added/ln');
  for (const path of ['/srv/added', '/srv/added/file']) fs.chownSync(path, 7, 8);
  for (const path of ['/srv/added/ln', '/srv/added/file', '/srv/added']) fs.lutimesSync(path, MADE, MADE);
  fs.utimesSync('/srv', BUILT, BUILT);
  const layer = made.commit();
  return { diffID: layer.diffID, tar: layer.tar() };
}
