import { sql } from 'kysely';
import type { RowIn } from '#kernel';
import type { blockedContacts } from '#block-filter';
import type { ReadModels } from '#read-store';
import type { PolicyWishes } from './policy-wishes.adapter.js';
import { Rounds } from './rounds.adapter.js';

const EVERY_MS = 1000;
const AT_ONCE = 200;

/**
 * Ends episodes that ran out. Due times are a read model; the command id derives from the block and its expiry, so a timer that
 * runs twice, or late, ends an episode once. Nothing waits for it: intake, gates and reads look at `expiresAt` themselves.
 */
export class BlockExpiry extends Rounds {
  constructor(
    private readonly models: ReadModels<{ readonly blocked_contacts: RowIn<typeof blockedContacts> }>,
    private readonly wishes: PolicyWishes,
    warn: (message: string) => void,
  ) {
    super({ everyMs: EVERY_MS, later: 'blocks that ran out are ended later', warn });
  }

  /** One round over what is due now. Throws what kept the first that cannot be ended, once all others are. */
  async run(): Promise<void> {
    const now = new Date().toISOString();
    const { value: due } = await this.models.query((db) =>
      db
        .selectFrom('blocked_contacts')
        .select(['tenant', 'contact_id', 'block_id', 'expires_at'])
        .where(sql<boolean>`ended_at is null and expires_at <= ${now}`)
        .limit(AT_ONCE)
        .execute(),
    );
    const failures = await this.eachOf(due, async (one) => {
      const { tenant, contact_id: contactId, block_id: blockId, expires_at: expiresAt } = one;
      if (expiresAt !== null) await this.wishes.expire(tenant, { contactId, blockId, expiresAt });
    });
    if (failures.length > 0) throw failures[0];
  }
}
