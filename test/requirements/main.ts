import { globSync, readFileSync } from 'node:fs';
import Table from 'cli-table3';
import { coverageOf, type Requirement } from './scan.js';

// npm run requirements [-- --strict]: rows of the requirements that no test names. Exit code 4 with --strict if there is one.

const requirements = JSON.parse(readFileSync('test/requirements/requirements.json', 'utf8')) as Requirement[];
const specs = globSync('{apps,libs,test}/**/*.spec.ts').map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const { covered, missing, unknown } = coverageOf(requirements, specs);

if (missing.length > 0) {
  const table = new Table({
    head: ['row', 'no test names it'],
    colWidths: [8, 100],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  table.push(...missing.map(({ id, statement }) => [id, statement]));
  console.log(table.toString());
}
for (const { id, path } of unknown) console.log(`${path} names ${id}, which is no row`);
console.log(`${covered.length} of ${requirements.length} requirements are named by a test, ${missing.length} are not`);
if (process.argv.includes('--strict') && (missing.length > 0 || unknown.length > 0)) process.exitCode = 4;
