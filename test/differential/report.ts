/** What a fuzz run tells: a divergence in full, and counts of what was done. */
import type { Divergence } from '../../src/testing/compare.ts';
import type { Layer } from '../../src/testing/layers.ts';
import type { Operation } from '../../src/testing/operations.ts';
import type { Sequence } from '../../src/testing/sequence.ts';
import type { Result } from '../../src/testing/subject.ts';

const line = (value: unknown): string => JSON.stringify(value);

/** The sequence, one object a line. */
export function printSequence(sequence: Sequence): string {
  const layers: [string, Layer][] = sequence.layers.map((layer, at) => [`lower ${at}`, layer]);
  if (sequence.upper !== undefined) layers.push(['upper', sequence.upper]);
  return [
    `mount: atime=${sequence.atime.toString(16)} options=${line(sequence.options)}`,
    ...layers.flatMap(([name, layer]) => [`${name}:`, ...layer.map((entry) => `    ${line(entry)}`)]),
    'operations:',
    ...sequence.operations.map((operation, at) => `${String(at).padStart(4)} ${line(operation)}`),
  ].join('\n');
}

export function printDivergence(divergence: Divergence, names: readonly [string, string]): string {
  const where = divergence.operation === undefined ? divergence.at : `${divergence.at} ${line(divergence.operation)}`;
  return [
    `differs at ${where}`,
    ...divergence.differences.flatMap(([left, right]) => [`  ${names[0]}: ${left}`, `  ${names[1]}: ${right}`]),
  ].join('\n');
}

/** A program of its own that runs the sequence again: `npx tsx <file>` in the repository's root. */
export function printScript(sequence: Sequence, masks: readonly string[], dumpEach: boolean): string {
  return [
    `import { compareTasks } from './src/testing/compare.ts';`,
    `import { realSubject, simulatedSubjects } from './test/differential/subjects.ts';`,
    `import { printDivergence } from './test/differential/report.ts';`,
    `const sequence = ${JSON.stringify(sequence)};`,
    'const simulated = (await simulatedSubjects())();',
    `const options = { dumpEach: ${dumpEach}, masks: ${JSON.stringify(masks)} as never[] };`,
    'const divergence = compareTasks(realSubject(), simulated, sequence as never, options);',
    `console.log(divergence ? printDivergence(divergence, ['Linux', simulated.name]) : 'no difference');`,
  ].join('\n');
}

/** Counts successes and errors of each call. */
export class Counts {
  readonly #rows = new Map<string, Map<string, number>>();

  add(operation: Operation, result: Result): void {
    const row = this.#rows.get(operation.call) ?? new Map<string, number>();
    this.#rows.set(operation.call, row);
    const outcome = 'ok' in result ? 'ok' : 'err' in result ? result.err : 'crash';
    row.set(outcome, (row.get(outcome) ?? 0) + 1);
  }

  /** The part of all operations that succeeded. */
  get success(): number {
    const rows = [...this.#rows.values()];
    const all = rows.flatMap((row) => [...row.values()]).reduce((sum, count) => sum + count, 0);
    return rows.reduce((sum, row) => sum + (row.get('ok') ?? 0), 0) / Math.max(1, all);
  }

  print(): string {
    const rows = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return rows
      .map(([call, row]) => {
        const outcomes = [...row].sort(([, a], [, b]) => b - a).map(([outcome, count]) => `${outcome} ${count}`);
        return `${call.padEnd(14)} ${outcomes.join('  ')}`;
      })
      .join('\n');
  }
}
