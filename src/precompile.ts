import { chmodSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { writeError } from './report/stderr.ts';
import { asFunction, compiledFile, programFile } from './start/program.ts';

/**
 * Compiles the program for the node that runs this, every function of it, and leaves the outcome beside it. For
 * installers. Whatever fails costs some milliseconds at each call and nothing else: it is said, and the installation goes on.
 */
function precompile(): void {
  const file = `${__dirname}/${programFile}`;
  const target = `${__dirname}/${compiledFile()}`;
  const draft = `${target}.${process.pid}`;
  try {
    // V8 refuses what was compiled under other flags, so this one stands for the compiling only
    setFlagsFromString('--no-lazy');
    const script = new Script(asFunction(readFileSync(file, 'latin1')), { filename: programFile });
    setFlagsFromString('--lazy');
    // nobody may ever read a half of it: V8 looks at its length alone
    writeFileSync(draft, script.createCachedData());
    chmodSync(draft, statSync(file).mode);
    renameSync(draft, target);
  } catch (error) {
    writeError(
      `hermes-shim: not compiled beforehand (${(error as Error).message}); every call takes 4 ms longer\n`,
    );
    try {
      unlinkSync(draft);
    } catch {
      // it was not there
    }
  }
}

precompile();
