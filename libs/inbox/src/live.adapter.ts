import { sql, type Kysely } from 'kysely';
import type { Caller, Position } from '#kernel';
import type { Heard, Placed, Topic } from '#live';
import { eachInSlices, eventText, type EventStream } from '#platform';
import type { ReadModels } from '#read-store';
import { mayRead, seesEverything } from './access.query.js';
import { liveChangesOf, toldOf, type LiveChange, type Touched } from './live-changes.js';
import type { Tables } from './tables.js';

/** `caller`: with what rights they were told last. */
export type InboxListener = { readonly stream: EventStream; caller: Caller };

type Changes = readonly Placed<LiveChange>[];
type IdOf = (position: Position) => string;

const CHUNK = 500;
const WAIT_MS = 10_000;
/** More rows than this come into sight or go out of it: the list is to be loaded anew. */
const MOST = 1_000;

/** Tells people which rows of their lists changed. What they may see is asked when something is about to be sent. */
export class LiveInbox implements Topic<LiveChange, InboxListener> {
  constructor(private readonly models: ReadModels<Tables>) {}

  changesOf(fact: Heard): readonly LiveChange[] {
    return liveChangesOf(fact);
  }

  async tell(
    tenant: string,
    changes: Changes,
    listeners: Iterable<InboxListener>,
    { resumed, idOf }: { readonly resumed: boolean; readonly idOf: IdOf },
  ): Promise<void> {
    const last = changes.at(-1)?.position;
    if (last === undefined) return;
    const staff = new Set(changes.flatMap(({ change }) => (change.of === 'staff' ? [change.staffId] : [])));
    const touched = await this.#touched(tenant, changes, last);
    const everything = touched.filter(({ readers }) => readers === null);
    const allOfIt = everything.map((one) => line(one, 'changed', idOf)).join('');
    const textFor = (caller: Caller): string =>
      seesEverything(caller) && everything.length === touched.length
        ? allOfIt
        : touched.map((one) => line(one, toldOf(caller, one), idOf)).join('');
    await eachInSlices(listeners, async (listener) => {
      const { stream } = listener;
      const concerned = staff.has(listener.caller.id) || differ(stream.identity.caller, listener.caller);
      if (!concerned && textFor(listener.caller) === '') return;
      const identity = await stream.renewed();
      if (identity === null) return;
      // What was in sight when they were away is not known.
      if (concerned && resumed) stream.send(eventText({}, { event: 'reset', id: idOf(last) }));
      else await this.#toldOfSight(listener, identity.caller, tenant, last, idOf);
      listener.caller = identity.caller;
      stream.send(textFor(identity.caller));
    });
  }

  /** The rows as they are now, in the order of their latest changes: an event's id covers all that came before it. */
  async #touched(tenant: string, changes: Changes, last: Position): Promise<readonly Touched[]> {
    const wanted = changes.flatMap(({ change }) => ('conversationId' in change ? [change.conversationId] : []));
    const contacts = changes.flatMap(({ change }) => (change.of === 'contact' ? [change.contactId] : []));
    const spreading = changes.flatMap(({ change }) =>
      change.of === 'contact' && change.spreads ? [change.contactId] : [],
    );
    const { rows, others } = (
      await this.models.query(
        async (db) => {
          const found = [];
          for (const [column, ids] of [
            ['conversation_id', wanted],
            ['contact_id', contacts],
          ] as const) {
            for (const chunk of inChunks(ids)) {
              const query = db.selectFrom('inbox').select(['conversation_id', 'contact_id', 'assignee_id']);
              found.push(...(await query.where('tenant', '=', tenant).where(column, 'in', chunk).execute()));
            }
          }
          const beside = [];
          for (const chunk of inChunks(spreading)) beside.push(...(await withSameAddress(db, tenant, chunk)));
          return { rows: [...found, ...beside], others: beside };
        },
        { after: last, waitMs: WAIT_MS },
      )
    ).value;
    const byConversation = Map.groupBy(changes, ({ change }) =>
      'conversationId' in change ? change.conversationId : '',
    );
    const byContact = Map.groupBy(changes, ({ change }) => (change.of === 'contact' ? change.contactId : ''));
    const bySpreading = Map.groupBy(others, (row) => row.conversation_id);
    const touched = new Map<string, Touched>();
    for (const row of rows) {
      const contactIds = new Set([
        row.contact_id,
        ...(bySpreading.get(row.conversation_id) ?? []).map((one) => one.spread_from),
      ]);
      const own = [
        ...(byConversation.get(row.conversation_id) ?? []),
        ...[...contactIds].flatMap((contactId) => byContact.get(contactId) ?? []),
      ];
      const readers = own.flatMap(({ change }) => (change.of === 'marker' ? [change.readerId] : []));
      touched.set(row.conversation_id, {
        conversationId: row.conversation_id,
        position: own.reduce((latest, { position }) => (position > latest ? position : latest), '' as Position),
        assigneeId: row.assignee_id,
        before: own.flatMap(({ change }) =>
          change.of === 'conversation' && change.before !== undefined ? [change.before] : [],
        ),
        readers: readers.length === own.length ? readers : null,
      });
    }
    return [...touched.values()].sort((a, b) => (a.position < b.position ? -1 : 1));
  }

  /** Other rights than before: the rows that came into sight and those that went out of it. */
  async #toldOfSight(
    { stream, caller: before }: InboxListener,
    now: Caller,
    tenant: string,
    at: Position,
    idOf: IdOf,
  ): Promise<void> {
    if (!differ(before, now)) return;
    const { value } = await this.models.query(
      (db) =>
        db
          .selectFrom('inbox')
          .select('conversation_id')
          .select(sql<number>`case when ${mayRead(now)} then 1 else 0 end`.as('seen'))
          .where('tenant', '=', tenant)
          .where(
            sql<boolean>`case when ${mayRead(now)} then 1 else 0 end <> case when ${mayRead(before)} then 1 else 0 end`,
          )
          .limit(MOST + 1)
          .execute(),
      { after: at, waitMs: WAIT_MS },
    );
    const id = idOf(at);
    if (value.length > MOST) stream.send(eventText({}, { event: 'reset', id }));
    else
      stream.send(
        value
          .map((row) => eventText({ conversationId: row.conversation_id, change: row.seen === 1 ? 'changed' : 'gone' }))
          .join(''),
      );
  }
}

const inChunks = (ids: readonly string[]): readonly (readonly string[])[] => {
  const all = [...new Set(ids)];
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, n) => all.slice(n * CHUNK, (n + 1) * CHUNK));
};

/** The rows whose addresses these contacts have or had as well: what covers them there may have changed. Detached ones too, since that ends a cover. */
const withSameAddress = (db: Kysely<Tables>, tenant: string, contactIds: readonly string[]) =>
  db
    .selectFrom('identity_holders as own')
    .innerJoin('address_claims as claim', (join) =>
      join.onRef('claim.tenant', '=', 'own.tenant').onRef('claim.identity_id', '=', 'own.identity_id'),
    )
    .innerJoin('address_claims as same', (join) =>
      join.onRef('same.tenant', '=', 'claim.tenant').onRef('same.address', '=', 'claim.address'),
    )
    .innerJoin('identity_holders as theirs', (join) =>
      join.onRef('theirs.tenant', '=', 'same.tenant').onRef('theirs.identity_id', '=', 'same.identity_id'),
    )
    .innerJoin('inbox', (join) =>
      join
        .onRef('inbox.tenant', '=', 'theirs.tenant')
        .onRef('inbox.contact_id', '=', 'theirs.contact_id')
        .onRef('inbox.identity_id', '=', 'theirs.identity_id'),
    )
    .select(['inbox.conversation_id', 'inbox.contact_id', 'inbox.assignee_id', 'own.contact_id as spread_from'])
    .where('own.tenant', '=', tenant)
    .where('own.contact_id', 'in', contactIds)
    .whereRef('same.identity_id', '!=', 'claim.identity_id')
    .execute();

const differ = (one: Caller, other: Caller): boolean => one.role !== other.role || one.access !== other.access;

const line = ({ conversationId, position }: Touched, change: 'changed' | 'gone' | null, idOf: IdOf): string =>
  change === null ? '' : eventText({ conversationId, change }, { id: idOf(position) });
