/** What a case of a suite demands, in terms that every test runner shows. */
import fc from 'fast-check';

/** Something is not as a case demands. Runners know it by its name and show `actual` beside `expected`. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionError';
  readonly actual: unknown;
  readonly expected: unknown;
  /** Tells mocha to print both. */
  readonly showDiff = true;

  constructor(message: string, actual: unknown, expected: unknown, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.actual = actual;
    this.expected = expected;
  }
}

/** Both hold the same, byte for byte. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [told, wanted] = [fc.stringify(actual), fc.stringify(expected)];
  if (told === wanted) return;
  throw new AssertionFailure(`${what}: expected ${shortened(wanted)}, got ${shortened(told)}`, actual, expected);
}

/** It is so. */
export function expectTrue(what: string, condition: boolean): void {
  if (!condition) throw new AssertionFailure(what, condition, true);
}

/** The code of what `act` throws, `undefined` where it throws nothing. What has no code is thrown on. */
export function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string') return code;
    throw error;
  }
}

/** `act` is refused, with one of `codes`. */
export function expectRefused(what: string, codes: readonly string[], act: () => unknown): void {
  const code = codeOf(act);
  if (code !== undefined && codes.includes(code)) return;
  throw new AssertionFailure(`${what}: expected ${codes.join(' or ')}, got ${code ?? 'no error'}`, code, codes);
}

const SHOWN = 400;
const shortened = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
