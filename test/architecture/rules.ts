/** The shape of the house as data: who may import whom, and who may reach the host. */

export interface Row {
  /** Folders of `src` whose values and types the folder may use. */
  readonly imports: readonly string[];
  /** Files of which it may use the types alone. */
  readonly types?: readonly string[];
  /** Packages that it may import. */
  readonly packages?: readonly string[];
}

const door = ['kernel/task.ts', 'kernel/kernel.ts'];
const contracts = [
  ...door,
  'kernel/inode.ts',
  'kernel/superblock.ts',
  'kernel/device.ts',
  'driver/driver.ts',
  'layer/layer.ts',
];

/** memfs and the packages that it is made of, which are released together under one version. */
const memfs = [
  'memfs',
  '@jsonjoy.com/fs-core',
  '@jsonjoy.com/fs-node',
  '@jsonjoy.com/fs-node-builtins',
  '@jsonjoy.com/fs-node-utils',
];

/** One row for each folder of `src`, lowest floor first. */
export const rows: Readonly<Record<string, Row>> = {
  abi: { imports: [] },
  kernel: { imports: ['abi'] },
  filesystem: { imports: ['abi', 'kernel'] },
  block: { imports: ['abi', 'kernel'] },
  machine: { imports: ['abi', 'kernel', 'filesystem', 'block'] },
  archive: { imports: ['abi'], types: door, packages: ['@noble/hashes', 'fflate'] },
  driver: { imports: ['abi', 'archive'], types: [...door, 'kernel/program.ts', 'kernel/superblock.ts'] },
  layer: { imports: ['abi', 'archive', 'driver'], types: door },
  fs: { imports: ['abi', 'kernel'], packages: memfs },
  union: { imports: ['abi', 'kernel', 'filesystem', 'block', 'machine', 'archive', 'driver', 'layer', 'fs'] },
  // The driver suite writes tars, unpacks them, and runs a layer store on top of the driver in question.
  testing: { imports: ['abi', 'archive', 'driver', 'layer', 'union'], types: contracts, packages: ['fast-check'] },
};

/** Files that import what their folder may not: a file, the folder that it may use besides, and why. */
export const bearers: Readonly<Record<string, { readonly imports: string; readonly why: string }>> = {
  'driver/aufs/needs.ts': {
    imports: 'filesystem/aufs/',
    why: 'names the module and the program that a machine gets with the driver, which itself never touches them',
  },
};

/** Folders whose subfolders know nothing of each other. */
export const folderOfStrangers = ['filesystem', 'driver'];

/** What reaches the host: Node's own modules, the wall clock, true randomness. A file or a folder, and why it may. */
export const hostAccess: Readonly<Record<string, string>> = {
  'archive/node-codecs.ts': 'node:crypto and node:zlib: several times faster than the pure codecs',
  'fs/ifs.ts': 'the types of node:fs, of which nothing is left at run time',
  'filesystem/hostfs/': 'the filesystem that reads a real directory',
  'union/directory.ts': 'a door to the outside: reads a real directory',
  'union/apply.ts': 'a door to the outside: writes changes into a real directory',
  'union/node.ts': 'a union takes the system clock unless told otherwise',
  'union/browser.ts': 'a union takes the system clock unless told otherwise',
};

/** A file called so says nothing of what is in it. */
export const emptyNames = ['utils', 'util', 'types', 'helpers', 'helper', 'constants', 'misc', 'common', 'shared'];

export const MAX_FILE_LINES = 500;
export const MAX_FUNCTION_LINES = 70;
