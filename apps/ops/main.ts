#!/usr/bin/env node
// The command line. What it prints is plain text off a terminal and lines of JSON with --json.
import '../node-version.js';

const { run } = await import('./program.js');

// Whoever reads the answer may have seen enough: `| head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const untilStopped = (): AbortSignal => {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.abort();
    });
  }
  return stop.signal;
};
process.exitCode = await run(process.argv.slice(2), { out: process.stdout, err: process.stderr, untilStopped });
