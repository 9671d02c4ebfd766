import { randomUUID } from 'node:crypto';
import { answerOf } from '#client';
import { sideBySide } from '../traffic/client.js';
import type { Random } from '../traffic/random.js';
import type { Customer, StaffId } from './cast.js';
import type { Arrival, Desk } from './desk.js';
import { DIALOGUES, QUARRELS, TRANSFER_NOTES, type Dialogue } from './texts.js';

const AT_ONCE = 16;
const MINUTE = 60_000;
const FRONT: readonly StaffId[] = ['ana', 'bruno'];

/** What the night left, in one batch: first messages, with the times at which they were sent. */
export const night = async (desk: Desk, customers: readonly Customer[]): Promise<void> => {
  const arrivals = customers.flatMap((customer) => {
    const random = customer.random.fork('night');
    const text = dialogueOf(customer).turns[0] ?? '';
    const arrival = {
      text,
      sentAt: new Date(Date.now() - (30 + random.below(600)) * MINUTE),
      providerMessageId: randomUUID(),
    };
    // Providers deliver at least once.
    return (random.chance(0.1) ? [arrival, arrival] : [arrival]).map((one) => ({ customer, arrival: one }));
  });
  await desk.arriveTogether(arrivals);
};

/** The day of everybody: those who wrote at night are answered, the others write now. */
export const day = (
  desk: Desk,
  customers: readonly Customer[],
  wroteAtNight: (customer: Customer) => boolean,
): Promise<void> => sideBySide(customers, AT_ONCE, (customer) => conversation(desk, customer, wroteAtNight(customer)));

const dialogueOf = ({ random, language }: Customer): Dialogue => random.fork('dialogue').pick(DIALOGUES[language]);

/** One customer's day. Agents answer only where the customer wrote. */
const conversation = async (desk: Desk, customer: Customer, begun: boolean): Promise<void> => {
  const random = customer.random.fork('day');
  const dialogue = dialogueOf(customer);
  const conversationId = await opening(desk, customer, dialogue.turns[0] ?? '', begun, random);
  // Some wait until the evening: that is what Unassigned is for.
  if (conversationId === null || random.chance(0.25)) return;
  let agent = await claimed(desk, conversationId, random);
  // Somebody took it and has not found the time.
  if (random.chance(0.12)) return;
  for (const [turn, text] of dialogue.turns.entries()) {
    if (turn === 0) continue;
    if (turn % 2 === 0) await writes(desk, customer, text, random);
    else await desk.says(agent, conversationId, text);
    if (turn === 1 && random.chance(0.2)) {
      const colleague = random.pick(['ana', 'bruno', 'carla', 'sofia'].filter((one) => one !== agent) as StaffId[]);
      await desk.transfers(agent, colleague, conversationId, random.pick(TRANSFER_NOTES));
      agent = colleague;
    }
    // The last question stays open in some.
    if (turn === 2 && random.chance(0.15)) return;
  }
  if (random.chance(0.75)) await desk.concludes(agent, conversationId, dialogue.outcome);
  if (random.chance(0.08))
    await writes(desk, customer, customer.language === 'pt' ? 'Só mais uma dúvida…' : 'One more thing…', random);
};

const opening = async (
  desk: Desk,
  customer: Customer,
  text: string,
  begun: boolean,
  random: Random,
): Promise<string | null> => {
  // Who wrote at night writes again; the first answer names the conversation.
  const words = begun ? (customer.language === 'pt' ? 'Alguém aí?' : 'Hello, anybody there?') : text;
  return writes(desk, customer, words, random);
};

/** A message, perhaps in a burst, delivered twice, or late. Answers the conversation that it is displayed in. */
const writes = async (desk: Desk, customer: Customer, text: string, random: Random): Promise<string | null> => {
  const arrival: Arrival = {
    text,
    providerMessageId: randomUUID(),
    ...(random.chance(0.06) ? { sentAt: new Date(Date.now() - (1 + random.below(9)) * MINUTE) } : {}),
  };
  if (arrival.sentAt !== undefined) desk.tally.add('delivered late');
  // Twice at the same moment is what a provider's retry looks like from here.
  const [first] = await Promise.all([
    desk.arrives(customer, arrival),
    ...(random.chance(0.12) ? [desk.arrives(customer, arrival)] : []),
  ]);
  if (random.chance(0.1)) {
    for (let left = 2 + random.below(3); left > 0; left--)
      await desk.arrives(customer, { text: random.pick(['?', '??', '🙏', '...']) });
  }
  return first.conversationId ?? null;
};

/** The agent who has the conversation then; sometimes two reach for it at once, and one gets it. */
const claimed = async (desk: Desk, conversationId: string, random: Random): Promise<StaffId> => {
  const first = random.pick(FRONT);
  if (!random.chance(0.1)) {
    await desk.claims(first, conversationId);
    return first;
  }
  const other = first === 'ana' ? 'bruno' : 'ana';
  const [won] = await Promise.all([desk.claims(first, conversationId), desk.claims(other, conversationId)]);
  return won ? first : other;
};

/** Some conversations end in a block, with or without a last word; the customers go on writing. */
export const quarrels = (desk: Desk, customers: readonly Customer[]): Promise<void> =>
  sideBySide(customers, AT_ONCE, async (customer) => {
    const random = customer.random.fork('quarrel');
    const quarrel = random.pick(QUARRELS[customer.language]);
    const { contactId } = await desk.arrives(customer, { text: quarrel.writes[0] ?? '' });
    const { kind, reasonCode, reasonText, notice } = quarrel;
    await answerOf(
      desk.as(random.pick([...FRONT, 'sofia'])).POST('/v1/contacts/{id}/block', {
        params: { path: { id: contactId } },
        body: { confirm: true, kind, reasonCode, reasonText, ...(notice === null ? {} : { notice: { text: notice } }) },
      }),
    );
    desk.tally.add(notice === null ? 'blocked without a word' : 'blocked with a last word');
    for (let left = 1 + random.below(9); left > 0; left--)
      await writes(desk, customer, random.pick(quarrel.writes), random);
  });

/** The gateway takes what waits, page by page, and says what became of it. `after` covers what is to be seen. */
export const deliver = async (desk: Desk, after: string): Promise<void> => {
  for (let seen = after; ;) {
    const { body } = await answerOf(
      desk.gateway.GET('/v1/messages/outbound', { params: { query: { limit: 200, wait: 20_000, after: seen } } }),
    );
    if (body.items.length === 0) return;
    await sideBySide(body.items, AT_ONCE, async ({ messageId, conversationId }) => {
      const handedOver = await desk.unless(['contact-blocked', 'message-cancelled'], () =>
        answerOf(
          desk.gateway.POST('/v1/messages/{messageId}/hand-over', {
            params: { path: { messageId } },
            body: { conversationId },
          }),
        ),
      );
      if (handedOver === null) return;
      const { token } = await answerOf(
        desk.gateway.POST('/v1/messages/{messageId}/delivery', {
          params: { path: { messageId } },
          body: { conversationId, status: 'delivered', at: new Date().toISOString() },
        }),
      );
      seen = token ?? seen;
      desk.tally.add('delivered to customers');
    });
  }
};
