// A setting that is changed changes what it says, and nothing else that a person could notice: each value through the product's own
// command side, without its doors. Those whose values need doors or read models stand where these are.
import { describe, expect, it } from '@jest/globals';
import { TENANT, withGatehouse } from '../invariants/run.js';
import type { Address, Conversation, Contact, Outcome, Wish, World } from '../reference-model/index.js';

type Place = { readonly contactId: string; readonly conversationId: string };
type Asked = {
  readonly ask: (by: string, wish: Wish) => Promise<Outcome>;
  readonly set: (key: string, value: string | boolean) => Promise<void>;
  /** A customer of their own who has written. */
  readonly customer: () => Promise<Place>;
  readonly contact: (place: Pick<Place, 'contactId'>) => Promise<Contact>;
  readonly conversation: (place: Place) => Promise<Conversation>;
};

const inTown = (work: (town: Asked) => Promise<void>): Promise<void> =>
  withGatehouse(11, 1, async (gatehouse) => {
    let customers = 0;
    const ask = async (by: string, wish: Wish): Promise<Outcome> => {
      gatehouse.clock.pass(1000);
      const now = new Date(gatehouse.clock.now()).toISOString();
      const outcome = await gatehouse.ask(TENANT, { by, now, wish });
      await gatehouse.settle();
      if (outcome === null) throw new Error('no answer');
      return outcome;
    };
    const found = <T>(what: T | undefined): T => {
      if (what === undefined) throw new Error('there is none');
      return what;
    };
    const world = (): Promise<World> => gatehouse.world(TENANT);
    await work({
      ask,
      set: async (key, value) => {
        expect(await ask('founder', { do: 'changeSetting', key, value })).toMatchObject({ accepted: true });
      },
      customer: async () => {
        customers += 1;
        const value = `+55119123456${String(customers).padStart(2, '0')}`;
        const from = { kind: 'whatsapp', value, key: `phone:${value}`, verified: true };
        const message = { channel: 'whatsapp', from, also: [], providerMessageId: 'p1', sentAt: null } as const;
        const outcome = await ask('gateway', { do: 'receive', ...message });
        return (outcome.accepted ? outcome.answer : {}) as Place;
      },
      contact: async ({ contactId }) => found((await world()).contacts.get(contactId)),
      conversation: async ({ conversationId }) => found((await world()).conversations.get(conversationId)),
    });
  });

/** `done`, or the code of the refusal. */
const said = (outcome: Outcome): string => (outcome.accepted ? 'done' : outcome.code);

const blocking = (contactId: string, more: Partial<Extract<Wish, { do: 'block' }>> = {}): Wish => ({
  ...{ do: 'block', contactId, confirm: true, scope: null, reasonCode: null },
  ...{ conversationId: null, notice: false, expiresAt: null },
  ...more,
});
const unblocking = (contactId: string, confirm = true): Wish => ({ do: 'unblock', contactId, confirm });
const replying = (conversationId: string): Wish => ({ do: 'send', conversationId, purpose: 'reply', viaDevice: false });
const RANKS = ['ana', 'sol', 'adm'] as const;

describe('blocks go by the settings of the tenant', () => {
  it('who may end them [block.unblockBy=admin,supervisor,anyAgent]', () =>
    inTown(async ({ ask, set, customer }) => {
      const mayBe = { admin: ['adm'], supervisor: ['sol', 'adm'], anyAgent: ['ana', 'sol', 'adm'] };
      const { contactId } = await customer();
      for (const [value, people] of Object.entries(mayBe)) {
        await set('block.unblockBy', value);
        for (const by of RANKS) {
          await ask('adm', blocking(contactId));
          const expected = people.includes(by) ? 'done' : 'administrator-required';
          expect([value, by, said(await ask(by, unblocking(contactId)))]).toEqual([value, by, expected]);
        }
      }
    }));

  it('who may begin them [block.blockBy=anyAgent,supervisor,admin]', () =>
    inTown(async ({ ask, set, customer }) => {
      const mayBe = { anyAgent: ['ana', 'sol', 'adm'], supervisor: ['sol', 'adm'], admin: ['adm'] };
      const { contactId } = await customer();
      for (const [value, people] of Object.entries(mayBe)) {
        await set('block.blockBy', value);
        for (const by of RANKS) {
          await ask('adm', unblocking(contactId));
          const expected = people.includes(by) ? 'done' : 'forbidden';
          expect([value, by, said(await ask(by, blocking(contactId)))]).toEqual([value, by, expected]);
        }
      }
    }));

  it('whether both ask for confirmation [block.requireConfirm=true,false]', () =>
    inTown(async ({ ask, set, customer }) => {
      const { contactId } = await customer();
      expect(said(await ask('adm', blocking(contactId, { confirm: false })))).toBe('confirmation-required');
      await set('block.requireConfirm', false);
      expect(said(await ask('adm', blocking(contactId, { confirm: false })))).toBe('done');
      await set('block.requireConfirm', true);
      expect(said(await ask('adm', unblocking(contactId, false)))).toBe('confirmation-required');
      await set('block.requireConfirm', false);
      expect(said(await ask('adm', unblocking(contactId, false)))).toBe('done');
    }));

  it('whether a last word may go out [block.notice=optional,off]', () =>
    inTown(async ({ ask, set, customer, conversation }) => {
      const place = await customer();
      await set('block.notice', 'off');
      expect(said(await ask('ana', blocking(place.contactId, { notice: true })))).toBe('notice-off');
      await set('block.notice', 'optional');
      expect(said(await ask('ana', blocking(place.contactId, { notice: true })))).toBe('done');
      expect((await conversation(place)).messages.at(-1)).toMatchObject({
        purpose: 'block_notice',
        state: 'requested',
      });
    }));

  it('whether they conclude what is open [block.closeOpen=true,false]', () =>
    inTown(async ({ ask, set, customer, conversation }) => {
      for (const [value, status] of [
        [true, 'concluded'],
        [false, 'open'],
      ] as const) {
        const place = await customer();
        await set('block.closeOpen', value);
        await ask('ana', blocking(place.contactId));
        expect([value, (await conversation(place)).status]).toEqual([value, status]);
      }
    }));

  it('what they span if nothing is said [block.defaultScope=allChannels,thisChannel]', () =>
    inTown(async ({ ask, set, customer, contact }) => {
      for (const [value, scope] of [
        ['allChannels', { all: true }],
        ['thisChannel', { channels: ['whatsapp'] }],
      ] as const) {
        const place = await customer();
        await set('block.defaultScope', value);
        await ask('ana', blocking(place.contactId, { conversationId: place.conversationId }));
        expect([value, (await contact(place)).episodes[0]?.scope]).toEqual([value, scope]);
      }
    }));

  it('whether they say why [block.reason=optional,required]', () =>
    inTown(async ({ ask, set, customer }) => {
      const { contactId } = await customer();
      await set('block.reason', 'required');
      expect(said(await ask('ana', blocking(contactId)))).toBe('reason-required');
      await set('block.reason', 'optional');
      expect(said(await ask('ana', blocking(contactId)))).toBe('done');
    }));
});

describe('conversations go by the settings of the tenant', () => {
  it('whether a reply assigns [assignment.onReply=never,ifUnassigned]', () =>
    inTown(async ({ ask, set, customer, conversation }) => {
      for (const [value, assigneeId] of [
        ['never', null],
        ['ifUnassigned', 'ana'],
      ] as const) {
        const place = await customer();
        await set('assignment.onReply', value);
        await ask('ana', replying(place.conversationId));
        expect([value, (await conversation(place)).assigneeId]).toEqual([value, assigneeId]);
      }
    }));

  it('who may reply [assignment.replyBy=anyWithAccess,assigneeOnly]', () =>
    inTown(async ({ ask, set, customer }) => {
      const { conversationId } = await customer();
      await ask('ana', { do: 'assignToMe', conversationId });
      await set('assignment.replyBy', 'assigneeOnly');
      expect(said(await ask('bia', replying(conversationId)))).toBe('not-the-assignee');
      expect(said(await ask('ana', replying(conversationId)))).toBe('done');
      await set('assignment.replyBy', 'anyWithAccess');
      expect(said(await ask('bia', replying(conversationId)))).toBe('done');
    }));

  it('to whom they may be assigned [assignment.targets=activeMembers,availableOnly]', () =>
    inTown(async ({ ask, set, customer }) => {
      const { conversationId } = await customer();
      await ask('founder', { do: 'setAvailability', staffId: 'bia', available: false });
      const toBia: Wish = { do: 'assign', conversationId, assigneeId: 'bia', expected: undefined };
      await set('assignment.targets', 'availableOnly');
      expect(said(await ask('ana', toBia))).toBe('assignee-not-eligible');
      await set('assignment.targets', 'activeMembers');
      expect(said(await ask('ana', toBia))).toBe('done');
    }));

  it('whose message pauses automation [automation.pauseOn=assigneeOrAnyIfUnassigned,assignee,anyAgent]', () =>
    inTown(async ({ ask, set, customer, conversation }) => {
      const pausedBy = { assigneeOrAnyIfUnassigned: [true, false], assignee: [false, false], anyAgent: [true, true] };
      for (const [value, expected] of Object.entries(pausedBy)) {
        await set('automation.pauseOn', value);
        const free = await customer();
        const taken = await customer();
        await ask('ana', { do: 'assignToMe', conversationId: taken.conversationId });
        for (const { conversationId } of [free, taken]) await ask('bia', replying(conversationId));
        const paused = [await conversation(free), await conversation(taken)].map((one) => one.automation === 'paused');
        expect([value, paused]).toEqual([value, expected]);
      }
    }));

  it('when a conclusion releases the assignee [conclude.release=onConclude,onReopen,keep]', () =>
    inTown(async ({ ask, set, customer, conversation }) => {
      for (const [value, ...assignees] of [
        ['onConclude', null, null],
        ['onReopen', 'ana', null],
        ['keep', 'ana', 'ana'],
      ] as const) {
        await set('conclude.release', value);
        const place = await customer();
        const { conversationId } = place;
        await ask('ana', { do: 'assignToMe', conversationId });
        await ask('ana', { do: 'conclude', conversationId, outcome: null });
        const { assigneeId: concluded } = await conversation(place);
        await ask('ana', { do: 'reopen', conversationId });
        expect([value, concluded, (await conversation(place)).assigneeId]).toEqual([value, ...assignees]);
      }
    }));

  it('who may conclude them [conclude.by=anyWithAccess,assigneeOnly]', () =>
    inTown(async ({ ask, set, customer }) => {
      const { conversationId } = await customer();
      await ask('ana', { do: 'assignToMe', conversationId });
      const concluding: Wish = { do: 'conclude', conversationId, outcome: null };
      await set('conclude.by', 'assigneeOnly');
      expect(said(await ask('bia', concluding))).toBe('not-the-assignee');
      await set('conclude.by', 'anyWithAccess');
      expect(said(await ask('bia', concluding))).toBe('done');
    }));
});

describe('contacts go by the settings of the tenant', () => {
  const registering = (...addresses: Address[]): Wish => ({ do: 'register', addresses, tags: [] });
  const address = (kind: string, value: string): Address => ({ kind, value, key: '', verified: true });

  it.each([
    ['duplicates.preventPhone', 'phone', '+5511987654321', 'email', 'rita@example.com'],
    ['duplicates.preventEmail', 'email', 'rita@example.com', 'phone', '+5511987654321'],
  ])(
    'whether a second one with an address may be: %s [duplicates.preventPhone=false,true] [duplicates.preventEmail=false,true]',
    (key, kind, value, otherKind, otherValue) =>
      inTown(async ({ ask, set }) => {
        const [one, other] = [address(kind, value), address(otherKind, otherValue)];
        await ask('ana', registering(one, other));
        expect(said(await ask('ana', registering(one)))).toBe('done');
        await set(key, true);
        expect(said(await ask('ana', registering(one)))).toBe('duplicate-contact');
        expect(said(await ask('ana', registering(other)))).toBe('done');
        await set(key, false);
        expect(said(await ask('ana', registering(one)))).toBe('done');
      }),
  );

  it('how a phone without a country is read [region.default=BR,other]', () =>
    inTown(async ({ ask, set, contact }) => {
      const keyOf = async (value: string): Promise<string | undefined> => {
        const outcome = await ask('ana', registering(address('phone', value)));
        return (await contact((outcome.accepted ? outcome.answer : {}) as Place)).identities[0]?.key;
      };
      expect(await keyOf('(11) 91234-5678')).toBe('phone:+5511912345678');
      await set('region.default', 'PT');
      expect(await keyOf('912 345 678')).toBe('phone:+351912345678');
    }));
});
