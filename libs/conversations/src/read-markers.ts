// How far each reader has read.
import { integer, projection, type Recorded } from '#kernel';
import type { ReadMarkerEvent } from './read-marker.js';

export const readMarkers = projection<ReadMarkerEvent>()({
  name: 'read_markers',
  version: 1,
  table: { key: ['staff_id', 'conversation_id'], columns: { up_to_ordinal: integer } },
  keyOf: ({ data }: Recorded<ReadMarkerEvent>) => ({ staff_id: data.staffId, conversation_id: data.conversationId }),
  on: { ConversationRead: (_row, { data }) => ({ up_to_ordinal: data.upToOrdinal }) },
});
