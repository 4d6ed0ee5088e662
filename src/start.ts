import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { writeError } from './report/stderr.ts';
import { asFunction, compiledFile, type Program, programFile } from './start/program.ts';

/**
 * Runs the program, compiled beforehand where it is: 3.5 ms of 20 are spent on compiling it anew, function by function
 * (measured; node's own cache for modules, which is younger than Node.js 20, would be written at a call and saves
 * less). What V8 refuses, or nobody made, is compiled as ever.
 */
function start(): void {
  const file = `${__dirname}/${programFile}`;
  const script = new Script(asFunction(readFileSync(file, 'latin1')), {
    filename: programFile,
    cachedData: readCompiled(`${__dirname}/${compiledFile()}`),
  });
  const program = script.runInThisContext() as Program;
  const exports = {};
  program(requireBeside(exports), exports);
}

function readCompiled(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** `require` for the program. Its cold parts refer to it in their turn, and must find this one, not run another. */
function requireBeside(exports: object): NodeJS.Require {
  const load = (id: string): unknown => {
    if (id.startsWith('./')) {
      const path = require.resolve(`./${programFile}`);
      require.cache[path] ??= { id: path, filename: path, loaded: true, exports } as NodeJS.Module;
    }
    return require(id);
  };
  return load as NodeJS.Require;
}

try {
  start();
} catch (error) {
  writeError(
    `hermes: its own program cannot be run (${(error as Error).message})\n  look:  ls -l ${__dirname}\n`,
  );
  process.exitCode = 126;
}
