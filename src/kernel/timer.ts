/** Timers on simulated time. @see kernel/time/timer.c */
import { compareTimespec, type Timespec } from '../abi/stat.ts';

interface Timer {
  readonly due: Timespec;
  readonly run: () => void;
}

export class TimerQueue {
  #timers: Timer[] = [];

  /** Runs `run` once, when time has reached `due`; the answer takes it back. */
  add(due: Timespec, run: () => void): () => void {
    const timer = { due, run };
    const at = this.#timers.findIndex((other) => compareTimespec(other.due, due) > 0);
    this.#timers.splice(at < 0 ? this.#timers.length : at, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** The moment of the next timer. */
  get next(): Timespec | undefined {
    return this.#timers[0]?.due;
  }

  /** Runs what is due at `now`, in order. */
  run(now: Timespec): void {
    while (this.#timers.length > 0 && compareTimespec(this.#timers[0]!.due, now) <= 0) this.#timers.shift()!.run();
  }
}
