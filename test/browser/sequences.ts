/** The random sequences of `lowerdir/testing` as one number: whatever a machine answers is hashed. */
import fc from 'fast-check';
import { pureCodecs } from '../../src/archive/codecs.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { compareTasks, type Subject } from '../../src/testing/compare.ts';
import { sequence } from '../../src/testing/sequence.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';

export interface Outcome {
  readonly sequences: number;
  readonly operations: number;
  /** How many operations succeeded. */
  readonly succeeded: number;
  /** How many calls were answered or refused in all, those that build and list trees included. */
  readonly calls: number;
  /** sha256 over every call with its answer or refusal. */
  readonly digest: string;
}

/** Bytes and numbers beyond 2^53 as text. */
const tell = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Array.from(value).join() : typeof value === 'bigint' ? `${value}n` : value;

/** `task`, with every call, its arguments as they are afterwards and its answer told to `hear`. */
function overheard(task: SubjectTask, hear: (line: string) => void): SubjectTask {
  return new Proxy(task, {
    get(target, key: keyof SubjectTask) {
      const call = target[key] as (...parameters: unknown[]) => unknown;
      return (...parameters: unknown[]) => {
        try {
          const answer = call.apply(target, parameters);
          hear(`${key} ${JSON.stringify([parameters, answer], tell)}`);
          return answer;
        } catch (error) {
          hear(`${key} ${JSON.stringify(parameters, tell)} ${(error as { code?: string }).code}`);
          throw error;
        }
      };
    },
  });
}

/** Runs `count` sequences that follow from `seed`, each on two new machines that must agree as well. */
export function outcomeOf(seed: number, count: number): Outcome {
  const hash = pureCodecs.sha256();
  const encoder = new TextEncoder();
  let [operations, succeeded, calls] = [0, 0, 0];
  const hear = (line: string): void => {
    calls++;
    hash.update(encoder.encode(`${line}\n`));
  };
  const subject = (task: SubjectTask): Subject => ({ name: 'lowerdir', task, directory: '/tree' });
  for (const each of fc.sample(sequence({ filesystem: 'overlay', length: 30 }), { seed, numRuns: count })) {
    const left = subject(overheard(createMachine({ seed }).task, hear));
    const divergence = compareTasks(left, subject(createMachine({ seed }).task), each, {
      onResult: (_, result) => {
        operations++;
        if ('ok' in result) succeeded++;
      },
    });
    if (divergence !== undefined) throw new Error(JSON.stringify(divergence));
  }
  const digest = Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { sequences: count, operations, succeeded, calls, digest };
}
