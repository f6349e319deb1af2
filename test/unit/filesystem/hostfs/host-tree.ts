/** A real directory with one of everything, and what node:fs tells of it. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export const isRoot = process.getuid?.() === 0;

/** Large enough for several readahead windows. */
export const LARGE = 700_001;

export function makeTree(): string {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lowerdir-hostfs-')));
  const at = (name: string) => path.join(root, name);
  fs.mkdirSync(at('dir/deep/er'), { recursive: true });
  fs.mkdirSync(at('empty'));
  fs.chmodSync(root, 0o755);
  fs.writeFileSync(at('small'), 'hello\n', { mode: 0o640 });
  fs.writeFileSync(at('none'), '');
  fs.writeFileSync(
    at('large'),
    Uint8Array.from({ length: LARGE }, (_, i) => (i * 31 + (i >> 9)) & 0xff),
  );
  fs.writeFileSync(at('dir/deep/er/file'), 'down here');
  fs.linkSync(at('small'), at('dir/hard'));
  fs.symlinkSync('../small', at('dir/soft'));
  fs.symlinkSync('/nowhere/at all', at('broken'));
  fs.chmodSync(at('dir'), 0o2751);
  fs.utimesSync(at('none'), 12.5, -1.25);
  const sparse = fs.openSync(at('sparse'), 'w');
  fs.writeSync(sparse, 'end', 300_000);
  fs.closeSync(sparse);
  for (let i = 0; i < 400; i++) fs.writeFileSync(at(`empty/${(i * 7919) % 400}`), '');
  if (process.platform === 'linux') {
    fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9, 0x80, 0x2e])]), 'latin');
    fs.writeFileSync(at('snow☃𝄞'), 'utf-8');
    execFileSync('mkfifo', [at('fifo')]);
  }
  if (isRoot && process.platform === 'linux') {
    execFileSync('mknod', [at('null'), 'c', '1', '3']);
    execFileSync('mknod', [at('disk'), 'b', '259', '70000']);
    fs.chownSync(at('none'), 1234, 4321);
    fs.chmodSync(at('none'), 0o4711);
  }
  return root;
}

/** Everything that node:fs tells of a tree, access times left out where `times` is false. */
export function snapshot(root: string, withAtime: (stat: fs.BigIntStats) => boolean): string[] {
  const lines: string[] = [];
  const walk = (at: Buffer): void => {
    const stat = fs.lstatSync(at, { bigint: true });
    const { mode, uid, gid, nlink, size, rdev, ino, mtimeNs, ctimeNs, atimeNs } = stat;
    const told = [mode, uid, gid, nlink, size, rdev, ino, mtimeNs, ctimeNs, withAtime(stat) ? atimeNs : '-'];
    lines.push(`${at.toString('latin1')} ${told.join(' ')}`);
    if (!stat.isDirectory()) return;
    for (const name of fs.readdirSync(at, { encoding: 'buffer' })) walk(Buffer.concat([at, Buffer.from('/'), name]));
  };
  walk(Buffer.from(root));
  return lines;
}
