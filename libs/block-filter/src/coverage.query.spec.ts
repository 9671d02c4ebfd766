// What a check reads of addresses, against the rule it has to come to over all contacts at once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AbsorbContact,
  BlockContact,
  CompleteMerge,
  contactDecider,
  coverageOfHolders,
  holdersOf,
  RestoreContact,
  SeparateContacts,
  UNKNOWN_RULES,
  type AbsorbedContact,
  type Claim,
  type Contact,
  type ContactCommand,
} from '#contacts';
import { fold, intervalAt, isRejection } from '#kernel';
import { asked, at, callers } from '#kernel/given';
import {
  createReadModels,
  emptyCheckpoint,
  LIVE,
  openSqliteReadSource,
  openSqliteRowStore,
  tableName,
  type ReadModels,
} from '#read-store';
import { addressClaims } from './address-claims.js';
import { blockFilter } from './block-filter.js';
import { knownAddresses, type FilterTables } from './coverage.query.js';

const NOW = at('12:00');
/** More than one statement asks for. */
const STRANGERS = 1_203;
const folder = mkdtempSync(join(tmpdir(), 'portaria-coverage-'));

/** Contacts by name, each with one identity under its name, as their commands make them. */
const world = () => {
  const contacts = new Map<string, Contact>();
  const about = { mine: true };
  const tell = (contactId: string, facts: Parameters<typeof contactDecider.evolve>[1][]): void => {
    const state = contacts.get(contactId) ?? contactDecider.initial;
    contacts.set(contactId, fold(contactDecider.evolve, state, facts));
  };
  const does = (command: ContactCommand): void => {
    const { contactId } = command.data;
    const decided = contactDecider.decide(command, contacts.get(contactId) ?? contactDecider.initial);
    if (isRejection(decided)) throw new Error(decided.rejected);
    tell(contactId, [...decided]);
  };
  const by = (time: string) => asked(callers.admin, at(time));
  return {
    contacts,
    register: (contactId: string): void => {
      const identity = { identityId: `${contactId}-1`, kind: 'whatsapp', value: null, verified: true } as const;
      tell(contactId, [
        {
          type: 'ContactRegistered',
          data: { contactId, displayName: null, source: 'manual', identities: [identity], registeredAt: at('09:00') },
        },
      ]);
    },
    block: (contactId: string): void => {
      const rules = { ...UNKNOWN_RULES, reason: 'optional' as const };
      does(new BlockContact({ ...about, contactId, blockId: `of ${contactId}`, confirm: true, rules }, by('09:30')));
    },
    freeze: (contactId: string, intoId: string): void => {
      does(new AbsorbContact({ ...about, contactId, intoId, mergeId: `m ${contactId}` }, by('10:00')));
    },
    merge: (contactId: string, other: string): void => {
      const absorbed = contacts.get(other) as AbsorbedContact;
      const data = { contactId, absorbed, mergeId: `m ${other}`, walletOutcome: [], mergedBy: 'sol' };
      does(new CompleteMerge({ ...about, ...data }, by('10:05')));
    },
    separate: (contactId: string, other: string): void => {
      const absorbed = contacts.get(other) as AbsorbedContact;
      does(
        new SeparateContacts({ ...about, contactId, absorbed, mergeId: `m ${other}`, undoneBy: 'sol' }, by('11:00')),
      );
    },
    restore: (contactId: string, fromId: string): void => {
      const from = contacts.get(fromId);
      const restored = from?.status === 'active' ? from.merges[0]?.restored : null;
      if (restored === undefined || restored === null) throw new Error('nothing was given back');
      const data = { contactId, fromId, restored, mergeId: `m ${contactId}`, undoneBy: 'sol' };
      does(new RestoreContact({ ...about, ...data }, by('11:05')));
    },
  };
};

/** Every step at which a merge, or its undoing, can stand. */
const peopled = () => {
  const all = world();
  const steps = ['none', 'frozen', 'merged', 'separated', 'restored'] as const;
  for (const [done, step] of steps.entries()) {
    for (const blocked of ['survivor', 'absorbed'] as const) {
      const [survivor, absorbed, next] = [`${step} ${blocked} a`, `${step} ${blocked} b`, `${step} ${blocked} c`];
      for (const name of [survivor, absorbed, next]) all.register(name);
      all.block(blocked === 'survivor' ? survivor : absorbed);
      if (done >= 1) all.freeze(absorbed, survivor);
      if (done >= 2) all.merge(survivor, absorbed);
      // A chain: the survivor is absorbed in its turn, half of the time only frozen.
      if (step === 'merged' || step === 'frozen') {
        if (step === 'merged') all.freeze(survivor, next);
        if (step === 'merged' && blocked === 'survivor') all.merge(next, survivor);
        if (step === 'frozen') all.freeze(next, survivor);
      }
      if (done >= 3) all.separate(survivor, absorbed);
      if (done >= 4) all.restore(absorbed, survivor);
    }
  }
  for (let one = 0; one < STRANGERS; one++) all.register(`stranger ${String(one)}`);
  return all.contacts;
};

describe('what is known of addresses', () => {
  const contacts = peopled();
  const names = [...contacts.keys()];
  const claimOf = (contactId: string, claimedAt = at('09:00')): Claim => ({
    contactId,
    identityId: `${contactId}-1`,
    claimedAt,
  });
  /** Each contact's own address; one that two claim, the later of them first in every index; one whose claim is still under way. */
  const claims = new Map<string, readonly Claim[]>([
    ...names.map((name) => [`to ${name}`, [claimOf(name)]] as const),
    ['to two', [claimOf('stranger 9'), claimOf('none survivor a')]],
    ['to young', [claimOf('nobody yet', at('12:00'))]],
    ['to old', [claimOf('never came', at('09:00'))]],
  ]);
  let models: ReadModels<FilterTables>;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const path = join(folder, 'read.db');
    const store = openSqliteRowStore(path);
    await store.migrate();
    await store.write(async (tx) => {
      await tx.system.takeSeat({ name: LIVE, holder: 'h', code: 'c', ms: 60_000 });
      await tx.system.putCheckpoint(emptyCheckpoint(LIVE, LIVE, 'l'));
      const tableOf = async ({ name: projection, version, table: spec }: typeof addressClaims | typeof blockFilter) => {
        const table = { name: tableName(projection, 1), spec };
        await tx.createTable(table);
        const rest = { state: 'live', cohort: LIVE, rebuild_id: null, error: null, retire_at: null } as const;
        await tx.system.addGeneration({ projection, generation: 1, version, ...rest });
        return table;
      };
      await tx.upsert(
        await tableOf(blockFilter),
        names.map((name) => {
          const contact = contacts.get(name);
          const into = contact?.status === 'absorbed' ? contact.intoId : null;
          return { key: ['acme', name], row: { contact, covered: 0, into_id: into } };
        }),
      );
      const rowOf = (tenant: string, address: string, claim: Claim, revision: number) => ({
        key: [tenant, address, claim.identityId],
        row: { contact_id: claim.contactId, claim_no: revision, claimed_at: claim.claimedAt },
      });
      await tx.upsert(await tableOf(addressClaims), [
        ...[...claims].flatMap(([address, own]) => own.map((claim, at) => rowOf('acme', address, claim, at))),
        rowOf('other', 'to stranger 1', claimOf('stranger of another'), 0),
      ]);
    });
    models = createReadModels<FilterTables>(openSqliteReadSource(path), [addressClaims, blockFilter]);
    close = async () => {
      await models.close();
      await store.close();
    };
  });
  afterAll(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  const known = async (tenant: string, addresses: readonly string[]) =>
    (await models.query((db) => knownAddresses(db, tenant, addresses))).value;
  const told = (holders: ReturnType<typeof holdersOf>) => ({
    holders: holders.map(({ contactId, identityId }) => [contactId, identityId]),
    coverage: coverageOfHolders(holders, 'whatsapp').map(({ blockId, from, to }) => [blockId, from, to]),
  });

  it('is of each what the rule says over all contacts, at every step of a merge, asked for one or for all [I14 R3]', async () => {
    const addresses = [...claims.keys()];
    const all = await known('acme', addresses);
    let covered = 0;
    for (const address of addresses) {
      const expected = told(holdersOf(claims.get(address) ?? [], contacts, NOW));
      expect({ address, ...told(all.holders(address, NOW)) }).toEqual({ address, ...expected });
      if (!address.startsWith('to stranger')) {
        const alone = await known('acme', [address]);
        expect({ address, ...told(alone.holders(address, NOW)) }).toEqual({ address, ...expected });
      }
      if (intervalAt(coverageOfHolders(all.holders(address, NOW), 'whatsapp'), NOW) !== null) covered += 1;
    }
    expect(covered).toBeGreaterThan(10);
    expect(covered).toBeLessThan(30);
  });

  it('names holders oldest first, and those whose claim is still under way', async () => {
    const all = await known('acme', ['to two', 'to young', 'to old']);
    expect(all.holders('to two', NOW).map(({ contactId }) => contactId)).toEqual(['stranger 9', 'none survivor a']);
    expect(all.holders('to young', NOW).map(({ contactId }) => contactId)).toEqual(['nobody yet']);
    expect(all.holders('to old', NOW)).toEqual([]);
  });

  it('is nothing of an address that nobody claims, and nothing of another tenant [R9]', async () => {
    expect((await known('acme', ['to nobody'])).holders('to nobody', NOW)).toEqual([]);
    expect((await known('acme', [])).holders('to two', NOW)).toEqual([]);
    const others = await known('other', ['to stranger 1', 'to none survivor a']);
    expect(others.holders('to none survivor a', NOW)).toEqual([]);
    expect(others.holders('to stranger 1', NOW)).toEqual([]);
    expect(others.holders('to stranger 1', at('09:00')).map(({ contactId }) => contactId)).toEqual([
      'stranger of another',
    ]);
  });
});
