import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { CODEC, type Codec } from '#event-store';
import type { RowIn } from '#kernel';
import { decodeCursor, pageOf, type Consistency, type List, type Page, type Seen } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import type { staffList } from './staff-list.js';

export class ListStaff {
  constructor(
    readonly tenant: string,
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

export type StaffItem = {
  readonly staffId: string;
  readonly name: unknown;
  readonly role: string;
  readonly conversationAccess: string;
  readonly available: boolean;
  readonly active: boolean;
};

@QueryHandler(ListStaff)
export class ListStaffHandler implements IQueryHandler<ListStaff> {
  constructor(
    @Inject(READ_MODELS) private readonly models: ReadModels<{ staff: RowIn<typeof staffList> }>,
    @Inject(CODEC) private readonly codec: Codec,
  ) {}

  async execute({ tenant, page, consistency }: ListStaff): Promise<Seen<List<StaffItem>>> {
    const bound = { list: 'staff', tenant };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string']);
    const { value: found, at } = await this.models.query((db) => {
      const rows = db.selectFrom('staff').selectAll().where('tenant', '=', tenant);
      return (after === null ? rows : rows.where('staff_id', '>', after[0]))
        .orderBy('staff_id')
        .limit(page.limit + 1)
        .execute();
    }, consistency);
    const { rows: shown, nextCursor } = pageOf(found, page.limit, bound, (last) => [last.staff_id]);
    const items = await Promise.all(
      shown.map(async (row) => ({
        staffId: row.staff_id,
        name: await this.codec.openValue(row.name),
        role: row.role,
        conversationAccess: row.conversation_access,
        available: row.available === 1,
        active: row.active === 1,
      })),
    );
    return { value: { items, nextCursor }, at };
  }
}
