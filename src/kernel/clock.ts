/** Simulated time: nothing in the machine asks the host what time it is, unless the host's clock was put in. */
import type { Timespec } from '../abi/stat.ts';

/** What time it is in the machine. A clock belongs to one kernel; a fork gets its own. */
export interface Clock {
  /** The present moment; the same object while it does not move. */
  now(): Timespec;
  /** A system call begins: time goes on a little. */
  tick(): void;
  /** Time passes. `nanoseconds` is a whole number. */
  advance(nanoseconds: number): void;
  /** A clock of its own that stands at the same moment. */
  fork(): Clock;
}

const NSEC_PER_SEC = 1e9;

/** A clock that moves only when told to, `step` nanoseconds for each system call. */
export class SimulatedClock implements Clock {
  #now: Timespec;
  readonly #step: number;
  #pending = 0;

  constructor(start: Timespec, step: number) {
    this.#now = start;
    this.#step = step;
  }

  now(): Timespec {
    if (this.#pending > 0) {
      const nsec = this.#now.nsec + this.#pending;
      this.#now = { sec: this.#now.sec + Math.floor(nsec / NSEC_PER_SEC), nsec: nsec % NSEC_PER_SEC };
      this.#pending = 0;
    }
    return this.#now;
  }

  tick(): void {
    this.#pending += this.#step;
  }

  advance(nanoseconds: number): void {
    this.#pending += nanoseconds;
  }

  fork(): Clock {
    return new SimulatedClock(this.now(), this.#step);
  }
}

/** A clock that asks somebody else for milliseconds since 1970, once for each system call. */
export class ExternalClock implements Clock {
  readonly #milliseconds: () => number;
  #now: Timespec | undefined;

  constructor(milliseconds: () => number) {
    this.#milliseconds = milliseconds;
  }

  now(): Timespec {
    if (this.#now === undefined) {
      const milliseconds = this.#milliseconds();
      const sec = Math.floor(milliseconds / 1000);
      this.#now = { sec, nsec: Math.floor((milliseconds - sec * 1000) * 1e6) };
    }
    return this.#now;
  }

  tick(): void {
    this.#now = undefined;
  }

  /** Somebody else's time cannot be moved. */
  advance(): void {}

  fork(): Clock {
    return new ExternalClock(this.#milliseconds);
  }
}
