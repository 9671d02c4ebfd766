import { writeSync } from 'node:fs';
import type { AggregatedResult } from '@jest/reporters';

/** Prints `N passed, N failed` as the last line of the process. A suite that fails to load counts as one failure. */
export default class ClosingLine {
  onRunComplete(_contexts: unknown, results: AggregatedResult): void {
    const failed =
      results.numFailedTests + results.testResults.filter((suite) => suite.testExecError !== undefined).length;
    const line = `${String(results.numPassedTests)} passed, ${String(failed)} failed`;
    process.once('exit', () => {
      // `forceExit` takes process.stdout.write away before the process exits.
      writeSync(1, `${line}\n`);
    });
  }
}
