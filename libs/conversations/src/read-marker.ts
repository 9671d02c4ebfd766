// How far a reader has read a conversation. It never goes back.
import { Command, decider, defineEvents, reject, only, type Event, type Rejection } from '#kernel';

export type ReadMarkerEvent = Event<
  'ConversationRead',
  { conversationId: string; staffId: string; upToOrdinal: number }
>;

export type ReadMarker = { readonly upToOrdinal: number };

const evolve = (_state: ReadMarker, event: ReadMarkerEvent): ReadMarker => {
  only(event, 'ConversationRead');
  return { upToOrdinal: event.data.upToOrdinal };
};

export class MarkRead extends Command<{
  readonly conversationId: string;
  readonly upToOrdinal: number;
  /** The conversation's latest ordinal: what lies beyond the end is clamped to it. */
  readonly lastOrdinal: number;
  /** May the reader see the conversation? */
  readonly seen: boolean;
}> {
  readonly type = 'MarkRead';
}

const decide = (
  { data, metadata }: MarkRead,
  state: ReadMarker,
): readonly ReadMarkerEvent[] | Rejection<'not-found'> => {
  if (!data.seen) return reject('not-found');
  const upToOrdinal = Math.min(data.upToOrdinal, data.lastOrdinal);
  if (upToOrdinal <= state.upToOrdinal) return [];
  return [
    {
      type: 'ConversationRead',
      data: { conversationId: data.conversationId, staffId: metadata.caller.id, upToOrdinal },
    },
  ];
};

export const readMarkerDecider = decider({
  category: 'readmarker',
  commands: [MarkRead],
  idOf: (command) => `${command.metadata.caller.id}.${command.data.conversationId}`,
  initial: { upToOrdinal: 0 },
  evolve,
  decide,
});

export const readMarkerEvents = defineEvents<ReadMarkerEvent>()({ ConversationRead: { version: 1 } });
