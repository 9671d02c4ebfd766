// What became of many at once, so that a repeat tells the same and what a crash left can be finished under its id.
import { Command, decider, defineEvents, later, unheard, type Event } from '#kernel';

export type BulkEvent =
  | Event<
      'BulkStarted',
      { bulkId: string; kind: 'wallet-contacts'; total: number; startedBy: string; startedAt: string }
    >
  | Event<'BulkItemFailed', { bulkId: string; id: string; code: string }>
  | Event<'BulkCompleted', { bulkId: string; added: number; skipped: number; failed: number; completedAt: string }>;

export type BulkFailure = { readonly id: string; readonly code: string };
export type Bulk =
  | { readonly status: 'unknown' }
  | { readonly status: 'started'; readonly failed: readonly BulkFailure[]; readonly lastTime: string }
  | {
      readonly status: 'completed';
      readonly failed: readonly BulkFailure[];
      readonly added: number;
      readonly skipped: number;
      readonly lastTime: string;
    };

const evolve = (state: Bulk, event: BulkEvent): Bulk => {
  if (event.type === 'BulkStarted') return { status: 'started', failed: [], lastTime: event.data.startedAt };
  if (state.status === 'unknown') return Object.hasOwn(bulkEvents, event.type) ? state : unheard(state, event as never);
  switch (event.type) {
    case 'BulkItemFailed':
      return { ...state, failed: [...state.failed, { id: event.data.id, code: event.data.code }] };
    case 'BulkCompleted': {
      const { added, skipped, completedAt } = event.data;
      const { failed } = state;
      return { status: 'completed', failed, added, skipped, lastTime: later(completedAt, state.lastTime) };
    }
    default:
      return unheard(state, event);
  }
};

type About<D> = D & { readonly bulkId: string };

export class StartBulk extends Command<About<{ readonly total: number }>> {
  readonly type = 'StartBulk';
}
/** Items that were looked at and refused; each is said once. */
export class RecordBulkFailures extends Command<About<{ readonly failed: readonly BulkFailure[] }>> {
  readonly type = 'RecordBulkFailures';
}
/** The end: every item was looked at. */
export class CompleteBulk extends Command<About<{ readonly added: number; readonly skipped: number }>> {
  readonly type = 'CompleteBulk';
}

const decide = (command: StartBulk | RecordBulkFailures | CompleteBulk, bulk: Bulk): readonly BulkEvent[] => {
  const { bulkId } = command.data;
  const { caller, now } = command.metadata;
  if (command.type === 'StartBulk') {
    const { total } = command.data;
    return bulk.status === 'unknown'
      ? [
          {
            type: 'BulkStarted',
            data: { bulkId, kind: 'wallet-contacts', total, startedBy: caller.id, startedAt: now },
          },
        ]
      : [];
  }
  if (bulk.status !== 'started') return [];
  if (command.type === 'RecordBulkFailures') {
    const known = new Set(bulk.failed.map(({ id }) => id));
    return command.data.failed
      .filter(({ id }) => !known.has(id))
      .map(({ id, code }) => ({ type: 'BulkItemFailed', data: { bulkId, id, code } }));
  }
  const { added, skipped } = command.data;
  const completedAt = later(now, bulk.lastTime);
  return [{ type: 'BulkCompleted', data: { bulkId, added, skipped, failed: bulk.failed.length, completedAt } }];
};

export const bulkDecider = decider({
  category: 'bulk',
  commands: [StartBulk, RecordBulkFailures, CompleteBulk],
  idOf: (command) => command.data.bulkId,
  initial: { status: 'unknown' },
  evolve,
  decide,
  sizeOf: (bulk) => 150 + (bulk.status === 'unknown' ? 0 : 120 * bulk.failed.length),
});

export const bulkEvents = defineEvents<BulkEvent>()({
  BulkStarted: { version: 1 },
  BulkItemFailed: { version: 1 },
  BulkCompleted: { version: 1 },
});
