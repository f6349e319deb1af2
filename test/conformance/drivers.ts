/** The drivers that have to pass the suite, and what of it does not apply to each. */
import { makedev, S_IFBLK } from '../../src/abi/mode.ts';
import { aufs } from '../../src/driver/aufs/index.ts';
import { overlay } from '../../src/driver/overlay/index.ts';
import { overlay2 } from '../../src/driver/overlay2/index.ts';
import { vfs } from '../../src/driver/vfs/index.ts';
import { diskLike } from '../../src/filesystem/tmpfs/index.ts';
import type { DriverSuiteParts } from '../../src/testing/driver/driver-suite.ts';
import { createMachine } from '../../src/union/create-machine.ts';

/** A driver, and the cases that it has a reason to leave out. */
export interface Candidate extends DriverSuiteParts {
  readonly name: string;
  readonly left: Readonly<Record<string, string>>;
}

const QUOTA = { 'a writable layer takes no more than its size': 'the driver limits no sizes' };
const DEPTH = {
  'one layer more than can be stacked is refused and leaves nothing': 'any number of layers can be stacked',
};
const RENAME = {
  'directories of a layer below can be renamed': 'rename of a directory of a layer below gives EXDEV',
};
const ROOT = {
  'a mark in the root of a layer hides all that lies below':
    'a union filesystem does not look for a mark on the root of a layer',
};

/** A machine with an xfs that keeps project quotas where Docker keeps its things. */
function onQuotaDisk() {
  const machine = createMachine({ filesystems: [diskLike({ type: 'xfs', projectQuota: true })] });
  for (const path of ['/dev', '/var', '/var/lib', '/var/lib/docker']) machine.fs.mkdirSync(path, { recursive: true });
  machine.task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
  machine.task.mount('/dev/vda1', '/var/lib/docker', 'xfs', 'pquota');
  return machine;
}

export const candidates: readonly Candidate[] = [
  { name: 'overlay2', driver: overlay2(), left: { ...QUOTA, ...RENAME, ...ROOT } },
  { name: 'overlay', driver: overlay(), left: { ...QUOTA, ...DEPTH, ...RENAME } },
  { name: 'aufs', driver: aufs(), left: { ...QUOTA, ...RENAME, ...ROOT } },
  { name: 'vfs', driver: vfs(), left: { ...QUOTA, ...DEPTH } },
  {
    name: 'overlay2 on a disk with quotas',
    driver: overlay2(),
    machine: onQuotaDisk,
    left: { ...RENAME, ...ROOT },
    runs: 3,
  },
  { name: 'vfs on a disk with quotas', driver: vfs(), machine: onQuotaDisk, left: DEPTH, runs: 3 },
];
