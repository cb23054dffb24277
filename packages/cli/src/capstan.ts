#!/usr/bin/env node
import { runProgram } from './program.ts';

/** How long a plugin's forgotten timer or socket may keep the process alive after the work is done. */
const lingerMs = 2_000;

// Whoever reads our output may stop reading: `capstan list | head -1`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 1;
  });
}

process.exitCode = await runProgram(process.argv.slice(2));

// What is written leaves first: the process ends by itself, and only what lingers is cut off.
process.stdout.write('', () => {
  setTimeout(() => process.exit(), lingerMs).unref();
});
