// A process that takes commands, as the api puts one together, without its doors.
import { connectWriteSide } from '#apps/api/facts';
import { intakeOf } from '#apps/api/gatehouse';
import { ReadMarkerCommands } from '#conversations/conversation-commands.handlers';
import { createCommandRunner, type Codec, type EventStore, type KeyVault, type LogTail } from '#event-store';
import type { ReadModels } from '#read-store';
import type { Process } from './wishes.js';

/** Nothing that runs here asks them: policies are handed what the fold says, and a contact may be in many wallets. */
const NO_READ_MODELS: ReadModels<unknown> = {
  query: () => Promise.reject(new Error('there are no read models here')),
  waitFor: () => Promise.resolve(),
  notify: () => undefined,
  close: () => Promise.resolve(),
};

/** `tail: null`: nobody else writes to the log. */
export const openProcess = ({
  tail,
  models = NO_READ_MODELS,
  newId,
  ...ports
}: {
  readonly store: EventStore;
  readonly codec: Codec;
  readonly vault: KeyVault;
  readonly tail: LogTail | null;
  readonly models?: ReadModels<unknown>;
  readonly newId?: () => string;
}): Process => {
  const { store, codec, vault } = ports;
  const others = tail === null ? { soleWriter: true } : { tail };
  const runner = createCommandRunner({ store, codec, ...others, ...(newId === undefined ? {} : { newId }) });
  const write = connectWriteSide({ runner, store, codec, vault, models });
  return {
    store,
    runner,
    write,
    intake: intakeOf({ runner, vault }, write),
    markers: new ReadMarkerCommands(runner),
    tail,
  };
};
