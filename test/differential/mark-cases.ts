/** Cases of what overlayfs notes in attributes: whiteouts, opaque marks, attributes of overlays upon overlays. */
import { O_CREAT, O_EXCL, O_WRONLY } from '../../src/abi/flags.ts';
import { list } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const look = (t: Recorded, ...paths: string[]): void => {
  for (const path of paths) {
    t.lstat(path);
    t.llistxattr(path);
  }
};

/** The name space of the overlay's own attributes, and the option that makes it so. */
interface Space {
  readonly prefix: string;
  readonly option: string;
}

const SPACES: Readonly<Record<string, Space>> = {
  trusted: { prefix: 'trusted.overlay.', option: '' },
  userxattr: { prefix: 'user.overlay.', option: ',userxattr' },
};

const directories = (t: Recorded, ...paths: string[]): void => {
  for (const path of paths) t.mkdir(path, 0o755);
};

/** Files of each kind that is a whiteout or nearly one, in a directory above another that has all of their names. */
function whiteouts(t: Recorded, { prefix }: Space, directory: string, mark: string): void {
  directories(t, '/l1', '/l2', '/l3', '/u', '/w', '/m');
  if (directory !== '') directories(t, `/l1${directory}`, `/l2${directory}`, `/l3${directory}`);
  if (mark !== '') t.setxattr(`/l1${directory === '' ? '/' : directory}`, `${prefix}opaque`, bytes(mark));
  for (const name of ['gone', 'valued', 'notempty', 'plain', 'below']) {
    t.put(`/l2${directory}/${name}`, name);
    if (name !== 'below') t.put(`/l1${directory}/${name}`, name === 'notempty' ? 'x' : '');
  }
  t.put(`/l3${directory}/gone`);
  t.put(`/l3${directory}/last`);
  t.setxattr(`/l1${directory}/gone`, `${prefix}whiteout`, bytes(''));
  t.setxattr(`/l1${directory}/valued`, `${prefix}whiteout`, bytes('y'));
  t.setxattr(`/l1${directory}/notempty`, `${prefix}whiteout`, bytes(''));
  t.mkdir(`/l1${directory}/sub`);
  t.mkdir(`/l2${directory}/sub`);
  t.put(`/l2${directory}/sub/f`);
  t.setxattr(`/l1${directory}/sub`, `${prefix}whiteout`, bytes(''));
}

const NAMES = ['gone', 'valued', 'notempty', 'plain', 'below', 'last', 'sub', 'sub/f'];

/** Everything that can be asked and done above such whiteouts. */
function useWhiteouts(t: Recorded, space: Space, directory: string, layers: string): void {
  const at = `/m${directory}`;
  t.mount('ovl', '/m', 'overlay', `lowerdir=${layers}${space.option}`);
  list(t, at);
  for (const name of NAMES) t.stat(`${at}/${name}`);
  list(t, at);
  t.umount('/m');
  t.mount('ovl', '/m', 'overlay', `lowerdir=${layers},upperdir=/u,workdir=/w${space.option}`);
  for (const name of NAMES) t.stat(`${at}/${name}`);
  list(t, at);
  t.close(t.open(`${at}/gone`, O_CREAT | O_EXCL | O_WRONLY, 0o644));
  t.mkdir(`${at}/valued`);
  t.unlink(`${at}/gone`);
  t.unlink(`${at}/plain`);
  t.chmod(`${at}/notempty`, 0o600);
  look(t, `/u${directory}`, `/u${directory}/gone`, `/u${directory}/valued`, `/u${directory}/notempty`);
  list(t, at);
  list(t, `/u${directory}`);
  t.rename(`${at}/notempty`, `${at}/valued2`);
  look(t, `/u${directory}/valued2`, `${at}/valued2`);
  for (const name of ['valued', 'valued2', 'below', 'last', 'sub/f', 'sub', 'gone']) {
    t.unlink(`${at}/${name}`);
    t.rmdir(`${at}/${name}`);
  }
  list(t, at);
  t.rmdir(at);
  list(t, '/m');
  list(t, '/u');
  t.umount('/m');
  t.mount('ovl', '/m', 'overlay', `lowerdir=${layers},upperdir=/u,workdir=/w${space.option}`);
  list(t, '/m');
  list(t, at);
}

/** The directory of a name as the uppermost, in all the places where the mark may be missing or another. */
function whiteoutCases(label: string, space: Space): Record<string, (t: Recorded) => void> {
  const made: Record<string, (t: Recorded) => void> = {};
  for (const mark of ['x', 'y', '', 'z', 'xx']) {
    for (const directory of ['/d', '']) {
      const place = directory === '' ? 'the root' : 'a directory';
      made[`${label}: whiteouts as attributes in ${place} marked "${mark}"`] = (t) => {
        whiteouts(t, space, directory, mark);
        useWhiteouts(t, space, directory, '/l1:/l2:/l3');
      };
    }
  }
  made[`${label}: whiteouts as attributes in the lowest layer and between`] = (t) => {
    whiteouts(t, space, '/d', 'x');
    for (const layers of ['/l2:/l1', '/l2:/l1:/l3', '/l3:/l1:/l2']) {
      t.mount('ovl', '/m', 'overlay', `lowerdir=${layers}${space.option}`);
      list(t, '/m/d');
      for (const name of NAMES) t.stat(`/m/d/${name}`);
      list(t, '/m/d');
      t.umount('/m');
    }
  };
  made[`${label}: whiteouts as attributes in the upper layer`] = (t) => {
    whiteouts(t, space, '/d', 'x');
    t.mount('ovl', '/m', 'overlay', `lowerdir=/l2:/l3,upperdir=/l1,workdir=/w${space.option}`);
    list(t, '/m/d');
    for (const name of NAMES) t.stat(`/m/d/${name}`);
    list(t, '/m/d');
    t.put('/m/d/gone', 'again');
    t.rename('/m/d/below', '/m/d/valued');
    t.unlink('/m/d/notempty');
    list(t, '/l1/d');
    look(t, '/l1/d/gone', '/l1/d/valued', '/l1/d');
    t.rmdir('/m/d');
  };
  return made;
}

/** Attributes of the overlay's own names that somebody sets on a file of the overlay. */
function escapes(t: Recorded, { prefix, option }: Space): void {
  directories(t, '/l', '/u', '/w', '/m', '/l/d');
  for (const name of ['f', 'marked', 'd/f']) t.put(`/l/${name}`);
  t.setxattr('/l/marked', `${prefix}metacopyish`, bytes('own'));
  t.setxattr('/l/marked', `${prefix}overlay.foo`, bytes('escaped'));
  t.setxattr('/l/marked', `${prefix}overlay.overlay.foo`, bytes('twice'));
  t.setxattr('/l/marked', 'user.other', bytes('other'));
  t.mount('ovl', '/m', 'overlay', `lowerdir=/l,upperdir=/u,workdir=/w${option}`);
  for (const path of ['/m/marked', '/m/f', '/m/d']) {
    look(t, path);
    for (const name of ['foo', 'overlay.foo', 'overlay.overlay.foo', 'metacopyish', 'opaque', 'origin', 'impure', '']) {
      t.getxattr(path, prefix + name);
    }
    t.removexattr(path, `${prefix}missing`);
    for (const name of ['foo', 'overlay.foo', 'opaque', 'redirect', 'origin', '', 'overlay.']) {
      t.setxattr(path, prefix + name, bytes(name));
      t.getxattr(path, prefix + name);
    }
    t.setxattr(path, `${prefix}foo`, bytes('1'), 1);
    t.setxattr(path, `${prefix}none`, bytes('1'), 2);
    look(t, path, path.replace('/m', '/u'));
    t.removexattr(path, `${prefix}foo`);
    t.removexattr(path, `${prefix}overlay.foo`);
    look(t, path, path.replace('/m', '/u'));
  }
  const room = 255 - prefix.length;
  const lengths = [room - 9, room - 8, room - 7, room, room + 1];
  const endings = lengths.flatMap((length) => ['n'.repeat(length), 'é'.repeat(length / 2) + 'n'.repeat(length % 2)]);
  for (const name of endings.map((ending) => prefix + ending)) {
    t.setxattr('/m/f', name, bytes('1'));
    t.getxattr('/m/f', name);
    t.removexattr('/m/f', name);
  }
  t.setxattr('/m/f', 'trusted.overlayish', bytes('1'));
  t.setxattr('/m/f', 'user.overlay', bytes('1'));
  t.setxattr('/m/f', 'trusted.overlay.x', bytes('1'));
  t.setxattr('/m/f', 'user.overlay.x', bytes('1'));
  look(t, '/m/f', '/u/f');
}

/** Layers of an overlay that lie on another one, marked through it. */
function nested(t: Recorded, { prefix, option }: Space): void {
  directories(t, '/l', '/u', '/w', '/m', '/n', '/l/top', '/l/base', '/l/top/d', '/l/base/d', '/l/top/x', '/l/base/x');
  for (const name of ['top/d/a', 'base/d/b', 'base/x/gone', 'base/x/stays', 'base/e']) t.put(`/l/${name}`, name);
  t.put('/l/top/x/gone', '');
  t.setxattr('/l/top/x', `${prefix}overlay.opaque`, bytes('x'));
  t.setxattr('/l/top/x/gone', `${prefix}overlay.whiteout`, bytes(''));
  t.setxattr('/l/top/x', `${prefix}opaque`, bytes('z'));
  t.mount('ovl', '/m', 'overlay', `lowerdir=/l,upperdir=/u,workdir=/w${option}`);
  const inner = () => {
    t.mount('inner', '/n', 'overlay', `lowerdir=/m/top:/m/base${option}`);
    for (const path of ['/n', '/n/d', '/n/x', '/n/x/gone', '/n/x/stays', '/n/d/b', '/n/e']) {
      look(t, path);
      list(t, path);
    }
    t.mounts();
    t.umount('/n');
  };
  inner();
  t.setxattr('/m/top/d', `${prefix}opaque`, bytes('y'));
  look(t, '/m/top/d', '/u/top/d');
  inner();
  t.put('/m/top/e', '');
  t.setxattr('/m/top/e', `${prefix}whiteout`, bytes(''));
  inner();
  t.setxattr('/m/top', `${prefix}opaque`, bytes('x'));
  inner();
  t.setxattr('/m/top/d', `${prefix}overlay.opaque`, bytes('y'));
  look(t, '/m/top/d', '/u/top/d');
  t.removexattr('/m/top/d', `${prefix}opaque`);
  inner();
  t.mknod('/m/top/x/stays', 0o020000, 0);
  inner();
  t.mount('third', '/n', 'overlay', `lowerdir=/m/top:/m/base,upperdir=/u/base,workdir=/w${option}`);
  t.mount('third', '/n', 'overlay', `lowerdir=/l,upperdir=/m/base,workdir=/m/top${option}`);
}

/** A directory that the overlay itself has marked in one name space, seen by a mount of the other. */
function otherSpace(t: Recorded, { option }: Space, other: Space): void {
  directories(t, '/l', '/u', '/w', '/m', '/l/d');
  t.put('/l/d/f');
  t.put('/l/f');
  t.mount('ovl', '/m', 'overlay', `lowerdir=/l,upperdir=/u,workdir=/w${option}`);
  t.unlink('/m/d/f');
  t.rmdir('/m/d');
  t.mkdir('/m/d');
  t.chmod('/m/f', 0o600);
  t.umount('/m');
  t.mount('ovl', '/m', 'overlay', `lowerdir=/l,upperdir=/u,workdir=/w${other.option}`);
  list(t, '/m/d');
  look(t, '/m', '/m/d', '/m/f', '/u', '/u/d', '/u/f');
  t.put('/m/d/new');
  t.rename('/m/f', '/m/d/f');
  look(t, '/u', '/u/d', '/u/d/f');
}

function casesOf(label: string, space: Space): Record<string, (t: Recorded) => void> {
  const other = label === 'trusted' ? SPACES['userxattr']! : SPACES['trusted']!;
  return {
    ...whiteoutCases(label, space),
    [`${label}: attributes of the overlay's own names`]: (t) => escapes(t, space),
    [`${label}: an overlay whose layers lie on another`]: (t) => nested(t, space),
    [`${label}: marks of the other name space`]: (t) => otherSpace(t, space, other),
  };
}

export const cases: Readonly<Record<string, (t: Recorded) => void>> = Object.assign(
  {},
  ...Object.entries(SPACES).map(([label, space]) => casesOf(label, space)),
) as Record<string, (t: Recorded) => void>;
