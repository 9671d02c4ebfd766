import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { blockAt, contactDecider, contactCard, identitiesOf, type ContactEvent } from '#contacts';
import { RestoreContact, type AbsorbedContact } from '#contacts/contact';
import { conversationDecider, type ConversationEvent } from '#conversations';
import { fold, isRejection, type AnyDecider, type Command, type Event, type Recorded } from '#kernel';
import { at } from '#kernel/given';
import { foldAll, recorded, type ShortEvent } from '#kernel/projected';
import { contactCommands } from '../../../test/generators/contacts.js';
import { conversationCommands } from '../../../test/generators/conversations.js';
import { cardAt, conversationAt, ownTime } from './as-of.js';
import { inbox } from './inbox.js';
import { SAME_RUNS } from '../../../test/fixtures/same-runs.js';

/** A merge that is undone names every address that the contact brought into it, as it was. */
const coherent = (command: Command<unknown>, state: unknown): Command<unknown> => {
  const { status, identities } = state as Partial<AbsorbedContact>;
  if (!(command instanceof RestoreContact) || status !== 'absorbed' || identities === undefined) return command;
  return new RestoreContact({ ...command.data, restored: { ...command.data.restored, identities } }, command.metadata);
};

/** What the commands leave in one stream, each decided on the state behind those before it. */
const lifeOf = <E extends Event>(
  decider: AnyDecider,
  stream: string,
  commands: readonly Command<unknown>[],
): readonly ShortEvent<E>[] => {
  let state: unknown = decider.initial;
  return commands.flatMap((command) => {
    const decided = decider.decide(coherent(command, state), state) as readonly E[];
    if (isRejection(decided)) return [];
    state = fold<unknown, E>(decider.evolve as (state: unknown, event: E) => unknown, state, decided);
    return decided.map((event) => ({ ...event, stream, at: command.metadata.now }));
  });
};
const facts = async function* <E extends Event>(events: readonly Recorded<E>[]): AsyncGenerator<Recorded> {
  yield* events as readonly Recorded[];
};
/** A moment that no fact has as its own, or has: both are asked for. */
const instant = fc
  .integer({ min: -60, max: 3_660 })
  .map((seconds) => new Date(Date.parse(at('10:00')) + seconds * 1000).toISOString());

describe('a contact as of an instant', () => {
  it('equals the fold of its facts up to then, whichever instant is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(contactCommands, { minLength: 1, maxLength: 30 }), instant, async (commands, time) => {
        const events = recorded(lifeOf<ContactEvent>(contactDecider, 'contact-acme.carla', commands));
        const past = events.filter((event) => ownTime(event) <= time);
        const state = fold(contactDecider.evolve, contactDecider.initial, past);
        const found = await cardAt(facts(events), time);
        if (state.status === 'unknown') {
          expect(found).toBeNull();
          return;
        }
        const row = found?.row;
        expect(found?.revision).toBe(past.at(-1)?.revision);
        if (state.status === 'erased') {
          // The decider forgets the addresses; the card keeps their ids until the keys are gone, and nothing in them after that.
          const isDone = past.some(({ type }) => type === 'ContactErased');
          if (isDone) expect(row?.identities.every(({ value }) => value === null)).toBe(true);
          return;
        }
        // What an absorbed contact was stays on its card; its addresses are the other's now.
        if (state.status === 'absorbed') return;
        expect(row).toMatchObject({ display_name: state.displayName, tags: state.tags });
        expect(row?.identities.map(({ identityId }) => identityId).sort()).toEqual(
          identitiesOf(state)
            .map(({ identityId }) => identityId)
            .sort(),
        );
        const block = row?.block ?? null;
        const isOpen = block !== null && (block.expiresAt === null || time < block.expiresAt);
        expect(isOpen ? block.blockId : null).toBe(blockAt(state, time)?.blockId ?? null);
      }),
      { numRuns: 300, ...SAME_RUNS },
    );
  });

  it('is the live row once all of its facts are past', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(contactCommands, { minLength: 1, maxLength: 30 }), async (commands) => {
        const life = lifeOf<ContactEvent>(contactDecider, 'contact-acme.carla', commands);
        const [live] = foldAll(contactCard, life);
        const { tenant: _, ...row } = live ?? { tenant: '' };
        const found = await cardAt(facts(recorded(life)), at('23:00'));
        expect(found?.row ?? {}).toEqual(row);
      }),
      { numRuns: 100, ...SAME_RUNS },
    );
  });
});

describe('a conversation as of an instant', () => {
  const lives = fc.array(conversationCommands, { minLength: 1, maxLength: 40 });

  it('equals the fold of its facts up to then, whichever instant is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(lives, instant, fc.nat(5), async (commands, time, marker) => {
        const events = recorded(lifeOf<ConversationEvent>(conversationDecider, 'conversation-acme.conv', commands));
        const past = events.filter((event) => ownTime(event) <= time);
        const state = fold(conversationDecider.evolve, conversationDecider.initial, past);
        const found = await conversationAt(facts(events), time, marker);
        if (state.status === 'unknown') {
          expect(found).toBeNull();
          return;
        }
        const { status, assigneeId, assignmentNo, sessionNo, automation } = state;
        expect(found?.row).toMatchObject({
          status,
          assignee_id: assigneeId,
          assignment_no: assignmentNo,
          session_no: sessionNo,
          automation,
        });
        const hidden = new Set(events.flatMap(({ type, data }) => (type === 'MessageHidden' ? [data.messageId] : [])));
        const unread = [...state.inbound].filter(([id, { ordinal }]) => ordinal > marker && !hidden.has(id));
        expect(found?.unread).toBe(unread.length);
        // What a block hides is hidden for whoever looks back too [I4].
        expect(found?.row.latest.filter(({ messageId }) => hidden.has(messageId))).toEqual([]);
        const shown = events.find(
          ({ type, data }) =>
            (type === 'MessageReceived' || type === 'MessageSendRequested') &&
            data.messageId === found?.row.last_message_id,
        );
        expect(found?.content).toEqual((shown?.data as { content?: unknown } | undefined)?.content ?? null);
        expect(found?.revision).toBe(past.at(-1)?.revision);
      }),
      { numRuns: 300, ...SAME_RUNS },
    );
  });

  it('is the live row once all of its facts are past', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (commands) => {
        const life = lifeOf<ConversationEvent>(conversationDecider, 'conversation-acme.conv', commands);
        const [live] = foldAll(inbox, life);
        const { tenant: _, ...row } = live ?? { tenant: '' };
        expect((await conversationAt(facts(recorded(life)), at('23:00')))?.row ?? {}).toEqual(row);
      }),
      { numRuns: 100, ...SAME_RUNS },
    );
  });
});

it('the own time of a fact is the one that it says of itself, else when its command ran', () => {
  const [blocked, expired, tagged] = recorded([
    { type: 'A', data: { sentAt: at('09:00'), receivedAt: at('09:30'), x: 1 }, at: at('10:00') },
    { type: 'B', data: { expiresAt: at('12:00'), blockedAt: at('09:40') }, at: at('10:00') },
    { type: 'C', data: { tag: 'vip', expiresAt: at('12:00') }, at: at('10:00') },
  ]);
  expect([blocked, expired, tagged].map((event) => ownTime(event!))).toEqual([at('09:30'), at('09:40'), at('10:00')]);
});
