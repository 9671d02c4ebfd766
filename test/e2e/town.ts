// Customers and what happens to them, as short as it can be said.
import { randomUUID } from 'node:crypto';
import { answerOf, type BodyOf, type Client, type QueryOf, type Schemas } from '#client';
import type { Door, Json, Who } from './door.js';

export type Customer = {
  readonly phone: string;
  readonly contactId: string;
  readonly identityId: string;
  readonly conversationId: string;
};

let last = 0;
/** A number that nobody has yet. */
export const newPhone = (): string => `+55119${String(70_000_000 + ++last)}`;

/** What a gateway posts of a customer on whatsapp. */
export const messageFrom = (phone: string, text: string): BodyOf<'/v1/messages/inbound', 'post'> => ({
  channel: 'whatsapp',
  from: { kind: 'whatsapp', value: phone, displayName: `Maria ${phone}` },
  providerMessageId: randomUUID(),
  content: { text },
});

export type Town = ReturnType<typeof townOf>;

/** Verbs over a door. What is refused throws with its problem, so that a story stops where it goes wrong. */
export const townOf = (door: Door, tenant?: string) => {
  const of = tenant === undefined ? {} : { tenant };

  const as = (who: Who): Client => door.as(who, tenant);

  /** A command whose path and body stand in a table. */
  const does = async (who: Who, method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await door.call(who, method, path, body, of);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  };

  /** A message of a customer on whatsapp; `sentAt` places it in time. */
  const writes = async (
    phone: string,
    text: string,
    more: Partial<BodyOf<'/v1/messages/inbound', 'post'>> = {},
  ): Promise<Schemas['ReceivedAnswer']> => {
    const body = { ...messageFrom(phone, text), ...more };
    return (await answerOf(as('integration').POST('/v1/messages/inbound', { body }))).body;
  };

  const timeline = async (conversationId: string, who: Who = 'agent'): Promise<Schemas['TimelineAnswer']> => {
    const params = { path: { id: conversationId }, query: { limit: 200 } };
    return (await answerOf(as(who).GET('/v1/conversations/{id}/timeline', { params }))).body;
  };

  return {
    does,
    rebuilt: door.rebuild,
    writes,
    /** Somebody who wrote once. */
    customer: async (phone = newPhone()): Promise<Customer> => {
      const { contactId, identityId, conversationId = '' } = await writes(phone, 'Oi');
      return { phone, contactId, identityId, conversationId };
    },
    /** A contact that never wrote. */
    contact: async (
      more: Partial<Schemas['RegisterBody']> = {},
    ): Promise<{ readonly contactId: string; readonly identityId: string; readonly phone: string }> => {
      const phone = newPhone();
      const body = { displayName: 'Carla Prado', identities: [{ kind: 'phone' as const, value: phone }], ...more };
      const { contactId, identities } = (await answerOf(as('agent').POST('/v1/contacts', { body }))).body;
      return { contactId, identityId: identities[0]?.identityId ?? '', phone };
    },
    block: async (contactId: string, more: Schemas['BlockBody'] = {}, who: Who = 'agent') =>
      (
        await answerOf(
          as(who).POST('/v1/contacts/{id}/block', {
            params: { path: { id: contactId } },
            body: { confirm: true, ...more },
          }),
        )
      ).body,
    unblock: async (contactId: string, who: Who = 'admin') =>
      (
        await answerOf(
          as(who).POST('/v1/contacts/{id}/unblock', {
            params: { path: { id: contactId } },
            body: { confirm: true, requestedBy: 'customer' },
          }),
        )
      ).body,
    sends: async (
      who: Who,
      conversationId: string,
      text = 'Hello',
      more: Omit<Partial<Schemas['SendBody']>, 'content'> = {},
    ) =>
      (
        await answerOf(
          as(who).POST('/v1/conversations/{id}/messages', {
            params: { path: { id: conversationId } },
            body: { content: { text }, ...more },
          }),
        )
      ).body,
    assign: async (
      conversationId: string,
      assigneeId: string,
      more: Partial<Schemas['AssignBody']> = {},
      who: Who = 'agent',
    ) =>
      (
        await answerOf(
          as(who).POST('/v1/conversations/{id}/assign', {
            params: { path: { id: conversationId } },
            body: { assigneeId, ...more },
          }),
        )
      ).body,
    /** Answers the erasure's id; what it takes goes on behind the answer. */
    erase: async (contactId: string, legalBasis = 'GDPR Art. 17'): Promise<string> => {
      const params = { path: { id: contactId } };
      const body = { confirm: true, legalBasis };
      return (await answerOf(as('admin').POST('/v1/contacts/{id}/erase', { params, body }))).body.erasureId;
    },
    certificate: async (erasureId: string) =>
      (await answerOf(as('auditor').GET('/v1/erasures/{id}', { params: { path: { id: erasureId } } }))).body,
    set: async (key: string, value: Schemas['SettingBody']['value']) =>
      (await answerOf(as('admin').PUT('/v1/settings/{key}', { params: { path: { key } }, body: { value } }))).body,
    card: async (contactId: string, who: Who = 'agent') =>
      (await answerOf(as(who).GET('/v1/contacts/{id}', { params: { path: { id: contactId } } }))).body,
    row: async (conversationId: string, who: Who = 'agent') =>
      (await answerOf(as(who).GET('/v1/conversations/{id}', { params: { path: { id: conversationId } } }))).body,
    timeline,
    /** Texts of the messages that a reader is shown. */
    texts: async (conversationId: string, who: Who = 'agent'): Promise<readonly string[]> =>
      (await timeline(conversationId, who)).items
        .filter((item) => item.kind === 'message')
        .map((item) => item.content?.text ?? ''),
    blocked: async (who: Who = 'agent', query: QueryOf<'/v1/blocked-contacts'> = {}) =>
      (await answerOf(as(who).GET('/v1/blocked-contacts', { params: { query: { limit: 200, ...query } } }))).body.items,
    ids: async (who: Who, query: QueryOf<'/v1/conversations'> = {}): Promise<readonly string[]> => {
      const params = { query: { limit: 200, ...query } };
      const { items } = (await answerOf(as(who).GET('/v1/conversations', { params }))).body;
      return items.map((row) => row.conversationId);
    },
  };
};
