// Customers and what happens to them, as short as it can be said.
import { randomUUID } from 'node:crypto';
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

export type Town = ReturnType<typeof townOf>;

/** Verbs over a door. What is refused throws with its problem, so that a story stops where it goes wrong. */
export const townOf = (door: Door, tenant?: string) => {
  const of = tenant === undefined ? {} : { tenant };

  const does = async (who: Who, method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await door.call(who, method, path, body, of);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  };

  /** A message of a customer on whatsapp; `sentAt` places it in time. */
  const writes = async (phone: string, text: string, more: Record<string, unknown> = {}): Promise<Json> =>
    does('integration', 'POST', '/v1/messages/inbound', {
      channel: 'whatsapp',
      from: { kind: 'whatsapp', value: phone, displayName: `Maria ${phone}` },
      providerMessageId: randomUUID(),
      content: { text },
      ...more,
    });

  return {
    does,
    rebuilt: door.rebuild,
    writes,
    /** Somebody who wrote once. */
    customer: async (phone = newPhone()): Promise<Customer> => {
      const { contactId, identityId, conversationId } = await writes(phone, 'Oi');
      return { phone, contactId, identityId, conversationId };
    },
    /** A contact that never wrote. */
    contact: async (
      more: Record<string, unknown> = {},
    ): Promise<{ readonly contactId: string; readonly identityId: string; readonly phone: string }> => {
      const phone = newPhone();
      const { contactId, identities } = await does('agent', 'POST', '/v1/contacts', {
        displayName: 'Carla Prado',
        identities: [{ kind: 'phone', value: phone }],
        ...more,
      });
      return { contactId, identityId: identities[0].identityId, phone };
    },
    block: async (contactId: string, more: Record<string, unknown> = {}, who: Who = 'agent'): Promise<Json> =>
      does(who, 'POST', `/v1/contacts/${contactId}/block`, { confirm: true, ...more }),
    unblock: async (contactId: string, who: Who = 'admin'): Promise<Json> =>
      does(who, 'POST', `/v1/contacts/${contactId}/unblock`, { confirm: true, requestedBy: 'customer' }),
    sends: async (
      who: Who,
      conversationId: string,
      text = 'Hello',
      more: Record<string, unknown> = {},
    ): Promise<Json> =>
      does(who, 'POST', `/v1/conversations/${conversationId}/messages`, { content: { text }, ...more }),
    assign: async (
      conversationId: string,
      assigneeId: string,
      more: Record<string, unknown> = {},
      who: Who = 'agent',
    ): Promise<Json> => does(who, 'POST', `/v1/conversations/${conversationId}/assign`, { assigneeId, ...more }),
    set: async (key: string, value: unknown): Promise<Json> => does('admin', 'PUT', `/v1/settings/${key}`, { value }),
    card: async (contactId: string, who: Who = 'agent'): Promise<Json> =>
      (await door.get(who, `/v1/contacts/${contactId}`, of)).body,
    row: async (conversationId: string, who: Who = 'agent'): Promise<Json> =>
      (await door.get(who, `/v1/conversations/${conversationId}`, of)).body,
    /** Texts of the messages that a reader is shown. */
    texts: async (conversationId: string, who: Who = 'agent'): Promise<readonly string[]> => {
      const { body } = await door.get(who, `/v1/conversations/${conversationId}/timeline?limit=200`, of);
      return (body.items as Json[])
        .filter((item) => item.kind === 'message')
        .map((item) => item.content.text as string);
    },
    timeline: async (conversationId: string, who: Who = 'agent'): Promise<Json> =>
      (await door.get(who, `/v1/conversations/${conversationId}/timeline?limit=200`, of)).body,
    blocked: async (who: Who = 'agent', query = ''): Promise<readonly Json[]> =>
      // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- a test says what it expects of an answer
      (await door.get(who, `/v1/blocked-contacts?limit=200${query}`, of)).body.items as Json[],
    ids: async (who: Who, query = ''): Promise<readonly string[]> =>
      ((await door.get(who, `/v1/conversations?limit=200${query}`, of)).body.items as Json[]).map(
        (row) => row.conversationId as string,
      ),
  };
};
