/** Calls of node:fs in all three forms, where they succeed and where they fail. */
import { inAllForms, type Probe } from './probe.ts';

const modeAt = (name: string) => (fs: any, dir: string) => fs.lstatSync(`${dir}/${name}`).mode;
const textAt = (name: string) => (fs: any, dir: string) => fs.readFileSync(`${dir}/${name}`, 'utf8');
const timesAt = (name: string) => (fs: any, dir: string) => {
  const { atimeNs, mtimeNs } = fs.lstatSync(`${dir}/${name}`, { bigint: true });
  return [atimeNs, mtimeNs];
};
const namesAt = (name: string) => (fs: any, dir: string) => fs.readdirSync(`${dir}/${name}`);

const attributes: Probe[] = [
  ...inAllForms('stat', 'of a file', (d) => [`${d}/f`]),
  ...inAllForms('stat', 'through a link', (d) => [`${d}/link`]),
  ...inAllForms('stat', 'of nothing', (d) => [`${d}/none`]),
  ...inAllForms('stat', 'of a loop', (d) => [`${d}/loop`]),
  ...inAllForms('stat', 'below a file', (d) => [`${d}/f/x`]),
  ...inAllForms('stat', 'of a file with a slash', (d) => [`${d}/f/`]),
  ...inAllForms('stat', 'of no name', () => ['']),
  ...inAllForms('stat', 'of a name too long', (d) => [`${d}/${'n'.repeat(256)}`]),
  ...inAllForms('stat', 'with bigints', (d) => [`${d}/f`, { bigint: true }]),
  ...inAllForms('stat', 'by URL', (d) => [new URL(`file://${d}/n%C3%A4me`)]),
  ...inAllForms('stat', 'by bytes', (d) => [Buffer.from(`${d}/näme`)]),
  ...inAllForms('stat', 'of undefined', () => [undefined]),
  ...inAllForms('stat', 'with a NUL', (d) => [`${d}/a\0b`]),
  ...inAllForms('lstat', 'of a link', (d) => [`${d}/link`]),
  ...inAllForms('lstat', 'of nothing', (d) => [`${d}/none/x`]),
  ...inAllForms('access', 'of a file', (d) => [`${d}/f`, 4]),
  ...inAllForms('access', 'to execute', (d) => [`${d}/f`, 1]),
  ...inAllForms('access', 'of nothing', (d) => [`${d}/none`]),
  ...inAllForms('chmod', 'of a file', (d) => [`${d}/f`, 0o640], modeAt('f')),
  ...inAllForms('chmod', 'in octal digits', (d) => [`${d}/f`, '4711'], modeAt('f')),
  ...inAllForms('chmod', 'through a link', (d) => [`${d}/link`, 0o600], modeAt('f')),
  ...inAllForms('chmod', 'of nothing', (d) => [`${d}/none`, 0o600]),
  ...inAllForms('chmod', 'with wrong digits', (d) => [`${d}/f`, '9']),
  ...inAllForms('chown', 'to nobody in particular', (d) => [`${d}/f`, -1, -1]),
  ...inAllForms('chown', 'of nothing', (d) => [`${d}/none`, 0, 0]),
  ...inAllForms('chown', 'by a fraction', (d) => [`${d}/f`, 1.5, 0]),
  ...inAllForms('lchown', 'of a link', (d) => [`${d}/link`, -1, -1]),
  ...inAllForms('lchown', 'of nothing', (d) => [`${d}/none`, 0, 0]),
  ...inAllForms('utimes', 'by numbers', (d) => [`${d}/f`, 1000.4995678, 1234.000001], timesAt('f')),
  ...inAllForms('utimes', 'by dates', (d) => [`${d}/f`, new Date(-1500), new Date(86_400_123)], timesAt('f')),
  ...inAllForms('utimes', 'by digits', (d) => [`${d}/f`, '17', '18.25'], timesAt('f')),
  ...inAllForms('utimes', 'of nothing', (d) => [`${d}/none`, 1, 1]),
  ...inAllForms('utimes', 'by words', (d) => [`${d}/f`, 'soon', 1]),
  ...inAllForms('lutimes', 'of a link', (d) => [`${d}/broken`, 5, 6], timesAt('broken')),
  ...inAllForms('lutimes', 'of nothing', (d) => [`${d}/none`, 5, 6]),
  ...inAllForms('statfs', 'of nothing', (d) => [`${d}/none`]),
];

const names: Probe[] = [
  ...inAllForms(
    'link',
    'a file',
    (d) => [`${d}/f`, `${d}/new`],
    (fs, d) => fs.statSync(`${d}/new`).nlink,
  ),
  ...inAllForms('link', 'over a file', (d) => [`${d}/f`, `${d}/zero`]),
  ...inAllForms('link', 'a directory', (d) => [`${d}/dir`, `${d}/new`]),
  ...inAllForms(
    'link',
    'a symlink',
    (d) => [`${d}/link`, `${d}/new`],
    (fs, d) => fs.readlinkSync(`${d}/new`),
  ),
  ...inAllForms(
    'symlink',
    'to anything',
    (d) => ['any/../where', `${d}/new`],
    (fs, d) => fs.readlinkSync(`${d}/new`),
  ),
  ...inAllForms('symlink', 'over a file', (d) => ['x', `${d}/f`]),
  ...inAllForms('symlink', 'to no name', (d) => ['', `${d}/new`]),
  ...inAllForms('symlink', 'of a wrong type', (d) => ['x', `${d}/new`, 'other']),
  ...inAllForms('readlink', 'of a link', (d) => [`${d}/link`]),
  ...inAllForms('readlink', 'as bytes', (d) => [`${d}/link`, 'buffer']),
  ...inAllForms('readlink', 'of a file', (d) => [`${d}/f`]),
  ...inAllForms('unlink', 'a link', (d) => [`${d}/link`], namesAt('')),
  ...inAllForms('unlink', 'a directory', (d) => [`${d}/dir`]),
  ...inAllForms('unlink', 'nothing', (d) => [`${d}/none`]),
  ...inAllForms('rename', 'a file', (d) => [`${d}/f`, `${d}/new`], namesAt('')),
  ...inAllForms('rename', 'a directory over a full one', (d) => [`${d}/empty`, `${d}/dir`]),
  ...inAllForms('rename', 'a directory over an empty one', (d) => [`${d}/dir`, `${d}/empty`], namesAt('empty')),
  ...inAllForms('rename', 'a file over a directory', (d) => [`${d}/f`, `${d}/dir`]),
  ...inAllForms('rename', 'a directory over a file', (d) => [`${d}/dir`, `${d}/f`]),
  ...inAllForms('rename', 'a directory into itself', (d) => [`${d}/dir`, `${d}/dir/sub/x`]),
  ...inAllForms('rename', 'a link', (d) => [`${d}/dlink`, `${d}/new`], namesAt('new')),
  ...inAllForms('rename', 'nothing', (d) => [`${d}/none`, `${d}/new`]),
  ...inAllForms('rename', 'to undefined', (d) => [`${d}/f`, undefined]),
  ...inAllForms('realpath', 'through links', (d) => [`${d}/dlink/sub/../a`]),
  ...inAllForms('realpath', 'of a file with a slash', (d) => [`${d}/f/`]),
  ...inAllForms('realpath', 'of nothing', (d) => [`${d}/dir/none/x`]),
  ...inAllForms('realpath', 'of a broken link', (d) => [`${d}/broken`]),
  ...inAllForms('realpath', 'of a loop', (d) => [`${d}/loop`]),
  ...inAllForms('realpath', 'as bytes', (d) => [`${d}/link`, { encoding: 'buffer' }]),
];

const directories: Probe[] = [
  ...inAllForms('mkdir', 'one', (d) => [`${d}/new`], modeAt('new')),
  ...inAllForms('mkdir', 'with a mode', (d) => [`${d}/new`, 0o1777], modeAt('new')),
  ...inAllForms('mkdir', 'with a mode in options', (d) => [`${d}/new`, { mode: '700' }], modeAt('new')),
  ...inAllForms('mkdir', 'over a file', (d) => [`${d}/f`]),
  ...inAllForms('mkdir', 'below nothing', (d) => [`${d}/none/x`]),
  ...inAllForms('mkdir', 'with its parents', (d) => [`${d}/p/q/r`, { recursive: true }], namesAt('p/q')),
  ...inAllForms('mkdir', 'with its parents and a slash', (d) => [`${d}/p/q/`, { recursive: true }], namesAt('p')),
  ...inAllForms('mkdir', 'with parents that are there', (d) => [`${d}/dir/sub`, { recursive: true }]),
  ...inAllForms('mkdir', 'through a link', (d) => [`${d}/dlink/x/y`, { recursive: true }], namesAt('dir/x')),
  ...inAllForms('mkdir', 'below a file', (d) => [`${d}/f/x/y`, { recursive: true }]),
  ...inAllForms('mkdir', 'on a file with parents', (d) => [`${d}/f`, { recursive: true }]),
  ...inAllForms('mkdir', 'on a broken link with parents', (d) => [`${d}/broken`, { recursive: true }]),
  ...inAllForms('mkdir', 'with a wrong recursive', (d) => [`${d}/new`, { recursive: 1 }]),
  ...inAllForms('mkdtemp', 'below nothing', (d) => [`${d}/none/x-`]),
  ...inAllForms('rmdir', 'an empty one', (d) => [`${d}/empty`], namesAt('')),
  ...inAllForms('rmdir', 'a full one', (d) => [`${d}/dir`]),
  ...inAllForms('rmdir', 'a file', (d) => [`${d}/f`]),
  ...inAllForms('rmdir', 'nothing', (d) => [`${d}/none`]),
  ...inAllForms(
    'rm',
    'a file',
    (d) => [`${d}/f`],
    (fs, d) => fs.statSync(`${d}/hard`).nlink,
  ),
  ...inAllForms('rm', 'a link to a directory', (d) => [`${d}/dlink`], namesAt('')),
  ...inAllForms('rm', 'a directory', (d) => [`${d}/dir`]),
  ...inAllForms('rm', 'a tree', (d) => [`${d}/dir`, { recursive: true }], namesAt('')),
  ...inAllForms('rm', 'nothing', (d) => [`${d}/none`]),
  ...inAllForms('rm', 'nothing by force', (d) => [`${d}/none`, { force: true }]),
  ...inAllForms('rm', 'a directory by force', (d) => [`${d}/dir`, { force: true }]),
  ...inAllForms(
    'rm',
    'a tree by force',
    (d) => [`${d}/dir`, { force: true, recursive: true, maxRetries: 2 }],
    namesAt(''),
  ),
  ...inAllForms('rm', 'with wrong options', (d) => [`${d}/f`, { force: 1 }]),
  ...inAllForms('readdir', 'of a directory', (d) => [d]),
  ...inAllForms('readdir', 'as bytes', (d) => [d, 'buffer']),
  ...inAllForms('readdir', 'with types', (d) => [d, { withFileTypes: true }]),
  ...inAllForms('readdir', 'of an empty one', (d) => [`${d}/empty`]),
  ...inAllForms('readdir', 'of a file', (d) => [`${d}/f`]),
  ...inAllForms('readdir', 'of nothing', (d) => [`${d}/none`]),
  ...inAllForms('opendir', 'of nothing', (d) => [`${d}/none`]),
  ...inAllForms('opendir', 'of a file', (d) => [`${d}/f`]),
];

const data: Probe[] = [
  ...inAllForms('readFile', 'as bytes', (d) => [`${d}/f`]),
  ...inAllForms('readFile', 'as text', (d) => [`${d}/f`, 'utf8']),
  ...inAllForms('readFile', 'as base64', (d) => [`${d}/f`, { encoding: 'base64' }]),
  ...inAllForms('readFile', 'of nothing in it', (d) => [`${d}/zero`, 'utf8']),
  ...inAllForms('readFile', 'of a directory', (d) => [`${d}/dir`]),
  ...inAllForms('readFile', 'of nothing', (d) => [`${d}/none`, 'utf8']),
  ...inAllForms('readFile', 'with a flag that makes it', (d) => [`${d}/new`, { flag: 'a+' }], namesAt('')),
  ...inAllForms('readFile', 'with a wrong encoding', (d) => [`${d}/f`, 'klingon']),
  ...inAllForms('readFile', 'with wrong options', (d) => [`${d}/f`, 5]),
  ...inAllForms('writeFile', 'text', (d) => [`${d}/new`, 'grüße'], textAt('new')),
  ...inAllForms('writeFile', 'over text', (d) => [`${d}/f`, 'x'], textAt('hard')),
  ...inAllForms('writeFile', 'bytes of a view', (d) => [`${d}/new`, new Uint16Array([0x4142, 0x4344])], textAt('new')),
  ...inAllForms(
    'writeFile',
    'latin1 with a mode',
    (d) => [`${d}/new`, 'é', { encoding: 'latin1', mode: 0o600 }],
    (fs, d) => [fs.readFileSync(`${d}/new`), fs.statSync(`${d}/new`).mode],
  ),
  ...inAllForms('writeFile', 'exclusively', (d) => [`${d}/f`, 'x', { flag: 'wx' }]),
  ...inAllForms('writeFile', 'at the end', (d) => [`${d}/f`, '!', { flag: 'a' }], textAt('f')),
  ...inAllForms('writeFile', 'through a broken link', (d) => [`${d}/broken`, 'made'], textAt('nowhere')),
  ...inAllForms('writeFile', 'to a directory', (d) => [`${d}/dir`, 'x']),
  ...inAllForms('writeFile', 'and flush', (d) => [`${d}/new`, 'x', { flush: true }], textAt('new')),
  ...inAllForms('writeFile', 'an object', (d) => [`${d}/new`, { toString: () => 'x' }]),
  ...inAllForms('appendFile', 'to a file', (d) => [`${d}/f`, Buffer.from(' you')], textAt('f')),
  ...inAllForms('appendFile', 'to nothing', (d) => [`${d}/new`, 'x'], textAt('new')),
  ...inAllForms('appendFile', 'below nothing', (d) => [`${d}/none/x`, 'x']),
  ...inAllForms('truncate', 'to a length', (d) => [`${d}/f`, 2], textAt('f')),
  ...inAllForms('truncate', 'to more', (d) => [`${d}/f`, 7], textAt('f')),
  ...inAllForms('truncate', 'to nothing', (d) => [`${d}/f`], textAt('f')),
  ...inAllForms('truncate', 'a directory', (d) => [`${d}/dir`, 0]),
  ...inAllForms('truncate', 'nothing', (d) => [`${d}/none`, 0]),
  ...inAllForms('copyFile', 'to a new name', (d) => [`${d}/f`, `${d}/new`], textAt('new')),
  ...inAllForms('copyFile', 'over a file', (d) => [`${d}/f`, `${d}/dir/b.txt`], textAt('dir/b.txt')),
  ...inAllForms('copyFile', 'exclusively', (d) => [`${d}/f`, `${d}/zero`, 1]),
  ...inAllForms('copyFile', 'to itself', (d) => [`${d}/f`, `${d}/hard`], textAt('f')),
  ...inAllForms('copyFile', 'a directory', (d) => [`${d}/dir`, `${d}/new`], namesAt('')),
  ...inAllForms('copyFile', 'to a directory', (d) => [`${d}/f`, `${d}/dir`]),
  ...inAllForms('copyFile', 'nothing', (d) => [`${d}/none`, `${d}/new`]),
  ...inAllForms('copyFile', 'cloning if it can', (d) => [`${d}/f`, `${d}/new`, 2], textAt('new')),
  ...inAllForms('copyFile', 'only by cloning', (d) => [`${d}/f`, `${d}/new`, 4], namesAt('')),
];

const tree = (fs: any, top: string): unknown =>
  fs.readdirSync(top, { recursive: true }).map((name: string) => {
    const stat = fs.lstatSync(`${top}/${name}`);
    const content = stat.isSymbolicLink()
      ? fs.readlinkSync(`${top}/${name}`)
      : stat.isFile()
        ? fs.readFileSync(`${top}/${name}`, 'utf8')
        : '';
    return [name, stat.mode, content];
  });

const copies: Probe[] = [
  ...inAllForms(
    'cp',
    'a tree',
    (d) => [`${d}/dir`, `${d}/new`, { recursive: true }],
    (fs, d) => tree(fs, `${d}/new`),
  ),
  ...inAllForms(
    'cp',
    'everything',
    (d, fs) => {
      fs.unlinkSync(`${d}/loop`); // Node 22 and 24 abort the process for one
      return [d, `${d}-copy`, { recursive: true }];
    },
    (fs, d) => {
      const copied = tree(fs, `${d}-copy`);
      fs.rmSync(`${d}-copy`, { recursive: true });
      return copied;
    },
  ),
  ...inAllForms(
    'cp',
    'links as they are',
    (d) => [`${d}/link`, `${d}/new`, { verbatimSymlinks: true }],
    (fs, d) => fs.readlinkSync(`${d}/new`),
  ),
  ...inAllForms(
    'cp',
    'links, resolved',
    (d) => [`${d}/link`, `${d}/new`],
    (fs, d) => fs.readlinkSync(`${d}/new`),
  ),
  ...inAllForms(
    'cp',
    'what links lead to',
    (d) => [`${d}/dlink`, `${d}/new`, { dereference: true, recursive: true }],
    (fs, d) => tree(fs, `${d}/new`),
  ),
  ...inAllForms(
    'cp',
    'with a filter',
    (d) => [`${d}/dir`, `${d}/new`, { recursive: true, filter: (from: string) => !from.endsWith('.txt') }],
    (fs, d) => tree(fs, `${d}/new`),
  ),
  ...inAllForms(
    'cp',
    'with the times',
    (d, fs) => {
      fs.utimesSync(`${d}/f`, 1000.25, 2000.5);
      return [`${d}/f`, `${d}/new`, { preserveTimestamps: true }];
    },
    (fs, d) => fs.statSync(`${d}/new`).mtimeMs,
  ),
  ...inAllForms('cp', 'over a file', (d) => [`${d}/f`, `${d}/dir/a`], textAt('dir/a')),
  ...inAllForms('cp', 'over a file without force', (d) => [`${d}/f`, `${d}/dir/a`, { force: false }], textAt('dir/a')),
  ...inAllForms('cp', 'over a file that must not be', (d) => [
    `${d}/f`,
    `${d}/dir/a`,
    { force: false, errorOnExist: true },
  ]),
  ...inAllForms('cp', 'into missing directories', (d) => [`${d}/f`, `${d}/p/q/f`], textAt('p/q/f')),
  ...inAllForms('cp', 'to itself', (d) => [`${d}/f`, `${d}/f`]),
  ...inAllForms('cp', 'into itself', (d) => [`${d}/dir`, `${d}/dir/sub/x`, { recursive: true }]),
  ...inAllForms('cp', 'a directory over a file', (d) => [`${d}/dir`, `${d}/f`, { recursive: true }]),
  ...inAllForms('cp', 'a file over a directory', (d) => [`${d}/f`, `${d}/dir`]),
  ...inAllForms('cp', 'nothing', (d) => [`${d}/none`, `${d}/new`]),
  ...inAllForms(
    'cp',
    'links over links',
    (d) => [`${d}/link`, `${d}/broken`],
    (fs, d) => fs.readlinkSync(`${d}/broken`),
  ),
  ...inAllForms('cp', 'a link over a file', (d) => [`${d}/link`, `${d}/zero`]),
];

export const formProbes: readonly Probe[] = [...attributes, ...names, ...directories, ...data, ...copies];
