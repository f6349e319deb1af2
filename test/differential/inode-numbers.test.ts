/** Devices and inode numbers of overlays: ours tell the same real objects as those of the real kernel. */
import { describe, expect } from 'vitest';
import { inLinux, inMachine, type JailedTask } from './jail.ts';
import { layouts, numbersOf, options } from './inode-numbers.ts';
import { oracleTest } from './slice.ts';

function numbers(run: (use: (task: JailedTask) => void) => void, name: string, option: string): string[] {
  let lines: string[] = [];
  run((task) => {
    lines = numbersOf(task, layouts[name]!, option);
  });
  return lines;
}

describe.each(Object.keys(layouts))('%s', (name) => {
  for (const option of options) {
    oracleTest(option === '' ? 'by default' : option.slice(1), () => {
      expect(numbers(inMachine, name, option)).toEqual(numbers(inLinux, name, option));
    });
  }
});
