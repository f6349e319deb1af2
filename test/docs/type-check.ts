/** Type-checks programs that lie nowhere but in memory, as if they were files of this project. */
import { join } from 'node:path';
import ts from 'typescript';

/** What the compiler has against `programs`, whose keys are names of files in `root`. */
export function typeErrorsOf(root: string, programs: ReadonlyMap<string, string>): string[] {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const inMemory = new Map([...programs].map(([name, text]) => [join(root, name), text]));
  host.fileExists = (path) => inMemory.has(path) || fileExists.call(host, path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = inMemory.get(path);
    if (text === undefined) return getSourceFile.call(host, path, language, ...rest);
    return ts.createSourceFile(path, text, language);
  };
  const program = ts.createProgram([...inMemory.keys()], { ...options, noUnusedLocals: false, noEmit: true }, host);
  return [...inMemory.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((diagnostic) => {
      const line = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1;
      return `${path.slice(root.length + 1)}:${line} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
    });
  });
}
