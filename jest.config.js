import { globSync } from 'node:fs';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  throw new Error(
    `Portaria needs Node 24 or newer, this is ${process.versions.node}: run it through npm (npm test), which brings its own.`,
  );
}

// Computed from the sources: tsc never deletes the output of a test whose source is gone.
const specs = globSync(['apps/**/*.spec.ts', 'libs/**/*.spec.ts', 'test/**/*.spec.ts'], {
  exclude: (path) => path.includes('node_modules'),
}).filter((path) => process.env['SERVER_TESTS'] === '1' || !path.endsWith('.server.spec.ts'));

const project = (displayName, eventStore, paths) => ({
  displayName,
  roots: ['<rootDir>/dist'],
  testMatch: paths.map((path) => `<rootDir>/dist/${path.replace(/\.ts$/, '.js')}`),
  transform: {},
  testEnvironment: 'node',
  // Over which log the door of test/e2e opens.
  globals: { eventStore },
});
const overHttp = specs.filter((path) => path.startsWith('test/e2e/'));

export default {
  projects: [project('embedded', 'sqlite', specs), project('eventstoredb', 'fake', overHttp)],
  workerIdleMemoryLimit: '768MB',
  testTimeout: 60_000,
  reporters: [['default', { summaryThreshold: 1 }], '<rootDir>/dist/test/jest/closing-line.reporter.js'],
};
