import type { Kysely } from 'kysely';
import type { blockedContacts } from '#block-filter';
import { inWallet, mustBeWallet } from '#inbox/access.query';
import type { Position, RowIn } from '#kernel';
import type { Consistency } from '#platform';
import type { ReadModels } from '#read-store';
import type { walletList } from '#wallets';
import type { BlockHistories } from './block-histories.adapter.js';

type Tables = {
  readonly blocked_contacts: RowIn<typeof blockedContacts>;
  readonly wallets: RowIn<typeof walletList>;
};

export const BLOCKED_CONVERSATION_COLUMNS = [
  'conversationId',
  'channel',
  'contactId',
  'blockId',
  'kind',
  'reasonCode',
  'blockedBy',
  'blockedAt',
  'endedAt',
  'endedHow',
  'requestedBy',
  'durationMs',
  'ignoredCount',
] as const;

/** Episodes that began in the range: each is in the report of one month, whenever it ends. */
export type BlockedRange = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only contacts that are in this wallet now [W13]. */
  readonly walletId?: string | undefined;
};

type Row = readonly (string | number | null)[];

const PAGE = 200;

/** Blocked conversations for analysis [H4]. The read model says whose histories are to be read; what is said of them comes from their streams. */
export class BlockedConversations {
  constructor(
    private readonly models: ReadModels<Tables>,
    private readonly histories: BlockHistories,
  ) {}

  /** One row for each conversation and episode, by contact, then in the order of the blocks; `at` is what the read model has seen. */
  async of(
    tenant: string,
    range: BlockedRange,
    consistency: Consistency,
    now: string,
  ): Promise<{ readonly at: Position | null; readonly rows: AsyncIterable<Row> }> {
    const { value: first, at } = await this.page(tenant, '', range, consistency);
    return { at, rows: this.rows(tenant, range, this.contacts(tenant, first, range, consistency), now) };
  }

  private async *rows(
    tenant: string,
    range: BlockedRange,
    contacts: AsyncIterable<string>,
    now: string,
  ): AsyncGenerator<Row, void, undefined> {
    const ofMerged = new Set<string>();
    for await (const contactId of contacts) {
      const history = await this.histories.of(tenant, contactId, now);
      if (history === null) continue;
      for await (const episode of history.episodes) {
        const { blockId, kind, reasonCode, blockedBy, blockedAt, endedAt, endedHow, requestedBy, durationMs } = episode;
        // Both sides of a merge tell of it.
        if (ofMerged.has(blockId)) continue;
        if (history.merged) ofMerged.add(blockId);
        if (blockedAt < (range.from ?? '') || (range.to !== undefined && blockedAt >= range.to)) continue;
        for (const { conversationId, channel, ignoredCount } of history.touchedBy(episode)) {
          yield [
            conversationId,
            channel,
            contactId,
            blockId,
            kind,
            reasonCode,
            blockedBy,
            blockedAt,
            endedAt,
            endedHow,
            requestedBy,
            durationMs,
            ignoredCount,
          ];
        }
      }
    }
  }

  private async *contacts(
    tenant: string,
    first: readonly string[],
    range: BlockedRange,
    consistency: Consistency,
  ): AsyncGenerator<string, void, undefined> {
    let page = first;
    for (;;) {
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      page = (await this.page(tenant, last, range, consistency)).value;
    }
  }

  private page(tenant: string, last: string, range: BlockedRange, consistency: Consistency) {
    return this.models.query((db) => contactsBehind(db, tenant, last, range), consistency);
  }
}

/** Who has an episode that began in the range. */
const contactsBehind = async (
  db: Kysely<Tables>,
  tenant: string,
  last: string,
  { from, to, walletId }: BlockedRange,
): Promise<readonly string[]> => {
  if (walletId !== undefined) await mustBeWallet(db, tenant, walletId);
  let query = db
    .selectFrom('blocked_contacts')
    .select('contact_id')
    .distinct()
    .where('tenant', '=', tenant)
    .where('contact_id', '>', last);
  if (from !== undefined) query = query.where('blocked_at', '>=', from);
  if (to !== undefined) query = query.where('blocked_at', '<', to);
  if (walletId !== undefined) query = query.where(inWallet(tenant, walletId, 'blocked_contacts.contact_id'));
  const rows = await query.orderBy('contact_id').limit(PAGE).execute();
  return rows.map((row) => row.contact_id);
};
