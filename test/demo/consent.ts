// What the company wishes to begin: refused without a consent, sent with it, and why it was refused is on record.
import { answerOf } from '#client';
import type { Customer } from './cast.js';
import { refusalOf, type Desk } from './desk.js';
import { clock, say, table } from './tables.js';

/** The robot notifies somebody who never wrote, before and after she agreed to it. */
export const notify = async (desk: Desk, { name, from }: Customer): Promise<void> => {
  const { body: contact } = await answerOf(
    desk.gateway.POST('/v1/contacts', {
      body: { displayName: name, identities: [{ kind: 'phone', value: from.value }] },
    }),
  );
  const { contactId } = contact;
  const { body: conversation } = await answerOf(
    desk.gateway.POST('/v1/conversations', { body: { contactId, channel: 'whatsapp' } }),
  );
  const notification = () =>
    answerOf(
      desk.gateway.POST('/v1/conversations/{id}/messages', {
        params: { path: { id: conversation.conversationId } },
        body: { content: { text: `${name}, seu pedido chegou à loja.` }, purpose: 'notification' },
      }),
    );
  const before = await refusalOf(notification);
  const { token } = await answerOf(
    desk.as('sofia').PUT('/v1/contacts/{id}/consents/{channel}', {
      params: { path: { id: contactId, channel: 'whatsapp' } },
      body: {
        state: 'granted',
        source: 'customer',
        evidence: 'Formulário assinado na loja',
        wordingVersion: '2026-01',
      },
    }),
  );
  const sent = await answerOf(
    desk.as('sofia').GET('/v1/contacts/{id}/contactability', {
      params: { path: { id: contactId }, query: { wait: 20_000, ...(token === null ? {} : { after: token }) } },
    }),
  );
  const after = await refusalOf(notification);
  table(
    [
      ['What is done', 72],
      ['The answer', 40],
    ],
    [
      [`The robot notifies ${name}, who never wrote`, before],
      ['Sofia records her consent to whatsapp, with its evidence and wording', 'done'],
      ['Contactability is asked', sent.body.channels.whatsapp.allowed ? 'whatsapp is allowed' : 'not allowed'],
      ['The robot notifies her again', after],
    ],
  );
  const refused = await answerOf(
    desk.as('sofia').GET('/v1/contacts/{id}/refusals', {
      params: { path: { id: contactId }, query: { wait: 20_000, ...(token === null ? {} : { after: token }) } },
    }),
  );
  say('Why was it not sent the first time? It is on record:');
  table(
    [
      ['At', 11],
      ['Channel', 11],
      ['Purpose', 15],
      ['Reasons', 26],
      ['Asked by', 14],
    ],
    refused.body.items.map(({ at, channel, purpose, reasons, requestedBy }) => [
      clock(at),
      channel,
      purpose,
      reasons.join(', '),
      requestedBy,
    ]),
  );
};
