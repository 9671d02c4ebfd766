import { type AllStreamResolvedEvent, START, streamNameFilter } from '@eventstore/db-client';
import type { Position } from '#kernel';
import { PulledStream } from './pulled-stream.js';
import type { ServerClient } from './server-client.js';
import { positionOf, serverPositionOf } from './stored-event.js';

/** What the server says between events, in its place behind the events that came before. */
export class Mark {
  constructor(
    readonly kind: 'checkpoint' | 'caughtUp' | 'fellBehind',
    readonly at: Position | null,
  ) {}
}

export type Feed = PulledStream<AllStreamResolvedEvent | Mark>;

/** What all consumers of an installation hear: its categories, by the beginning of the streams' names. */
export type FeedFilter = { readonly prefixes: readonly string[]; readonly bufferSize: number };

/** Events that the server looks at before it reports; 1,000 pass over what is not ours four times as fast as the default of 32. */
const searchWindow = 1_000;

/**
 * One filtered subscription, from after a position. The client reports checkpoints and the catching up when *it* has received them,
 * ahead of the events that wait in its buffer: they are put into that buffer, so that they come out in their place.
 */
export const openFeed = (client: ServerClient, after: Position | null, { prefixes, bufferSize }: FeedFilter): Feed => {
  const subscription = client.subscribeToAll(
    {
      fromPosition: after === null ? START : serverPositionOf(after),
      requiresLeader: true,
      filter: streamNameFilter({
        prefixes: [...prefixes],
        maxSearchWindow: searchWindow,
        checkpointInterval: 1,
        checkpointReached: (_, position) => {
          subscription.push(new Mark('checkpoint', positionOf(position)));
        },
      }),
    },
    { highWaterMark: bufferSize },
  );
  // Breaking out of a loop would leave the call open at the server.
  const feed: Feed = new PulledStream(subscription, () => subscription.unsubscribe());
  subscription.on('caughtUp', () => subscription.push(new Mark('caughtUp', null)));
  subscription.on('fellBehind', () => subscription.push(new Mark('fellBehind', null)));
  return feed;
};
