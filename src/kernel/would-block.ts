/** A call would have to wait: thrown before any effect, so that the caller may let somebody else run and try again. */
export class WouldBlock extends Error {
  /** What the call waits for, in words: "a writer of fifo 12 on device 3". */
  readonly waitsFor: string;

  constructor(waitsFor: string) {
    super(`the call would block: it waits for ${waitsFor}`);
    this.name = 'WouldBlock';
    this.waitsFor = waitsFor;
  }
}
