import { describe, it } from '@jest/globals';
import { asked, at, callers, given } from '#kernel/given';
import { bulkDecider, CompleteBulk, RecordBulkFailures, StartBulk, type BulkEvent } from './bulk.js';

const bulkId = 'b1';
const now = at('10:00');
const metadata = asked(callers.supervisor, now);
const started: BulkEvent = {
  type: 'BulkStarted',
  data: { bulkId, kind: 'wallet-contacts', total: 3, startedBy: callers.supervisor.id, startedAt: now },
};
const failed: BulkEvent = { type: 'BulkItemFailed', data: { bulkId, id: 'carla', code: 'contact-not-found' } };
const completed: BulkEvent = {
  type: 'BulkCompleted',
  data: { bulkId, added: 1, skipped: 1, failed: 1, completedAt: now },
};
const start = new StartBulk({ bulkId, total: 3 }, metadata);
const record = new RecordBulkFailures({ bulkId, failed: [{ id: 'carla', code: 'contact-not-found' }] }, metadata);
const complete = new CompleteBulk({ bulkId, added: 1, skipped: 1 }, metadata);

describe('a bulk operation', () => {
  it('starts, names what failed, and ends with its numbers [W6]', () => {
    given(bulkDecider).when(start).then(started);
    given(bulkDecider, started).when(record).then(failed);
    given(bulkDecider, started, failed).when(complete).then(completed);
  });
  it('that a crash left says what failed once, and ends once [W6]', () => {
    given(bulkDecider, started).when(start).thenNothing();
    given(bulkDecider, started, failed).when(record).thenNothing();
    given(bulkDecider, started, failed, completed).when(complete).thenNothing();
    given(bulkDecider, started, completed).when(record).thenNothing();
  });
  it('that never started has no end', () => {
    given(bulkDecider).when(complete).thenNothing();
    given(bulkDecider).when(record).thenNothing();
  });
});
