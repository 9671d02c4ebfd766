import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { RowIn } from '#kernel';
import { problem, type Consistency, type Seen } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import type { ErasureStep } from './contact.js';
import type { erasures } from './erasures.js';

export class GetErasure {
  constructor(
    readonly tenant: string,
    readonly erasureId: string,
    readonly consistency: Consistency,
  ) {}
}

export type Certificate = {
  readonly erasureId: string;
  readonly contactId: string;
  readonly status: string;
  readonly requestedBy: string;
  readonly legalBasis: string;
  readonly keyId: string | null;
  readonly destroyedAt: string | null;
  readonly completedAt: string | null;
  readonly steps: readonly ErasureStep[];
};

@QueryHandler(GetErasure)
export class GetErasureHandler implements IQueryHandler<GetErasure> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<{ erasures: RowIn<typeof erasures> }>) {}

  async execute({ tenant, erasureId, consistency }: GetErasure): Promise<Seen<Certificate>> {
    const { value: row, at } = await this.models.query(
      (db) =>
        db
          .selectFrom('erasures')
          .selectAll()
          .where('tenant', '=', tenant)
          .where('erasure_id', '=', erasureId)
          .executeTakeFirst(),
      consistency,
    );
    if (row === undefined) throw problem('not-found');
    return {
      value: {
        erasureId,
        contactId: row.contact_id,
        status: row.status,
        requestedBy: row.requested_by,
        legalBasis: row.legal_basis,
        keyId: row.key_id,
        destroyedAt: row.destroyed_at,
        completedAt: row.completed_at,
        steps: row.steps,
      },
      at,
    };
  }
}
