/**
 * Callbacks and promises: the same synchronous work, done in a microtask of its own. Work that would block is tried
 * again later, so that another task of the machine can do what it waits for.
 */
import { validateFunction } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { WouldBlock } from '../kernel/would-block.ts';
import { abortError } from './failure.ts';

/** What is left to do once the arguments are read; keeps its progress, so that it may be called again. */
export interface Work<T> {
  (): T;
  /** Gives back what was held while waiting. */
  abandon?: () => void;
}

/** Milliseconds before work that would block is tried again. */
const RETRY_DELAY = 1;

/** Does `work` soon and tells `done`; an error that `done` throws is nobody's to catch. */
export function settle<T>(work: Work<T>, done: (error: unknown, value?: T) => void, signal?: AbortSignal): void {
  const attempt = (): void => {
    let value: T;
    try {
      if (signal?.aborted) {
        work.abandon?.();
        throw abortError(signal);
      }
      value = work();
    } catch (error) {
      if (error instanceof WouldBlock) setTimeout(attempt, RETRY_DELAY);
      else done(error);
      return;
    }
    done(null, value);
  };
  queueMicrotask(attempt);
}

/** `settle` as a promise. */
export function promised<T>(work: Work<T>, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    settle(work, (error, value) => (error ? reject(error) : resolve(value as T)), signal);
  });
}

/** Reads the arguments of a call, checks them as Node does, and answers the work. */
export type Prepare = (...given: any[]) => Work<any>;

/** The synchronous form. */
export function syncForm(prepare: Prepare): (...given: any[]) => any {
  return (...given) => prepare(...given)();
}

/**
 * The callback form: the callback is the first function among the arguments.
 *
 * @param arity how many arguments come before the callback; negative where it may take the place of any of them
 */
export function callbackForm(prepare: Prepare, arity: number): (...given: any[]) => void {
  return (...given) => {
    const at = given.findIndex((argument) => typeof argument === 'function');
    if (at === -1) validateFunction(arity < 0 ? given.at(-1) : given[arity], 'cb');
    const callback = given[at];
    const before = given.slice(0, at);
    settle(prepare(...before), (error, value) => finish(callback, error, value), signalOf(before));
  };
}

/** Node calls back with the error alone, or with `null` and what there is to tell. */
function finish(callback: (...answer: unknown[]) => void, error: unknown, value: unknown): void {
  if (error) callback(error);
  else if (value === undefined) callback(null);
  else callback(null, value);
}

/** The promise form: wrong arguments reject, too. */
export function promiseForm(prepare: Prepare): (...given: any[]) => Promise<any> {
  return async (...given) => promised(prepare(...given), signalOf(given));
}

function signalOf(given: readonly any[]): AbortSignal | undefined {
  const last = given.at(-1);
  return typeof last === 'object' && last !== null ? last.signal : undefined;
}
