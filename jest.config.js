import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  throw new Error(
    `Portaria needs Node 24 or newer, this is ${process.versions.node}: run it through npm (npm test), which brings its own.`,
  );
}

// Computed from the sources: tsc never deletes the output of a test whose source is gone.
const specs = globSync(['apps/**/*.spec.ts', 'libs/**/*.spec.ts', 'test/**/*.spec.ts'], {
  exclude: (path) => path.includes('node_modules'),
});
const ofServers = specs.filter((path) => path.endsWith('.server.spec.ts'));
const ofNone = specs.filter((path) => !path.endsWith('.server.spec.ts'));
const overHttp = specs.filter((path) => path.startsWith('test/e2e/'));
// Roles, bodies, paths: refused before a store is asked; and words on a command line. They run over SQLite, and over the server that
// EVENTSTORE_URL names, as everything does.
const ofNoStore = ['test/e2e/access.spec.ts', 'test/e2e/command-line.spec.ts'];
// What asks the doors rather than the rows: the other read store would say the same.
const ofTheDoors = [...ofNoStore, 'test/e2e/idempotency.spec.ts'];
// What asks the rows rather than the log: the other log would say the same.
const ofTheRows = ['consents', 'duplicates', 'filter', 'wallets'].map((name) => `test/e2e/${name}.spec.ts`);
// Those that open their read store by test/fixtures/engine.ts.
const ofTheEngine = ['engine', 'erasing', 'operations', 'parking', 'seats'].map(
  (name) => `libs/projections/src/${name}.spec.ts`,
);

const project = (displayName, eventStore, paths, readStore = 'sqlite') => ({
  displayName,
  roots: ['<rootDir>/dist'],
  testMatch: paths.map((path) => `<rootDir>/dist/${path.replace(/\.ts$/, '.js')}`),
  transform: {},
  testEnvironment: 'node',
  // Over which log the door of test/e2e opens (sqlite, fake, or the server of EVENTSTORE_URL), and over which read store (sqlite, or
  // the server of POSTGRES_URL).
  globals: { eventStore, readStore },
});

/** `npm run test:servers`: what needs a server, the engine and e2e on each that is named; with both stores on servers the keys are on one too. */
const withServers = [
  project('servers', 'sqlite', ofServers),
  ...(process.env['EVENTSTORE_URL'] ? [project('eventstoredb', 'server', overHttp)] : []),
  ...(process.env['POSTGRES_URL']
    ? [
        project('engine-postgres', 'sqlite', ofTheEngine, 'postgres'),
        project(
          'postgres',
          'sqlite',
          overHttp.filter((path) => !ofTheDoors.includes(path)),
          'postgres',
        ),
        // Over the fake `npm test` plays all that asks the log; here what reads the one and writes the other.
        process.env['EVENTSTORE_URL']
          ? project('eventstoredb-postgres', 'server', overHttp, 'postgres')
          : project('eventstoredb-postgres', 'fake', ['test/e2e/rebuild.spec.ts'], 'postgres'),
      ]
    : []),
];

export default {
  projects:
    process.env['SERVER_TESTS'] === '1'
      ? withServers
      : [
          project('embedded', 'sqlite', ofNone),
          project(
            'eventstoredb',
            'fake',
            overHttp.filter((path) => !ofNoStore.includes(path) && !ofTheRows.includes(path)),
          ),
        ],
  // Many tests wait for a disk, a timer or a process of their own: one more than there are cores.
  maxWorkers: availableParallelism() + 1,
  // A test that failed half-way may leave a server running: that must not keep the run from its end.
  forceExit: true,
  workerIdleMemoryLimit: '768MB',
  testSequencer: '<rootDir>/dist/test/jest/long-first.sequencer.js',
  testTimeout: 60_000,
  reporters: [['default', { summaryThreshold: 1 }], '<rootDir>/dist/test/jest/closing-line.reporter.js'],
};
