/** What time it is and what the kernel is: clock_gettime(2), uname(2). */
import { describe, expect, it } from 'vitest';
import { createMachine } from '../../../src/index.ts';
import { linux_6_18 } from '../../../src/kernel/index.ts';
import { bootfsOf } from '../../../src/machine/index.ts';

describe('clockGettime', () => {
  it('stands where files made now would', () => {
    const { task } = createMachine();
    const before = task.clockGettime();
    task.mkdir('/d');
    const after = task.clockGettime();
    const { mtime } = task.stat('/d');
    expect(mtime.sec * 1e9 + mtime.nsec).toBeGreaterThan(before.sec * 1e9 + before.nsec);
    expect(after.sec).toBe(before.sec);
    expect(after.nsec).toBeGreaterThan(before.nsec);
  });

  it('goes on by what was slept', () => {
    const { task } = createMachine();
    const { sec } = task.clockGettime();
    task.nanosleep({ sec: 90, nsec: 0 });
    expect(task.clockGettime().sec).toBe(sec + 90);
  });
});

describe('uname', () => {
  it('tells the release of the profile', () => {
    const machine = createMachine({ bootfs: bootfsOf({ ...linux_6_18, version: '3.10.0' }) });
    expect(machine.task.uname()).toEqual({
      sysname: 'Linux',
      nodename: '(none)',
      release: '3.10.0',
      version: '#1 SMP PREEMPT_DYNAMIC',
      machine: 'x86_64',
      domainname: '(none)',
    });
  });

  it('is traced as a system call', () => {
    const { task, kernel } = createMachine();
    const calls: string[] = [];
    const stop = kernel.trace.subscribe((event) => event.kind === 'syscall' && calls.push(event.call));
    task.uname();
    task.clockGettime();
    stop();
    expect(calls).toEqual(['uname', 'clock_gettime']);
  });
});
