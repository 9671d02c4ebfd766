// A process that dies between any two steps of a merge, or of its undoing. Until the policy has carried on nothing of a blocked customer is shown; afterwards all is as if nobody had died.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectWriteSide } from '#apps/api/facts';
import { intakeOf, wishesOf } from '#apps/api/gatehouse';
import { storedTypes } from '#apps/registry';
import type { Received } from '#block-filter/intake.adapter';
import { BlockContact, contactDecider, MergeContacts, mergesDecider, UndoMerge, UNKNOWN_RULES } from '#contacts';
import { conversationDecider } from '#conversations';
import { createCodec, createCommandRunner, openSqliteEventStore, type EventStore, type KeyVault } from '#event-store';
import type { CommandMetadata, Recorded } from '#kernel';
import { asked, callers } from '#kernel/given';
import type { ReadModels } from '#read-store';
import { AddWalletContact, pairOf, walletContactDecider } from '#wallets';
import { memoryKeyVault } from '../fixtures/memory-key-vault.js';

const WALLET = '7c1d2e3f-0000-4000-8000-0000000000cc';
const PHONES = { survivor: '+5511987650001', absorbed: '+5511987650002' } as const;
type Side = keyof typeof PHONES;

/** The store of a process that dies at its append after so many. */
const dying = (store: EventStore, appends: number): EventStore => {
  let left = appends;
  return new Proxy(store, {
    get: (of, name) => {
      if (name === 'append' && left-- === 0) return () => Promise.reject(new Error('killed'));
      const member: unknown = Reflect.get(of, name);
      return typeof member === 'function' ? (member as () => unknown).bind(of) : member;
    },
  });
};

/** A process over the log: its own cache, and nothing else that outlives it. */
const started = (store: EventStore, vault: KeyVault) => {
  const codec = createCodec(storedTypes, vault);
  const runner = createCommandRunner({ store, codec });
  const isInWallet = async (contactId: string): Promise<boolean> =>
    (await runner.load(walletContactDecider, 'acme', pairOf(WALLET, contactId))).state.status === 'in';
  /** All that a merge asks of read models: who is in a wallet. They show what was written. */
  const models = {
    query: async () => {
      const { state } = await runner.load(mergesDecider, 'acme', '');
      const sides = [...state.byId.values()].flatMap((merge) => [merge.survivorId, merge.absorbedId]);
      const value: { wallet_id: string; contact_id: string; archived: number }[] = [];
      for (const contact_id of new Set(sides))
        if (await isInWallet(contact_id)) value.push({ wallet_id: WALLET, contact_id, archived: 0 });
      return { value, at: null };
    },
  } as unknown as ReadModels<unknown>;
  const write = connectWriteSide({ runner, store, codec, vault, models });
  const intake = intakeOf({ runner, vault }, write);
  const wishes = wishesOf({ runner, store }, write, () => Promise.resolve([]));
  const by = (caller: CommandMetadata['caller']): CommandMetadata =>
    asked(caller, new Date().toISOString(), { commandId: randomUUID() });
  const writes = async (side: Side): Promise<Received> => {
    const [received] = await intake.receive([
      {
        channel: 'whatsapp',
        from: { kind: 'whatsapp', value: PHONES[side], verified: true, displayName: side, also: [] },
        providerMessageId: randomUUID(),
        sentAt: null,
        text: 'Oi',
        metadata: by(callers.integration),
      },
    ]);
    if (received === undefined || !('disposition' in received)) throw received ?? new Error('no answer');
    return received;
  };
  return {
    writes,
    block: (contactId: string) =>
      write.contacts.execute(
        new BlockContact(
          { contactId, mine: true, blockId: randomUUID(), confirm: true, rules: UNKNOWN_RULES },
          by(callers.admin),
        ),
      ),
    merge: (mergeId: string, survivorId: string, absorbedId: string) =>
      write.merges.execute(
        new MergeContacts(
          { mergeId, survivorId, absorbedId, confirm: true, known: false, erased: false, stale: false },
          { ...by(callers.supervisor), commandId: '0b9f0c1e-0000-4000-8000-0000000000aa' },
        ),
      ),
    undo: (mergeId: string) =>
      write.merges.execute(
        new UndoMerge(
          { mergeId, erased: false, stale: false },
          { ...by(callers.supervisor), commandId: '0b9f0c1e-0000-4000-8000-0000000000bb' },
        ),
      ),
    /** What the policy does when it hears of the merge, or of its undoing. */
    policy: (mergeId: string) =>
      wishes.fulfil(
        { type: 'CarryOutMerge', data: { mergeId } },
        { id: randomUUID(), tenant: 'acme', metadata: { $correlationId: 'r' } } as Recorded,
        'merges',
        randomUUID(),
      ),
    isInWallet,
    /** As a command would that looked at the contact before it was absorbed. Answers what the policy then hears. */
    comesIntoWallet: async (contactId: string) => {
      const addition = { walletId: WALLET, contactId, via: 'selection', conversationId: null, bulkId: null } as const;
      const command = new AddWalletContact({ ...addition, perContact: 'many', obstacle: null }, by(callers.admin));
      await runner.execute(walletContactDecider, pairOf(WALLET, contactId), command, command.metadata);
      return () =>
        wishes.fulfil(
          { type: 'FollowIntoWallet', data: { walletId: WALLET, contactId } },
          { id: randomUUID(), tenant: 'acme', metadata: { $correlationId: 'r' } } as Recorded,
          'merges',
          randomUUID(),
        );
    },
    isDecided: async (mergeId: string) => {
      const { state } = await runner.load(mergesDecider, 'acme', '');
      const merge = state.byId.get(mergeId);
      return merge === undefined ? null : { isUndone: merge.undoneBy !== null };
    },
    contact: async (contactId: string) => {
      const { state } = await runner.load(contactDecider, 'acme', contactId);
      if (state.status === 'unknown') throw new Error('no such contact');
      return state;
    },
    conversation: async (conversationId = '') => {
      const { state } = await runner.load(conversationDecider, 'acme', conversationId);
      if (state.status === 'unknown') throw new Error('no such conversation');
      return state;
    },
  };
};

let folder: string;
let store: EventStore & { close(): Promise<void> };
let vault: KeyVault;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portaria-merge-'));
  store = openSqliteEventStore({ path: join(folder, 'events.db') });
  vault = memoryKeyVault();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['survivor', 'absorbed'] as const)('kill between the steps of a merge whose %s is blocked', (blocked) => {
  const begun = async () => {
    const first = started(store, vault);
    const sides = { survivor: await first.writes('survivor'), absorbed: await first.writes('absorbed') };
    await first.block(sides[blocked].contactId);
    const { block } = await first.contact(sides[blocked].contactId);
    return { ...sides, mergeId: randomUUID(), blockId: block?.blockId ?? '' };
  };
  const other: Side = blocked === 'survivor' ? 'absorbed' : 'survivor';

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'after %i steps leaves a merge that hides and is carried out [I14 I4]',
    async (steps) => {
      const { survivor, absorbed, mergeId, blockId } = await begun();
      const died = await started(dying(store, steps), vault)
        .merge(mergeId, survivor.contactId, absorbed.contactId)
        .then(
          () => false,
          () => true,
        );
      if (steps < 4) expect(died).toBe(true);
      const next = started(store, vault);
      const decided = await next.isDecided(mergeId);
      expect(decided).toEqual(steps === 0 ? null : { isUndone: false });
      const { status } = await next.contact(absorbed.contactId);
      expect(status).toBe(steps < 2 ? 'active' : 'absorbed');
      // Whoever was blocked is hidden at any time; from the freezing on, both are.
      expect((await next.writes(blocked)).disposition).toBe('ignored');
      if (steps >= 2) expect(await next.writes(other)).toMatchObject({ disposition: 'ignored', blockId });
      if (decided === null) return;
      await next.policy(mergeId);
      for (const side of ['survivor', 'absorbed'] as const) {
        const received = await next.writes(side);
        expect(received).toMatchObject({ disposition: 'ignored', contactId: survivor.contactId, blockId });
        const { conversationId } = side === 'survivor' ? survivor : absorbed;
        expect(await next.conversation(conversationId)).toMatchObject({
          contactId: survivor.contactId,
          status: 'concluded',
        });
      }
      expect(await next.contact(survivor.contactId)).toMatchObject({ status: 'active', block: { blockId } });
      // A repeat finds it done.
      const head = await store.head();
      const repeat = await next.merge(mergeId, survivor.contactId, absorbed.contactId);
      expect(repeat.kind).toBe('accepted');
      expect(await store.head()).toEqual(head);
    },
  );

  it.each([0, 1, 2, 3, 4, 5])(
    'after %i steps of its undoing leaves one that hides and is carried out [I4]',
    async (steps) => {
      const { survivor, absorbed, mergeId, blockId } = await begun();
      await started(store, vault).merge(mergeId, survivor.contactId, absorbed.contactId);
      const died = await started(dying(store, steps), vault)
        .undo(mergeId)
        .then(
          () => false,
          () => true,
        );
      if (steps < 4) expect(died).toBe(true);
      const next = started(store, vault);
      expect(await next.isDecided(mergeId)).toEqual({ isUndone: steps > 0 });
      expect(await next.writes(blocked)).toMatchObject({ disposition: 'ignored', blockId });
      // Separated at once, whether the other side has heard of it or not.
      expect((await next.writes(other)).disposition).toBe(steps < 2 ? 'ignored' : 'displayed');
      await next.policy(mergeId);
      if (steps === 0) return;
      for (const side of ['survivor', 'absorbed'] as const) {
        const { contactId, conversationId } = side === 'survivor' ? survivor : absorbed;
        expect(await next.contact(contactId)).toMatchObject({
          status: 'active',
          block: side === blocked ? { blockId } : null,
        });
        expect(await next.conversation(conversationId)).toMatchObject({ contactId });
        expect(await next.writes(side)).toMatchObject({
          disposition: side === blocked ? 'ignored' : 'displayed',
          contactId,
        });
      }
      const head = await store.head();
      expect((await next.undo(mergeId)).kind).toBe('accepted');
      expect(await store.head()).toEqual(head);
    },
  );
});

describe('kill between the steps of a merge of a contact in a wallet', () => {
  const begun = async () => {
    const first = started(store, vault);
    const sides = { survivor: await first.writes('survivor'), absorbed: await first.writes('absorbed') };
    await first.comesIntoWallet(sides.absorbed.contactId);
    return { survivorId: sides.survivor.contactId, absorbedId: sides.absorbed.contactId, mergeId: randomUUID() };
  };
  const attempt = (step: Promise<unknown>): Promise<boolean> =>
    step.then(
      () => false,
      () => true,
    );

  it.each([0, 1, 2, 3, 4, 5, 6])('after %i steps leaves one whose survivor comes into it', async (steps) => {
    const { survivorId, absorbedId, mergeId } = await begun();
    const died = await attempt(started(dying(store, steps), vault).merge(mergeId, survivorId, absorbedId));
    expect(died).toBe(steps < 6);
    const next = started(store, vault);
    if (steps === 0) return;
    await next.policy(mergeId);
    expect([await next.isInWallet(survivorId), await next.isInWallet(absorbedId)]).toEqual([true, false]);
    const head = await store.head();
    await next.policy(mergeId);
    expect((await next.merge(mergeId, survivorId, absorbedId)).kind).toBe('accepted');
    expect(await store.head()).toEqual(head);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])('after %i steps of its undoing leaves one that gives it back', async (steps) => {
    const { survivorId, absorbedId, mergeId } = await begun();
    await started(store, vault).merge(mergeId, survivorId, absorbedId);
    const died = await attempt(started(dying(store, steps), vault).undo(mergeId));
    expect(died).toBe(steps < 6);
    const next = started(store, vault);
    await next.policy(mergeId);
    const isUndone = steps > 0;
    expect([await next.isInWallet(survivorId), await next.isInWallet(absorbedId)]).toEqual([!isUndone, isUndone]);
    const head = await store.head();
    await next.policy(mergeId);
    expect(await store.head()).toEqual(head);
  });

  it('whoever comes into it while being absorbed is followed by the survivor; others stay where they are', async () => {
    const first = started(store, vault);
    const [{ contactId: survivorId }, { contactId: absorbedId }] = [
      await first.writes('survivor'),
      await first.writes('absorbed'),
    ];
    await first.merge(randomUUID(), survivorId, absorbedId);
    const follow = await first.comesIntoWallet(absorbedId);
    await follow();
    expect([await first.isInWallet(survivorId), await first.isInWallet(absorbedId)]).toEqual([true, false]);
    const head = await store.head();
    await follow();
    await (
      await first.comesIntoWallet(survivorId)
    )();
    expect(await store.head()).toEqual(head);
  });
});
