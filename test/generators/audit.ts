import fc from 'fast-check';
import { RecordExport, RecordView } from '#audit/access';
import { metadata, one, time } from './common.js';

const exported = fc
  .record({
    exportId: one('export-1', 'export-2', 'export-3'),
    from: fc.option(time),
    to: fc.option(time),
    head: one('0a', '0b'),
    count: fc.nat(3),
    sha256: one('1a', '1b'),
  })
  .chain((data) => metadata.map((asked) => new RecordExport(data, asked)));

const viewed = fc
  .record({
    viewId: one('view-1', 'view-2', 'view-3'),
    contactId: one('contact-1', 'contact-2'),
    reason: fc.option(one('complaint', 'court order')),
    eventIds: fc.subarray(['event-1', 'event-2', 'event-3']),
  })
  .chain((data) => metadata.map((asked) => new RecordView(data, asked)));

export const accessCommands = fc.oneof(exported, viewed);
