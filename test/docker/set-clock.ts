/** A clock that is set by hand: a microsecond passes with each system call. */
import type { Timespec } from '../../src/abi/stat.ts';
import type { Clock } from '../../src/kernel/clock.ts';

const STEP = 1000;
const SECOND = 1e9;

export class SetClock implements Clock {
  #sec: number;
  #nsec = 0;
  #now: Timespec | undefined;

  constructor(sec: number) {
    this.#sec = sec;
  }

  /** It is the beginning of that second. */
  set(sec: number): void {
    this.#sec = sec;
    this.#nsec = 0;
    this.#now = undefined;
  }

  now(): Timespec {
    this.#now ??= { sec: this.#sec + Math.floor(this.#nsec / SECOND), nsec: this.#nsec % SECOND };
    return this.#now;
  }

  tick(): void {
    this.advance(STEP);
  }

  advance(nanoseconds: number): void {
    this.#nsec += nanoseconds;
    this.#now = undefined;
  }

  fork(): Clock {
    const clock = new SetClock(this.#sec);
    clock.advance(this.#nsec);
    return clock;
  }
}
