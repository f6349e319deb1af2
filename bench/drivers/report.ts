/** The tables of the drivers. */
import { median } from '../statistics.ts';
import { printTable } from '../table.ts';
import type { Cost } from './cost.ts';
import type { IngestSample } from './ingest.ts';
import type { Stack } from './stack.ts';

const number = (value: number): string => Math.round(value).toLocaleString('en');
const milliseconds = (times: readonly number[]): string => {
  const value = median(times);
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
};

export function printCosts(costs: readonly Cost[]): void {
  console.log(
    '## Actions\n\nCounted inside the machine, then the median of the rounds; space is what the disk holds more.\n',
  );
  const header = ['', 'driver', 'calls', 'lookups', 'changes', 'read', 'written', 'space', 'inodes', 'ms'];
  const lines = costs.map((cost) => [
    cost.action,
    cost.driver,
    ...[cost.calls, cost.lookups, cost.metadata, cost.bytesRead, cost.bytesWritten, cost.space, cost.inodes].map(
      number,
    ),
    milliseconds(cost.milliseconds),
  ]);
  printTable(header, lines);
}

export function printStacks(stacks: readonly Stack[]): void {
  console.log(
    '## Space\n\nA layer of 1,000 files of 4 KiB, nine layers of one small file on top, ten containers that each',
  );
  console.log('write to one file of the lowest layer; what is left when all are removed. Bytes / inodes.\n');
  const parts = ['base', 'layer', 'container', 'left'] as const;
  const lines = stacks.map((stack) => [
    stack.driver,
    ...parts.map((part) => `${number(stack[part].bytes)} / ${number(stack[part].inodes)}`),
  ]);
  printTable(['', 'first layer', 'each further layer', 'each container', 'left'], lines);
}

export function printIngest({ driver, bytes, ours, docker, skipped }: IngestSample): void {
  console.log(`## Taking in a layer of ${number(bytes)} bytes on ${driver}\n`);
  if (skipped !== undefined) console.log(`skipped: docker load: ${skipped}\n`);
  const rate = (times: readonly number[]): string => `${((bytes / 1e3 / median(times)) | 0).toLocaleString('en')} MB/s`;
  const lines = [['lowerdir', milliseconds(ours), rate(ours), '']];
  for (const [disk, times] of docker) {
    const ratio = median(times) / median(ours);
    const place = disk === 'own' ? 'its disk' : disk;
    lines.push([
      `docker load on ${place}`,
      milliseconds(times),
      rate(times),
      `${ratio.toFixed(2)}× as long as lowerdir`,
    ]);
  }
  printTable(['', 'ms', 'rate', ''], lines);
}
