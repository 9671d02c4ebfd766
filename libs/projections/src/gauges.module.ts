import { Injectable, Module } from '@nestjs/common';
import { Metrics } from '#platform';
import { ProjectorDesk } from './ops.controller.js';
import type { ProjectionStatus } from './status.js';

const ROLES = ['live', 'side', 'standby'] as const;

/** What alerts look at: how far each read model is behind, what is parked or rebuilt, who moves them. */
@Injectable()
class ProjectionGauges {
  #asked: Promise<readonly ProjectionStatus[]> | null = null;

  constructor(
    readonly metrics: Metrics,
    readonly projector: ProjectorDesk,
  ) {
    this.#gauge('lag_seconds', 'Age of the last fact applied while behind, 0 when level', (one) => one.lagSeconds);
    this.#gauge('lag_events', 'Facts not applied yet, where the log can count them', (one) => one.lagEvents);
    this.#gauge('live', '1 while the read model answers queries and follows the log', (one) => flag(one, 'live'));
    this.#gauge('paused', '1 while it stands still: newer facts, a missing key, too much parked', (one) =>
      flag(one, 'paused'),
    );
    this.#gauge('failed', '1 while nothing is live in this version and nothing is being built', (one) =>
      one.rebuild === null ? flag(one, 'failed') : 0,
    );
    this.#gauge('parked_keys', 'Keys and streams with facts that could not be folded', (one) => one.parkedSequences);
    this.#gauge('rebuild_events', 'Facts read, while a rebuild runs', ({ rebuild }) => rebuild?.done ?? null);
    this.#gauge('rebuild_ratio', 'Facts read of those to read, while a rebuild runs', ({ rebuild }) =>
      rebuild === null || (rebuild.total ?? 0) === 0 ? null : rebuild.done / (rebuild.total ?? 1),
    );
    metrics.gauge('portaria_projector_role', '1 for what the projector of this process is now', 'role', () => {
      const now = projector.role();
      return now === null ? {} : Object.fromEntries(ROLES.map((role) => [role, role === now ? 1 : 0]));
    });
    metrics.gauge('portaria_projector_seat', '1 while some process moves the live read models', 'seat', async () => ({
      live: (await projector.isLive()) ? 1 : 0,
    }));
    metrics.gauge(
      'portaria_projector_work',
      'Totals of this process: batches written, facts in them, seconds of writing, facts of unknown types, retries',
      'what',
      () => projector.work(),
    );
  }

  /** All of one scrape are of one reading. Read models that the code has no more are left out. */
  #gauge(name: string, help: string, of: (status: ProjectionStatus) => number | null): void {
    this.metrics.gauge(`portaria_projection_${name}`, help, 'projection', async () => {
      this.#asked ??= this.projector.statuses().finally(() => (this.#asked = null));
      const values = (await this.#asked)
        .filter(({ state }) => state !== 'detached')
        .map((status) => [status.name, of(status)] as const);
      return Object.fromEntries(values.filter((value): value is readonly [string, number] => value[1] !== null));
    });
  }
}

const flag = ({ state }: ProjectionStatus, wanted: ProjectionStatus['state']): number => (state === wanted ? 1 : 0);

/** For every process that has the read models, whatever else it serves. */
@Module({ providers: [ProjectionGauges] })
export class GaugesModule {}
