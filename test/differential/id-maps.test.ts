/** The maps of user namespaces: what is written to them leads to the same on the real kernel and on ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { CLONE_NEWUSER, O_RDONLY, O_WRONLY } from '../../src/abi/flags.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { cases, type MapStep } from './id-map-cases.ts';
import { oracleTest } from './slice.ts';

const codeOf = (act: () => string): string => {
  try {
    return act();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

async function inNamespace(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--user', 'sleep', '60'], { stdio: 'ignore' });
  const namespace = () => codeOf(() => readlinkSync(`/proc/${child.pid}/ns/user`));
  const own = readlinkSync('/proc/self/ns/user');
  while (!namespace().startsWith('user:') || namespace() === own) await setTimeout(1);
  return child;
}

async function onLinux(steps: readonly MapStep[]): Promise<string[]> {
  const child = await inNamespace();
  const answers = steps.map(([file, text]) =>
    codeOf(() => {
      const path = `/proc/${child.pid}/${file}`;
      if (text === undefined) return readFileSync(path, 'utf8');
      const fd = openSync(path, 'w');
      try {
        return `${writeSync(fd, Buffer.from(text))} bytes`;
      } finally {
        closeSync(fd);
      }
    }),
  );
  child.kill();
  return answers;
}

function onMachine(steps: readonly MapStep[]): string[] {
  const { task } = createMachine();
  task.mkdir('/proc');
  task.mount('proc', '/proc', 'proc');
  const child = task.clone(CLONE_NEWUSER);
  return steps.map(([file, text]) =>
    codeOf(() => {
      const fd = task.open(
        `/proc/${(child as unknown as { pid: number }).pid}/${file}`,
        text === undefined ? O_RDONLY : O_WRONLY,
      );
      try {
        if (text !== undefined) return `${task.write(fd, new TextEncoder().encode(text))} bytes`;
        const into = new Uint8Array(1 << 16);
        let end = 0;
        for (let got = -1; got !== 0; end += got) got = task.read(fd, into.subarray(end));
        return new TextDecoder().decode(into.subarray(0, end));
      } finally {
        task.close(fd);
      }
    }),
  );
}

for (const [name, steps] of Object.entries(cases)) {
  oracleTest(name, async () => {
    expect(onMachine(steps)).toEqual(await onLinux(steps));
  });
}
