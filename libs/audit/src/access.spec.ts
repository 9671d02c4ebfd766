import { describe, it } from '@jest/globals';
import { asked, at, callers, given } from '#kernel/given';
import { accessDecider, RecordExport, RecordView, type AccessEvent } from './access.js';

const sums = { head: '0a', count: 3, sha256: '1b' };
const exporting = (exportId = 'e1', now = at('10:00')) =>
  new RecordExport({ exportId, from: null, to: at('09:00'), ...sums }, asked(callers.auditor, now));
const exported = (exportId = 'e1', exportedAt = at('10:00')): AccessEvent => ({
  type: 'AuditExported',
  data: { exportId, from: null, to: at('09:00'), ...sums, exportedBy: 'aud', exportedAt },
});
const viewing = (viewId = 'v1', now = at('10:00')) =>
  new RecordView({ viewId, contactId: 'carla', reason: 'complaint', eventIds: ['f1'] }, asked(callers.auditor, now));
const viewed = (viewId = 'v1', viewedAt = at('10:00')): AccessEvent => ({
  type: 'HiddenContentViewed',
  data: { viewId, contactId: 'carla', reason: 'complaint', eventIds: ['f1'], viewedBy: 'aud', viewedAt },
});

describe('reading what is hidden, and taking the log away,', () => {
  it('is a fact that says who, when and what it came to', () => {
    given(accessDecider).when(exporting()).then(exported());
    given(accessDecider).when(viewing()).then(viewed());
  });
  it('is recorded each time', () => {
    given(accessDecider, exported('e1')).when(exporting('e2')).then(exported('e2'));
    given(accessDecider, viewed('v1')).when(viewing('v2')).then(viewed('v2'));
  });
  it('is stored once when said twice', () => {
    given(accessDecider, exported()).when(exporting()).thenNothing();
    given(accessDecider, viewed()).when(viewing()).thenNothing();
  });
  it('never goes back in time [I0]', () => {
    given(accessDecider, viewed('v1', at('10:05')))
      .when(exporting('e1', at('10:00')))
      .then(exported('e1', at('10:05')));
  });
});
