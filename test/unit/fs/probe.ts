/** A question that is put to node:fs on a real tmpfs and to our fs; both answers must be equal. */
import { Stats as NodeStats } from 'node:fs';
import type { IFs } from '../../../src/fs/ifs.ts';

export interface Probe {
  readonly name: string;
  /** Asks, in a directory of its own that holds the fixture. */
  readonly ask: (fs: any, dir: string) => unknown;
}

/** The tree that every probe starts with. */
export function buildFixture(
  fs: Pick<IFs, 'mkdirSync' | 'writeFileSync' | 'symlinkSync' | 'linkSync'>,
  dir: string,
): void {
  fs.mkdirSync(`${dir}/dir/sub`, { recursive: true });
  fs.mkdirSync(`${dir}/empty`);
  fs.writeFileSync(`${dir}/f`, 'hello');
  fs.writeFileSync(`${dir}/dir/a`, 'A');
  fs.writeFileSync(`${dir}/dir/b.txt`, 'BB');
  fs.writeFileSync(`${dir}/dir/sub/c.txt`, 'CCC');
  fs.writeFileSync(`${dir}/zero`, '');
  fs.writeFileSync(`${dir}/näme`, 'utf8');
  fs.linkSync(`${dir}/f`, `${dir}/hard`);
  fs.symlinkSync('f', `${dir}/link`);
  fs.symlinkSync('dir', `${dir}/dlink`);
  fs.symlinkSync('nowhere', `${dir}/broken`);
  fs.symlinkSync('loop', `${dir}/loop`);
}

/** What of an answer is compared: attributes that a test can foresee, bytes as text, errors with all that Node tells. */
export function shown(value: any): unknown {
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'function' : value;
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (value instanceof Error) return shownError(value as NodeJS.ErrnoException);
  if (value instanceof NodeStats || typeof value.isFIFO === 'function') return shownEntry(value);
  if (value[Symbol.toStringTag] === 'Map') return [...value].map(shown);
  if (Array.isArray(value)) return value.map(shown);
  return Object.fromEntries(Object.entries(value).map(([key, at]) => [key, shown(at)]));
}

function shownError(error: any): object {
  const { name, code, errno, syscall, path, dest, message } = error;
  if (syscall === 'mkdtemp') return { code, errno, start: shown(path.slice(0, -6)), same: message.includes(path) };
  return { error: code ?? name, errno, syscall, path: shown(path), dest: shown(dest), message };
}

function shownEntry(value: any): object {
  const questions = [
    'isFile',
    'isDirectory',
    'isSymbolicLink',
    'isFIFO',
    'isSocket',
    'isCharacterDevice',
    'isBlockDevice',
  ];
  const kind = questions.filter((question) => value[question]());
  const { name, parentPath, mode, nlink, uid, gid, rdev } = value;
  // the size of a directory depends on the version of the kernel
  const size = value.isDirectory() ? undefined : value.size;
  return { kind, name: shown(name), parentPath: shown(parentPath), mode, nlink, uid, gid, rdev, size };
}

/** The answer in a comparable form; a thrown error is an answer. */
export async function answer(probe: Probe, fs: unknown, dir: string): Promise<unknown> {
  try {
    return shown(await probe.ask(fs, dir));
  } catch (error) {
    return shown(error);
  }
}

/** The call in its three forms. `look` shows the effect. */
export function inAllForms(
  call: string,
  label: string,
  given: (dir: string, fs: any) => readonly unknown[],
  look: (fs: any, dir: string) => unknown = () => undefined,
): Probe[] {
  const forms: Record<string, (fs: any, args: readonly unknown[]) => unknown> = {
    sync: (fs, args) => fs[`${call}Sync`](...args),
    callback: (fs, args) =>
      new Promise((resolve, reject) => {
        fs[call](...args, (error: unknown, ...answers: unknown[]) =>
          error ? reject(error) : resolve(answers.length < 2 ? answers[0] : answers),
        );
      }),
    promise: (fs, args) => fs.promises[call](...args),
  };
  return Object.entries(forms).map(([form, act]) => ({
    name: `${call} ${label}, ${form}`,
    ask: async (fs, dir) => {
      const value = await act(fs, given(dir, fs));
      return { value, after: look(fs, dir) };
    },
  }));
}

/** A question in one form. */
export const once = (name: string, ask: Probe['ask']): Probe => ({ name, ask });
