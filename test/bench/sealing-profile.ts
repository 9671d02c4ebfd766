// What sealing costs: commands with their personal values sealed and in clear, and a page of previews opened.
//   node dist/test/bench/sealing-profile.js {commands}
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createCodec,
  createCommandRunner,
  openSqliteEventStore,
  openSqliteKeyVault,
  type Codec,
  type KeyVault,
  type StoredEvent,
} from '#event-store';
import { contactDecider, contactEvents, EditContact, RegisterContact } from '#contacts';
import type { CommandMetadata, EventDefinitions } from '#kernel';
import { median } from './figures.js';

const commands = Number(process.argv[2] ?? '10000');
const ROUNDS = 5;
const AT_ONCE = 64;
const CONTACTS = 500;
const PREVIEWS = 50;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const inClear: EventDefinitions = Object.fromEntries(
  Object.entries(contactEvents).map(([type, { version }]) => [type, { version }]),
);

const metadata = (): CommandMetadata => ({
  commandId: randomUUID(),
  correlationId: 'c',
  causationId: 'c',
  tenant: 'acme',
  caller: { id: 'adm', kind: 'staff', role: 'admin', access: 'all' },
  now: new Date().toISOString(),
  requestHash: 'h',
});

/** Microseconds of computing time a command, over contacts that are there; `look` sees the store before it goes. */
const measured = async (
  definitions: EventDefinitions,
  look: (codec: Codec, facts: readonly StoredEvent[], reopen: () => KeyVault) => Promise<void> = () =>
    Promise.resolve(),
): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-sealing-'));
  const store = openSqliteEventStore({ path: join(folder, 'events.db') });
  const vaultAt = { path: join(folder, 'keys.db'), keyEncryptionKey: Buffer.alloc(32, 7) };
  const vault = openSqliteKeyVault(vaultAt);
  const codec = createCodec([definitions], vault);
  const runner = createCommandRunner({ store, codec, soleWriter: true });
  const ids = Array.from({ length: CONTACTS }, () => randomUUID());
  for (const contactId of ids) {
    const identity = { identityId: randomUUID(), kind: 'phone' as const, value: '+5511970000000', verified: true };
    const data = {
      contactId,
      displayName: 'Maria',
      source: 'manual' as const,
      identities: [identity],
      tags: [],
      others: [],
      consents: [],
      prevents: { preventPhone: false, preventEmail: false },
    };
    const asked = metadata();
    await runner.execute(contactDecider, contactId, new RegisterContact(data, asked), asked);
  }
  let n = 0;
  const lane = async (): Promise<void> => {
    while (n < commands) {
      const contactId = ids[n % CONTACTS] ?? '';
      const data = {
        contactId,
        mine: true,
        displayName: `Maria Aparecida ${String(n++)}`,
        addTags: [],
        removeTags: [],
      };
      const asked = metadata();
      await runner.execute(contactDecider, contactId, new EditContact(data, asked), asked);
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const { user, system } = process.cpuUsage(before);
  const facts: StoredEvent[] = [];
  for await (const page of store.readAll({ after: null })) facts.push(...page);
  await look(codec, facts, () => openSqliteKeyVault({ ...vaultAt, readOnly: true }));
  await vault.close();
  await store.close();
  rmSync(folder, { recursive: true });
  return (user + system) / commands;
};

/** Milliseconds a page of previews, each of another contact: keys known, and keys read from the vault. */
const pages = async (codec: Codec, facts: readonly StoredEvent[], reopen: () => KeyVault): Promise<void> => {
  const changed = facts.filter(({ type }) => type === 'ContactDetailsChanged');
  const page = (of: Codec, at: number): Promise<unknown> =>
    Promise.all(changed.slice(at, at + PREVIEWS).map((fact) => of.open(of.decode(fact))));
  const timed = async (of: Codec, at: number): Promise<number> => {
    const began = performance.now();
    await page(of, at);
    return performance.now() - began;
  };
  const known: number[] = [];
  const cold: number[] = [];
  for (let n = 0; n < 200; n++) known.push(await timed(codec, n));
  for (let n = 0; n < 50; n++) {
    const vault = reopen();
    cold.push(await timed(createCodec([contactEvents], vault), n));
    await vault.close();
  }
  say(
    `${String(PREVIEWS)} values of as many contacts opened: ${median(known).toFixed(2)} ms, keys not known yet ${median(cold).toFixed(2)} ms`,
  );
};

const sealed: number[] = [];
const clear: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  sealed.push(await measured(contactEvents, round === 0 ? pages : undefined));
  clear.push(await measured(inClear));
}
const shown = (figures: readonly number[]): string =>
  `${median(figures).toFixed(0)} µs (${Math.min(...figures).toFixed(0)}–${Math.max(...figures).toFixed(0)})`;
say(`a command with one personal value, computing time: sealed ${shown(sealed)}, in clear ${shown(clear)}`);
