/** A machine that aufs can run on, and the driver over a home of it. */
import { makedev, S_IFBLK } from '../../../../src/abi/mode.ts';
import type { DriverLogLine } from '../../../../src/driver/driver.ts';
import { aufs } from '../../../../src/driver/aufs/index.ts';
import { diskLike, type DiskLikeOptions } from '../../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

export const DOCKER = '/var/lib/docker';
export const HOME = `${DOCKER}/aufs`;

/** A machine with a disk at Docker's folder. */
export function aufsMachine(disk: DiskLikeOptions = { type: 'ext4' }) {
  const machine = createMachine({ drivers: [aufs()], filesystems: [diskLike(disk)] });
  const { task, fs } = machine;
  fs.mkdirSync(DOCKER, { recursive: true });
  task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
  task.mount('/dev/vda1', DOCKER, disk.type);
  return { machine, task, fs };
}

/** As `aufsMachine`, with the driver started over `home` and what it logs. */
export function startedAufs(home = HOME, disk?: DiskLikeOptions) {
  const on = aufsMachine(disk);
  on.fs.mkdirSync(home.slice(0, home.lastIndexOf('/')), { recursive: true });
  const log: DriverLogLine[] = [];
  const start = () => aufs().init({ task: on.task, home, log: (line) => log.push(line) });
  return { ...on, log, start, driver: start() };
}

/** What is mounted below a home: mount point and options. */
export function mountsBelow({ readFileSync }: ReturnType<typeof aufsMachine>['fs'], home = HOME): [string, string][] {
  const lines = (readFileSync('/proc/mounts', 'utf8') as string).split('\n').map((line) => line.split(' '));
  return lines.flatMap(([, at, , options]) => (at?.startsWith(`${home}/`) ? [[at, options!]] : []));
}
