// Why something was not sent: a refused send that the company began, per contact and channel [K1].
import { Command, decider, defineEvents, later, only, type Event } from '#kernel';
import type { Reason } from './gate.js';

/** `start`: a conversation was to be started, and what would have been said in it is not known. */
export type RefusedPurpose = 'reply' | 'notification' | 'start';

export type RefusedEvent = Event<
  'SendRefused',
  {
    contactId: string;
    /** Derives from the refused command. */
    refusalId: string;
    /** `null` where the contact has no address that a conversation could be about. */
    conversationId: string | null;
    channel: string;
    purpose: RefusedPurpose;
    reasons: readonly Reason[];
    requestedBy: string;
    refusedAt: string;
  }
>;

/** The latest thousand: a repeat is not recorded again. */
export type RefusedSends = { readonly recent: readonly string[]; readonly lastTime: string };
const REMEMBERED = 1000;

const evolve = (state: RefusedSends, event: RefusedEvent): RefusedSends => {
  only(event, 'SendRefused');
  const { refusalId, refusedAt } = event.data;
  return { recent: [...state.recent, refusalId].slice(-REMEMBERED), lastTime: later(refusedAt, state.lastTime) };
};

export class RecordRefusal extends Command<Omit<RefusedEvent['data'], 'requestedBy' | 'refusedAt'>> {
  readonly type = 'RecordRefusal';
}

const decide = ({ data, metadata }: RecordRefusal, state: RefusedSends): readonly RefusedEvent[] => {
  const { contactId, refusalId, conversationId, channel, purpose, reasons } = data;
  if (state.recent.includes(refusalId)) return [];
  const refusedAt = later(metadata.now, state.lastTime);
  const requestedBy = metadata.caller.id;
  return [
    {
      type: 'SendRefused',
      data: { contactId, refusalId, conversationId, channel, purpose, reasons, requestedBy, refusedAt },
    },
  ];
};

export const refusedDecider = decider({
  category: 'refused',
  commands: [RecordRefusal],
  idOf: (command) => command.data.contactId,
  initial: { recent: [], lastTime: '' },
  evolve,
  decide,
  sizeOf: (state) => 100 + 80 * state.recent.length,
});

export const refusedEvents = defineEvents<RefusedEvent>()({ SendRefused: { version: 1 } });
