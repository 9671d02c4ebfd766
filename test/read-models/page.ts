import type { Column, Projection } from '#kernel';
import { readerSql } from '#read-store/postgres/index';
import { ABOUT, COLUMNS } from './meanings.js';

export const PAGE = 'docs/read-models.md';

const TYPES: Readonly<Record<Column['type'], string>> = { text: 'text', integer: 'bigint', json: 'json' };

/** Columns, as `table.column`, that nobody has said the meaning of; a read model as `table`. */
export const unexplained = (projections: readonly Projection[]): readonly string[] =>
  projections.flatMap(({ name, table }) => [
    ...(name in ABOUT ? [] : [name]),
    ...['tenant', ...table.key, ...Object.keys(table.columns)]
      .filter((column) => meaningOf(name, column) === undefined)
      .map((column) => `${name}.${column}`),
  ]);

const meaningOf = (name: string, column: string): string | undefined =>
  COLUMNS[name]?.[column] ?? COLUMNS['*']?.[column];

/** The page, before it is formatted. */
export const pageOf = (projections: readonly Projection[]): string => `# Read models by SQL

For teams that read PostgreSQL (\`READ_STORE=postgres\`). Written by \`npm run generate:read-models\` from the code; a test fails where it is stale.

Each read model is a view of its name in the schema of \`POSTGRES_URL\`. Read the views, never the tables behind them (\`inbox__g3\`): a rebuild makes new tables, and the views follow.
The views are a few milliseconds behind the log, and go on answering during a rebuild. Nothing can be written.
A column may come with a new version of a read model; name the columns that you read. A version that takes one away stands in the CHANGELOG. Do not build views of your own on these that select a column which may go: theirs keep ours from following.
Times are RFC 3339 in UTC, as text: they order as text. Texts compare by bytes (\`COLLATE "C"\`). \`json\` with \`$enc\` in it is sealed: it can be read through the API only.

## Access

A team has a role of its own, a member of \`portaria_reader\`, and sees the rows of the tenants that \`reader_tenants\` gives it, by row-level security on the tables. The installation makes \`portaria_reader\` itself where its user may create roles. Elsewhere somebody who may runs this (\`public\` = the installation's schema), and the next start finds it:

\`\`\`sql
${readerSql('public')}
\`\`\`

A transaction that stays open on a view keeps the view from following a rebuild: the log of the projector says whose, and tries again.

${projections.map(sectionOf).join('\n')}`;

const sectionOf = ({ name, version, table }: Projection): string => `## ${name}

${ABOUT[name] ?? ''} Version ${String(version)}, key \`(${['tenant', ...table.key].join(', ')})\`.

| column | type | meaning |
| --- | --- | --- |
${[
  ...['tenant', ...table.key].map((column) => [column, 'text', false] as const),
  ...Object.entries(table.columns).map(([column, { type, nullable }]) => [column, TYPES[type], nullable] as const),
]
  .map(
    ([column, type, nullable]) =>
      `| \`${column}\` | ${type}${nullable ? ', null' : ''} | ${meaningOf(name, column) ?? ''} |`,
  )
  .join('\n')}
`;
