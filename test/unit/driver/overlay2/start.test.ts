/** What the driver starts over and what it refuses, as dockerd 20.10.24 did on Linux 6.18. */
import { describe, expect, it } from 'vitest';
import { overlay2 } from '../../../../src/driver/overlay2/index.ts';
import { linux_6_18, type KernelProfile } from '../../../../src/kernel/profile.ts';
import { dockerMachine, HOME } from './machine.ts';

/** The driver on such a kernel, whose /sys tells of the module or not. */
function started(profile: Partial<KernelProfile>, sys = true) {
  const machine = dockerMachine(profile);
  if (sys) {
    machine.fs.mkdirSync('/sys/module/overlay/parameters', { recursive: true });
    machine.fs.writeFileSync('/sys/module/overlay/parameters/index', 'N\n');
  }
  return { machine, driver: overlay2().init({ task: machine.task, home: HOME }) };
}

describe('the start', () => {
  it('makes the home and all above it', () => {
    const { task, fs } = dockerMachine();
    const driver = overlay2().init({ task, home: HOME });
    expect(driver.home).toBe(HOME);
    expect(fs.readdirSync(HOME)).toEqual(['l']);
    expect(() => overlay2().init({ task, home: '/not/there/overlay2' })).toThrow('driver not supported');
  });

  it('gives a home that is there the mode and the owner it should have', () => {
    const { task, fs } = dockerMachine();
    fs.mkdirSync(`${HOME}/l`, { recursive: true });
    task.chmod(HOME, 0o777);
    task.chown(HOME, 5, 6);
    overlay2().init({ task, home: HOME });
    const { mode, uid, gid } = task.stat(HOME);
    expect([mode & 0o7777, uid, gid, task.stat(`${HOME}/l`).mode & 0o7777]).toEqual([0o710, 0, 0, 0o700]);
  });

  it('refuses a kernel without overlayfs, and another overlay', () => {
    const without = dockerMachine({ filesystems: ['tmpfs', 'proc'] });
    const refused = expect.objectContaining({ code: 'ERR_DRIVER_NOT_SUPPORTED', message: 'driver not supported' });
    expect(() => overlay2().init({ task: without.task, home: HOME })).toThrow(refused);
    expect(without.fs.readdirSync('/var/lib/docker')).toEqual([]);
  });
});

describe('what may be relied on', () => {
  const usual = ['directory-rename', 'access-time', 'hard-links', 'link-count'];
  const overlay = linux_6_18.overlay;
  for (const [name, profile, sys, nativeDiff, nonStandard] of [
    ['Linux 6.18', {}, true, true, usual],
    ['Linux 6.18 without /sys', {}, false, true, usual],
    ['redirect_dir=Y', { overlay: { ...overlay, redirectDir: true } }, true, false, usual.slice(1)],
    ['index=Y, which the driver turns off', { overlay: { ...overlay, index: true } }, true, true, usual],
    [
      'index=Y without /sys',
      { overlay: { ...overlay, index: true } },
      false,
      true,
      ['directory-rename', 'access-time'],
    ],
    ['Linux before 4.19', { stackedFileOperations: false }, true, true, [...usual, 'stale-descriptor']],
  ] as const) {
    it(`on ${name}`, () => {
      const { driver, machine } = started(profile as Partial<KernelProfile>, sys);
      const { features } = driver;
      expect(features).toMatchObject({ copyOnWrite: 'file', nativeDiff, quota: false, maxDepth: 128 });
      expect([...features.nonStandard]).toEqual(nonStandard);
      expect(driver.features).toBe(features);
      expect(machine.fs.readdirSync(HOME)).toEqual(['l']);
      expect(driver.status()).toEqual([
        ['Backing Filesystem', 'tmpfs'],
        ['Supports d_type', 'true'],
        ['Native Overlay Diff', `${nativeDiff}`],
        ['userxattr', 'false'],
      ]);
    });
  }
});

it('tells where a layer lies, as docker inspect does', () => {
  const { driver } = started({});
  driver.create('base');
  driver.create('box-init', 'base');
  driver.createReadWrite('box', 'box-init');
  const inside = (id: string) => ({
    MergedDir: `${HOME}/${id}/merged`,
    UpperDir: `${HOME}/${id}/diff`,
    WorkDir: `${HOME}/${id}/work`,
  });
  expect(driver.metadata('base')).toEqual(inside('base'));
  expect(driver.metadata('box')).toEqual({ LowerDir: `${HOME}/box-init/diff:${HOME}/base/diff`, ...inside('box') });
  expect(Object.keys(driver.metadata('box')!)).toEqual(['LowerDir', 'MergedDir', 'UpperDir', 'WorkDir']);
});
