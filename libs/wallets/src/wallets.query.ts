import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import type { Hours } from '#kernel';
import { decodeCursor, pageOf, problem, type Consistency, type List, type Page, type Seen } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import type { WalletTables } from './wallet-contacts.adapter.js';
import type { Responsible } from './wallet-list.js';
import { membersOf } from './wallet.js';

export class ListWallets {
  constructor(
    readonly tenant: string,
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

export class GetWallet {
  constructor(
    readonly tenant: string,
    readonly walletId: string,
    readonly consistency: Consistency,
  ) {}
}

export type WalletItem = {
  readonly walletId: string;
  readonly name: string;
  readonly code: string | null;
  readonly hours: Hours | null;
  readonly archived: boolean;
  readonly responsibleId: string | null;
  readonly responsibles: readonly Responsible[];
  readonly members: readonly string[];
  readonly contactCount: number;
};

const itemOf = (row: WalletTables['wallets']): WalletItem => ({
  walletId: row.wallet_id,
  name: row.name,
  code: row.code,
  hours: row.hours,
  archived: row.archived === 1,
  responsibleId: row.responsible_id,
  responsibles: row.responsibles,
  members: membersOf(row.members, row.responsible_id),
  contactCount: row.contact_count,
});

@QueryHandler(ListWallets)
export class ListWalletsHandler implements IQueryHandler<ListWallets> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<WalletTables>) {}

  async execute({ tenant, page, consistency }: ListWallets): Promise<Seen<List<WalletItem>>> {
    const bound = { list: 'wallets', tenant };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string']);
    const { value: found, at } = await this.models.query((db) => {
      const rows = db.selectFrom('wallets').selectAll().where('tenant', '=', tenant);
      return (after === null ? rows : rows.where(sql<boolean>`(sort_name, wallet_id) > (${after[0]}, ${after[1]})`))
        .orderBy('sort_name')
        .orderBy('wallet_id')
        .limit(page.limit + 1)
        .execute();
    }, consistency);
    const { rows: shown, nextCursor } = pageOf(found, page.limit, bound, (last) => [last.sort_name, last.wallet_id]);
    return { value: { items: shown.map(itemOf), nextCursor }, at };
  }
}

@QueryHandler(GetWallet)
export class GetWalletHandler implements IQueryHandler<GetWallet> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<WalletTables>) {}

  async execute({ tenant, walletId, consistency }: GetWallet): Promise<Seen<WalletItem>> {
    const { value: row, at } = await this.models.query(
      (db) =>
        db
          .selectFrom('wallets')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('wallet_id', '=', walletId)
          .executeTakeFirst(),
      consistency,
    );
    if (row === undefined) throw problem('not-found');
    return { value: itemOf(row), at, revision: row.revision };
  }
}
