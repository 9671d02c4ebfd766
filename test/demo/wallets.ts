import { randomUUID } from 'node:crypto';
import { answerOf } from '#client';
import type { Customer } from './cast.js';
import type { Desk } from './desk.js';
import { chapter, number, say, table } from './tables.js';
import { nameOf } from './views.js';

const SELECTED = 25;

/** A portfolio of customers: created, filled from a search, and found by its code. `after` covers what happened before. */
export const wallets = async (desk: Desk, newcomer: Customer, run: string, after: string): Promise<void> => {
  chapter('7  A wallet: customers who are looked after together');
  const sofia = desk.as('sofia');
  const { body: created, token } = await answerOf(
    sofia.POST('/v1/wallets', {
      body: { name: `Região Sul ${run}`, code: { generate: true }, responsibleId: 'bruno' },
    }),
  );
  const { walletId } = created;
  const code = created.code ?? '';
  say(
    `Sofia made the wallet "Região Sul ${run}" with the code ${code}; ${nameOf('bruno') ?? ''} is responsible for it.`,
  );

  const query = { limit: SELECTED, wait: 20_000, after: token ?? after };
  const { body: found } = await answerOf(sofia.GET('/v1/contacts', { params: { query } }));
  const contactIds = [...found.items.map(({ contactId }) => contactId), randomUUID()];
  const rows: (readonly [string, string, string, string])[] = [];
  for (const what of ['the first 25 contacts and one that nobody knows', 'the same selection again']) {
    const { body } = await answerOf(
      sofia.POST('/v1/wallets/{id}/contacts', { params: { path: { id: walletId } }, body: { contactIds } }),
    );
    rows.push([what, number(body.added), number(body.skipped), number(body.failed.length)]);
  }
  table(
    [
      ['Sofia added', 52],
      ['Added', 9],
      ['Skipped', 10],
      ['Failed', 9],
    ],
    rows,
  );

  const setting = (value: string) =>
    answerOf(
      desk.as('adriana').PUT('/v1/settings/{key}', { params: { path: { key: 'wallet.onCode' } }, body: { value } }),
    );
  await setting('addAndAssignResponsible');
  const { contactId, conversationId = '' } = await desk.arrives(newcomer, { text: `Oi! Meu código é ${code}` });
  const { body: routed, token: seen } = await answerOf(
    desk.gateway.POST('/v1/wallets/route', { body: { code, contactId, conversationId } }),
  );
  await setting('addContact');
  const { body: card } = await answerOf(
    desk
      .as('bruno')
      .GET('/v1/contacts/{id}', { params: { path: { id: contactId }, query: { wait: 20_000, after: seen ?? after } } }),
  );
  say(
    `${newcomer.name} wrote to the robot with the code: now in ${card.wallets.map(({ name }) => `"${name}"`).join(', ')}, and the conversation is with ${nameOf(routed.assigneeId ?? null) ?? 'nobody'}.`,
  );
};
