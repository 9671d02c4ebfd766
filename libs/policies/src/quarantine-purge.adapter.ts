import { sql } from 'kysely';
import type { quarantinedDays } from '#block-filter';
import { quarantineKey } from '#contacts';
import type { KeyVault } from '#event-store';
import type { RowIn } from '#kernel';
import type { ReadModels } from '#read-store';
import { Rounds } from './rounds.adapter.js';

const EVERY_MS = 2000;
const AGAIN_MS = 100;
const AT_ONCE = 500;
const DAY_MS = 86_400_000;

type Place = { readonly day: string; readonly contactId: string };

export type PurgeDesk = {
  readonly vault: KeyVault;
  readonly models: ReadModels<{ readonly quarantined_days: RowIn<typeof quarantinedDays> }>;
  /** How long a tenant keeps quarantined content. */
  readonly days: (tenant: string) => Promise<number>;
  readonly warn: (message: string) => void;
};

/**
 * Destroys the keys of quarantined days that are due: from then on nobody can read what was kept, and what is left of the keys is taken off the
 * disk. Due is a day (UTC) that lies as many days back as the tenant keeps such content, so that nothing is kept longer. Which days there are is
 * a read model. A destroyed key stays so: after a start all that are due are destroyed again, which finishes what a crash left.
 */
export class QuarantinePurge extends Rounds {
  /** Up to where each tenant's days are destroyed. */
  private readonly done = new Map<string, Place>();

  constructor(private readonly desk: PurgeDesk) {
    super({ everyMs: EVERY_MS, later: 'quarantined content is purged later', warn: desk.warn });
  }

  /** One round over what is due now. */
  async run(): Promise<void> {
    const reached = new Map<string, Place>();
    for (let tenant = await this.tenantBehind(''); tenant !== null; tenant = await this.tenantBehind(tenant)) {
      const last = await this.destroyDue(tenant);
      if (last !== null) reached.set(tenant, last);
    }
    if (reached.size === 0) return;
    while (!(await this.desk.vault.purge())) await this.wait(AGAIN_MS);
    // Not before: an end in the middle is made good by the next round.
    for (const [tenant, place] of reached) this.done.set(tenant, place);
  }

  private async tenantBehind(tenant: string): Promise<string | null> {
    const { value } = await this.desk.models.query((db) =>
      db
        .selectFrom('quarantined_days')
        .select('tenant')
        .where('tenant', '>', tenant)
        .orderBy('tenant')
        .limit(1)
        .executeTakeFirst(),
    );
    return value?.tenant ?? null;
  }

  /** Answers the last one of which the key was destroyed. */
  private async destroyDue(tenant: string): Promise<Place | null> {
    const until = new Date(Date.now() - (await this.desk.days(tenant)) * DAY_MS).toISOString().slice(0, 10);
    let behind = this.done.get(tenant) ?? { day: '', contactId: '' };
    let last: Place | null = null;
    for (let more = true; more;) {
      const { day, contactId } = behind;
      const { value: due } = await this.desk.models.query((db) =>
        db
          .selectFrom('quarantined_days')
          .select(['day', 'contact_id'])
          .where('tenant', '=', tenant)
          .where(sql<boolean>`(day, contact_id) > (${day}, ${contactId}) and day <= ${until}`)
          .orderBy('day')
          .orderBy('contact_id')
          .limit(AT_ONCE)
          .execute(),
      );
      const subjects = due.map((one) => quarantineKey(one.contact_id, one.day));
      if (subjects.length > 0) await this.desk.vault.destroy(tenant, subjects);
      const end = due.at(-1);
      if (end !== undefined) behind = last = { day: end.day, contactId: end.contact_id };
      more = due.length === AT_ONCE;
    }
    return last;
  }
}
