/** Names and paths from a pool so small that random operations meet: fast-check arbitraries. */
import fc, { type Arbitrary } from 'fast-check';

/** Names that are mostly directories, and names that are mostly something else. */
export const directoryNames = ['a', 'b', 'c'] as const;
export const fileNames = ['d', 'e', 'f'] as const;

const directoryName = fc.constantFrom(...directoryNames);
const fileName = fc.constantFrom(...fileNames);
const longName = fc.constantFrom('x'.repeat(255), 'x'.repeat(256));

const joined = (...parts: Arbitrary<string>[]): Arbitrary<string> => fc.tuple(...parts).map((all) => all.join('/'));

function below(last: Arbitrary<string>): Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: last },
    { weight: 5, arbitrary: joined(directoryName, last) },
    { weight: 2, arbitrary: joined(directoryName, directoryName, last) },
  );
}

/** A path that is a directory in most trees. */
export const directoryPath: Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: below(directoryName) },
  { weight: 1, arbitrary: fc.constant('') },
);

/** A path that is no directory in most trees. */
export const filePath: Arbitrary<string> = fc.oneof(
  { weight: 120, arbitrary: below(fileName) },
  { weight: 1, arbitrary: below(longName) },
);

/** A path of either kind. */
export const plainPath: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: filePath },
  { weight: 2, arbitrary: directoryPath },
);

/** Bends a path: a slash behind it, `.` and `..` within it, a file as its directory. */
export function bent(path: Arbitrary<string>): Arbitrary<string> {
  return fc.oneof(
    { weight: 40, arbitrary: path },
    { weight: 2, arbitrary: path.map((name) => `${name}/`) },
    { weight: 1, arbitrary: path.map((name) => `${name}/.`) },
    { weight: 1, arbitrary: path.map((name) => `${name}/..`) },
    { weight: 1, arbitrary: joined(directoryName, fc.constant('..'), path) },
    { weight: 1, arbitrary: joined(fc.constant('.'), path) },
    { weight: 1, arbitrary: joined(fileName, path) },
    { weight: 1, arbitrary: fc.constantFrom('', '.', '..', '/') },
  );
}

/** Where a symlink leads: to a neighbour, to nowhere, to itself, out of the tree, to a file with a slash. */
export const symlinkTarget: Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: plainPath },
  { weight: 2, arbitrary: plainPath.map((path) => `../${path}`) },
  { weight: 2, arbitrary: plainPath.map((path) => `ROOT/${path}`) },
  { weight: 1, arbitrary: fc.constantFrom('.', '..', 'missing', 'd', 'd/', 'missing/d', 'x'.repeat(300)) },
);
