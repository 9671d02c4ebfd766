import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { coverageOfHolders, type Kind } from '#contacts';
import { AddressBook } from '#contacts/address-book.adapter';
import { intervalAt } from '#kernel';
import type { Consistency, Seen } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { knownAddresses, type FilterTables, type KnownAddresses } from './coverage.query.js';
import { Gathering } from './gathering.adapter.js';

export type Question = {
  readonly channel: string;
  readonly kind: Kind;
  readonly value: string;
  readonly sentAt: string | null;
};
export type Verdict = {
  readonly verdict: 'display' | 'hide';
  readonly blockId?: string;
  readonly blockedAt?: string;
  readonly contactId?: string;
};

/** May these messages be shown? `null` in place of a question whose value is no address. */
export class CheckBlockFilter {
  constructor(
    readonly tenant: string,
    readonly questions: readonly Question[],
    readonly consistency: Consistency,
  ) {}
}

@QueryHandler(CheckBlockFilter)
export class CheckBlockFilterHandler implements IQueryHandler<CheckBlockFilter> {
  private readonly gathering = new Gathering<Seen<KnownAddresses>>((tenant, addresses) =>
    this.known(tenant, addresses, { after: null, waitMs: 0 }),
  );

  constructor(
    @Inject(READ_MODELS) private readonly models: ReadModels<FilterTables>,
    private readonly book: AddressBook,
  ) {}

  async execute({ tenant, questions, consistency }: CheckBlockFilter): Promise<Seen<readonly (Verdict | null)[]>> {
    const now = new Date().toISOString();
    const located = await this.book.locateAll(tenant, questions);
    const addresses = new Set<string>();
    for (const one of located) if (one !== null) addresses.add(one.key);
    const { value: known, at } =
      consistency.after === null
        ? await this.gathering.ask(tenant, addresses)
        : await this.known(tenant, addresses, consistency);
    const holdersOf = new Map([...addresses].map((address) => [address, known.holders(address, now)]));
    const verdicts = questions.map(({ channel, sentAt }, index): Verdict | null => {
      const address = located[index];
      if (address === undefined || address === null) return null;
      const holders = holdersOf.get(address.key) ?? [];
      const cover = intervalAt(coverageOfHolders(holders, channel), sentAt ?? now);
      const contactId = cover?.contactId ?? holders[0]?.contactId;
      const named = contactId === undefined ? {} : { contactId };
      return cover === null
        ? { verdict: 'display', ...named }
        : { verdict: 'hide', blockId: cover.blockId, blockedAt: cover.blockedAt, ...named };
    });
    return { value: verdicts, at };
  }

  private known(
    tenant: string,
    addresses: ReadonlySet<string>,
    consistency: Consistency,
  ): Promise<Seen<KnownAddresses>> {
    return this.models.query((db) => knownAddresses(db, tenant, [...addresses]), consistency);
  }
}
