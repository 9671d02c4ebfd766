import { describe, expect, it } from '@jest/globals';
import { asked, at, callers, given } from '#kernel/given';
import { MarkRead, readMarkerDecider, type ReadMarkerEvent } from './read-marker.js';

const mark = (data: Partial<MarkRead['data']> = {}) =>
  new MarkRead(
    { conversationId: 'conv', upToOrdinal: 5, lastOrdinal: 9, seen: true, ...data },
    asked(callers.agent, at('10:00')),
  );
const read = (upToOrdinal: number): ReadMarkerEvent => ({
  type: 'ConversationRead',
  data: { conversationId: 'conv', staffId: 'ana', upToOrdinal },
});

describe('a read marker', () => {
  it('moves forward', () => {
    given(readMarkerDecider).when(mark()).then(read(5));
    given(readMarkerDecider, read(5))
      .when(mark({ upToOrdinal: 6 }))
      .then(read(6));
  });
  it('never goes back, and is said once [I17]', () => {
    given(readMarkerDecider, read(5)).when(mark()).thenNothing();
    given(readMarkerDecider, read(5))
      .when(mark({ upToOrdinal: 4 }))
      .thenNothing();
    given(readMarkerDecider)
      .when(mark({ upToOrdinal: 0 }))
      .thenNothing();
  });
  it('stops at the end of the conversation, and waits there for what comes', () => {
    given(readMarkerDecider)
      .when(mark({ upToOrdinal: 100 }))
      .then(read(9));
    given(readMarkerDecider, read(9))
      .when(mark({ upToOrdinal: 100 }))
      .thenNothing();
    given(readMarkerDecider, read(9))
      .when(mark({ upToOrdinal: 100, lastOrdinal: 10 }))
      .then(read(10));
  });
  it('is not for who may not see the conversation [B14]', () => {
    given(readMarkerDecider)
      .when(mark({ seen: false }))
      .thenRejected('not-found');
  });
  it('is one for each reader and conversation', () => {
    expect(readMarkerDecider.idOf(mark())).toBe('ana.conv');
  });
});
