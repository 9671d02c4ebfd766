import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkEventStoreDb } from '#event-store/eventstoredb/index';
import { checkServer } from '#postgres';

/**
 * `npm run test:servers`: the suites that need a server (`*.server.spec.ts`) for every server that is named, and the whole of
 * test/e2e on each. Fails when none is named, or a named one cannot be used: a suite that was left out must not look like one that passed.
 */
const { EVENTSTORE_URL: eventStoreUrl = '', POSTGRES_URL: postgresUrl = '' } = process.env;

const problems: string[] = [];
if (eventStoreUrl === '' && postgresUrl === '')
  problems.push('Set EVENTSTORE_URL or POSTGRES_URL to say which servers to test.');
if (eventStoreUrl !== '') {
  const check = await checkEventStoreDb({ connectionString: eventStoreUrl });
  if (!check.ok) problems.push(check.problem);
}
if (postgresUrl !== '') {
  await checkServer(postgresUrl).catch((error: unknown) => {
    problems.push(Error.isError(error) ? error.message : String(error));
  });
}
if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  console.log(`0 passed, ${problems.length} failed`);
  process.exit(1);
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    // A server that goes away is nothing for others to work with.
    ...(process.env['POSTGRES_RESTART'] ? ['--runInBand'] : []),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SERVER_TESTS: '1' } },
);
jest.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
