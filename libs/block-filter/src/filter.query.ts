import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { coverageOfHolders, type Kind } from '#contacts';
import { AddressBook } from '#contacts/address-book.adapter';
import { intervalAt } from '#kernel';
import type { Consistency, Seen } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { holdersByAddress, type FilterTables } from './coverage.query.js';

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
  constructor(
    @Inject(READ_MODELS) private readonly models: ReadModels<FilterTables>,
    private readonly book: AddressBook,
  ) {}

  async execute({ tenant, questions, consistency }: CheckBlockFilter): Promise<Seen<readonly (Verdict | null)[]>> {
    const now = new Date().toISOString();
    const located = await Promise.all(questions.map(({ kind, value }) => this.book.locate(tenant, kind, value)));
    const addresses = [...new Set(located.filter((one) => one !== null).map((one) => one.key))];
    const { value: holders, at } = await this.models.query(
      (db) => holdersByAddress(db, tenant, addresses, now),
      consistency,
    );
    const verdicts = questions.map(({ channel, sentAt }, index): Verdict | null => {
      const address = located[index];
      if (address === undefined || address === null) return null;
      const own = holders.get(address.key) ?? [];
      const coverage = coverageOfHolders(own, channel);
      const cover = intervalAt(coverage, sentAt ?? now);
      const contactId = cover?.contactId ?? own[0]?.contactId;
      const known = contactId === undefined ? {} : { contactId };
      return cover === null
        ? { verdict: 'display', ...known }
        : { verdict: 'hide', blockId: cover.blockId, blockedAt: cover.blockedAt, ...known };
    });
    return { value: verdicts, at };
  }
}
