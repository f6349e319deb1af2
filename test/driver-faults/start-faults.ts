/**
 * Faults while a daemon starts on a machine where an earlier one was stopped in the midst of things. Whatever happens to
 * that start, the next one finds all that was there, sweeps, and leaves what a start without a fault leaves.
 */
import { applyArchive, type DriverType } from '../../src/driver/driver.ts';
import type { IFs } from '../../src/fs/ifs.ts';
import { hexOf } from '../../src/layer/digest.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { DOCKER, emptyMachine, restarted, startDaemon, tars, type Worked } from './daemon.ts';
import { itemsOf, mountsOf, shapeOf } from './disk.ts';
import { eventsOf, type Fault, isFault, type Share, shareOf, strike, targetsOf } from './strike.ts';
import { Tally } from './tally.ts';

const LEFT = 'e'.repeat(64);

/** One of each that a stop may leave: a removal, a transaction, a layer that nobody refers to, half a container, a mount. */
function leaveThings({ type, machine, chains }: Worked): Machine<IFs> {
  const left = machine.fork();
  const { fs } = left;
  const { driver, store } = startDaemon(left, type);
  const layerdb = `${DOCKER}/image/${type.name}/layerdb`;
  const lone = hexOf(chains.lone);
  fs.renameSync(`${layerdb}/sha256/${lone}`, `${layerdb}/sha256/${lone}-${LEFT}-removing`);
  const ingest = store.begin(chains.child);
  ingest.write(tars.fresh.subarray(0, 2000));
  driver.create(LEFT);
  applyArchive(driver, LEFT, undefined, tars.base);
  store.createRWLayer('half', chains.base);
  fs.renameSync(`${layerdb}/mounts/half/mount-id`, `${layerdb}/mounts/half/mount-id-removing`);
  store.getRWLayer('box').mount();
  if (type.name === 'aufs')
    fs.mkdirSync(`${DOCKER}/aufs/diff/${LEFT.replaceAll('e', 'f')}-removing/d`, { recursive: true });
  else if (type.name !== 'vfs') fs.mkdirSync(`${DOCKER}/${type.name}/opaque-bug-check1234/merged`, { recursive: true });
  return restarted(left);
}

/** Starts the daemon and sweeps; answers what is wrong then and what lies on the disk. */
function started(machine: Machine<IFs>, type: DriverType) {
  const { store } = startDaemon(machine, type);
  store.sweep();
  const wrong = [
    ...machine.check(),
    ...store.check(),
    ...startDaemon(machine.fork(), type).store.check({ tars: true }),
  ];
  return { wrong: [...wrong, ...mountsOf(machine)], shape: shapeOf(itemsOf(machine)).join('\n') };
}

/** Lets the fault strike at each `every`th event of a start after a stop, in turn. */
export const strikeStart = (worked: Worked, fault: Fault, share: Share): Tally =>
  strikeStartOn(leaveThings(worked), worked.type, fault, share);

/** The same for the first start of all. */
export const strikeFirstStart = ({ type }: Worked, fault: Fault, share: Share): Tally =>
  strikeStartOn(emptyMachine(type), type, fault, share);

function strikeStartOn(left: Machine<IFs>, type: DriverType, fault: Fault, share: Share): Tally {
  const tally = new Tally();
  const begin = (machine: Machine<IFs>) => () => void startDaemon(machine, type).store.sweep();
  const clean = left.fork();
  const targets = targetsOf(eventsOf(clean, begin(clean)), fault);
  const expected = started(left.fork(), type);
  tally.wrong.push(...expected.wrong.map((text) => `without a fault: ${text}`));
  for (const [at, event] of shareOf(targets, share)) {
    tally.points++;
    const machine = left.fork();
    const { error } = strike(machine, begin(machine), at, fault);
    if (error === undefined) tally.passed++;
    else if (!isFault(error, fault)) tally.wrong.push(`${JSON.stringify(event)}: ${error}`);
    const { wrong, shape } = started(fault === 'stop' ? restarted(machine) : machine, type);
    for (const text of wrong) tally.wrong.push(`${JSON.stringify(event)}: ${text}`);
    if (shape !== expected.shape)
      tally.wrong.push(`${JSON.stringify(event)}: ${firstDifference(shape, expected.shape)}`);
  }
  return tally;
}

function firstDifference(one: string, other: string): string {
  const [here, there] = [one.split('\n'), other.split('\n')];
  const at = here.findIndex((line, i) => line !== there[i]);
  return `another disk: ${here.slice(at - 1, at + 2).join(' ')} and not ${there.slice(at - 1, at + 2).join(' ')}`;
}
