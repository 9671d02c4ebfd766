import type { EventDefinitions } from '#kernel';
import type { Golden } from '../golden.js';
import { typesIn, type Field, type Sources } from './fields.js';

export const PAGE = 'docs/events.md';

/** Of each category: its streams, and one sentence. In the order of the page. */
export const STREAMS: Readonly<Record<string, readonly [name: string, about: string]>> = {
  contact: ['contact-{tenant}.{contactId}', 'One customer: identities, details, block episodes.'],
  identity: [
    'identity-{tenant}.{hmac}',
    'One address, named by its HMAC under a secret of the tenant: who claims it, one after the other.',
  ],
  merges: ['merges-{tenant}', 'Which contacts were merged and what was undone: the one place where that is decided.'],
  refused: ['refused-{tenant}.{contactId}', 'What was not sent to one customer, and why.'],
  ignored: [
    'ignored-{tenant}.{contactId}',
    'What a blocked customer sent, apart from the contact so that a flood never swells it.',
  ],
  conversation: ['conversation-{tenant}.{conversationId}', 'The thread with one identity on one channel.'],
  readmarker: ['readmarker-{tenant}.{staffId}.{conversationId}', 'How far one reader has read one conversation.'],
  wallet: ['wallet-{tenant}.{walletId}', 'A portfolio of contacts: name, code, hours, responsible, members.'],
  walletcontact: ['walletcontact-{tenant}.{walletId}.{contactId}', 'Whether one contact is in one wallet.'],
  walletcode: ['walletcode-{tenant}.{hmac}', 'Who claims a code.'],
  walletname: ['walletname-{tenant}.{hmac}', 'Who claims a name.'],
  bulk: ['bulk-{tenant}.{bulkId}', 'What became of an operation on many.'],
  staff: ['staff-{tenant}.{staffId}', 'One member of the staff.'],
  settings: ['settings-{tenant}', 'The answers of a tenant; an empty stream is valid.'],
  access: ['access-{tenant}', 'Who read what is hidden, and who exported.'],
  ops: ['ops-log · ops-{read model} · ops-{policy}', 'Acts of the installation; no tenant’s.'],
};

export type Stored = {
  readonly definitions: EventDefinitions;
  readonly golden: readonly Golden[];
  readonly sources: Sources;
};

/** The category of a type, by its golden files; facts of the installation have none. */
const categoryOf = (type: string, golden: readonly Golden[]): string =>
  golden.find((one) => one.type === type)?.stream.split('-')[0] ?? 'ops';

/** What the page could not say: types whose fields are written in no source, categories without a sentence. */
export const unexplained = ({ definitions, golden, sources }: Stored): readonly string[] =>
  Object.keys(definitions).flatMap((type) => [
    ...(sources.fields.has(type) ? [] : [type]),
    ...(categoryOf(type, golden) in STREAMS ? [] : [categoryOf(type, golden)]),
  ]);

/** Fields of golden facts that the types do not name: what is stored is read for ever. */
export const forgotten = ({ golden, sources }: Stored): readonly string[] =>
  golden.flatMap(({ file, type, data }) => {
    const known = new Set(sources.fields.get(type)?.map(({ name }) => name));
    return Object.keys(data).flatMap((name) => (known.has(name) ? [] : [`${file}: ${name}`]));
  });

/** The page, before it is formatted. */
export const pageOf = (stored: Stored): string => {
  const { definitions, golden, sources } = stored;
  const used = Object.keys(definitions).flatMap((type) => (sources.fields.get(type) ?? []).map((field) => field.type));
  return `# Events

Every stored event with its fields. Written by \`npm run generate:events\` from the code and the golden facts of \`test/golden\`; a test fails where it is stale.

What is stored is stored for ever: fields and types are added, never edited or removed. Readers take unknown fields in their stride and unknown types as something they do not need.
🔒 marks personal values: in the log they stand as \`{"$enc":"v1","k":…,"f":…,"n":…,"c":…}\`, sealed under a key of the contact or staff member; the examples show them in clear. Times are RFC 3339 in UTC with milliseconds.
Beside \`data\` every event has flat metadata, text to text: \`$correlationId\` \`$causationId\` \`commandId\` \`commandType\` \`actor\` \`actorKind\` \`tenant\` \`schemaVersion\` \`occurredAt\` \`requestHash\` and, where there is one, \`onBehalfOf\` \`traceparent\`.

${Object.entries(STREAMS)
  .map(([category, [name, about]]) => {
    const types = Object.keys(definitions).filter((type) => categoryOf(type, golden) === category);
    return `## ${category}\n\n\`${name}\`. ${about}\n\n${types.map((type) => sectionOf(type, stored)).join('\n')}`;
  })
  .join('\n')}
## Types

| name | values |
| --- | --- |
${[...typesIn(used, sources)].map(([name, type]) => `| \`${name}\` | ${code(type)} |`).join('\n')}
`;
};

const sectionOf = (type: string, { definitions, golden, sources }: Stored): string => {
  const { version = 1, personal = [] } = definitions[type] ?? {};
  // The fullest one says most.
  const [example] = golden
    .filter((one) => one.type === type && one.version === version)
    .toSorted((a, b) => JSON.stringify(b.data).length - JSON.stringify(a.data).length);
  const fields = sources.fields.get(type) ?? [];
  return `### ${type}

Version ${String(version)}.

| field | type | |
| --- | --- | --- |
${fields.map((field) => rowOf(field, personal)).join('\n')}
${example === undefined ? '' : `\n\`\`\`json\n${JSON.stringify(example.data, null, 2)}\n\`\`\`\n`}`;
};

const rowOf = ({ name, type, optional, doc }: Field, personal: readonly string[]): string => {
  const inside = personal.filter((path) => path.split(/[.[]/)[0] === name);
  const sealed = inside.includes(name) ? '🔒' : inside.map((path) => `🔒 \`${path}\``).join(' ');
  return `| \`${name}\`${optional ? ' (optional)' : ''} | ${code(type)} | ${[sealed, doc].filter((part) => part !== '').join(' ')} |`;
};

const code = (type: string): string => `\`${type.replaceAll('|', '\\|')}\``;
