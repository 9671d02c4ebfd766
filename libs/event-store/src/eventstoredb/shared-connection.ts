import { AppendLane } from './append-lane.js';
import { connectionSettingsOf } from './connection-settings.js';
import { EventStoreDbMisconfigured } from './errors.js';
import { ServerClient } from './server-client.js';

/** What one thread has of a server: the lane of its appends, and a client for reading beside it. */
export type SharedConnection = {
  readonly lane: AppendLane;
  readonly reader: ServerClient;
  /** The last user's release ends the connection. */
  release(): Promise<void>;
};

type Shared = { readonly lane: AppendLane; readonly reader: ServerClient; uses: number; onRenewed: Set<() => void> };
const open = new Map<string, Shared>();

/**
 * One connection per thread and server. A second server in one thread is refused: the client has one bank for the promises of
 * all appends, so that an error at one server would reject, and then bring down, the appends to the other.
 */
export const shareConnection = (connectionString: string, onRenewed: () => void): SharedConnection => {
  const settings = connectionSettingsOf(connectionString);
  if (open.size > 0 && !open.has(connectionString)) {
    throw new EventStoreDbMisconfigured(
      'A thread appends to one EventStoreDB only: open the other one in a thread of its own.',
    );
  }
  const shared = open.get(connectionString) ?? {
    lane: new AppendLane(settings, () => {
      for (const listener of shared.onRenewed) listener();
    }),
    reader: new ServerClient(settings),
    uses: 0,
    onRenewed: new Set<() => void>(),
  };
  open.set(connectionString, shared);
  shared.uses += 1;
  shared.onRenewed.add(onRenewed);
  return {
    lane: shared.lane,
    reader: shared.reader,
    release: async () => {
      shared.onRenewed.delete(onRenewed);
      shared.uses -= 1;
      if (shared.uses > 0) return;
      await Promise.all([shared.lane.close(), shared.reader.end()]);
      open.delete(connectionString);
    },
  };
};
