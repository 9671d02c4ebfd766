import { latestPosition, reject, streamName, type Caller, type CommandMetadata, type Position } from '#kernel';
import {
  onAnotherStream,
  runOptionsOf,
  type Codec,
  type CommandRunner,
  type EventStore,
  type LoadOptions,
  type Outcome,
} from '#event-store';
import { deriveId, problem } from '#platform';
import {
  AssignConversation,
  AssignToMe,
  conversationDecider,
  isGated,
  SendMessage,
  StartConversation,
  sees,
  type Conversation,
  type ConversationCommand,
  type ConversationEvent,
  type ConversationRules,
} from './conversation.js';
import type { Cover } from './cover.js';
import type { Consent, Reason } from './gate.js';
import { conversationIdOf } from './ids.js';
import { MarkRead, readMarkerDecider } from './read-marker.js';
import { RecordRefusal, refusedDecider } from './refused-sends.js';

type ConversationOutcome = Outcome<typeof conversationDecider>;
type Refused = Extract<ConversationOutcome, { kind: 'rejected' }>;
type Place = { readonly contactId: string; readonly identityId: string; readonly channel: string };

/** What other contexts know; filled by the composition. */
export type ConversationNeighbours = {
  readonly rules: (tenant: string) => Promise<ConversationRules>;
  readonly facts: (
    tenant: string,
    place: Place,
    now: string,
    options?: LoadOptions,
  ) => Promise<{
    readonly covers: readonly Cover[];
    readonly hasAddress: boolean;
    readonly address: string | null;
    readonly ownerId: string;
    readonly consent: Consent;
  }>;
  /** The identities that are or were the contact's addresses of a channel, first attached first; `null` if there is no such contact. `merged`: another absorbed it. */
  readonly addresses: (
    tenant: string,
    contactId: string,
    channel: string,
  ) => Promise<{
    readonly merged: boolean;
    readonly identities: readonly { readonly identityId: string; readonly attached: boolean }[];
  } | null>;
  readonly isMine: (tenant: string, caller: Caller, contactId: string) => Promise<boolean>;
  readonly isErased: (tenant: string, contactId: string) => Promise<boolean>;
  /** Is this an active staff record that conversations may be assigned to, under the tenant's setting? */
  readonly eligible: (tenant: string, staffId: string, options?: LoadOptions) => Promise<boolean>;
  readonly enforceBlock: (
    conversationId: string,
    metadata: CommandMetadata,
    options?: LoadOptions,
  ) => Promise<Position | null>;
};

/** After these, a block may have been overtaken: the contact is looked at again before the answer. */
const RACES_A_BLOCK: ReadonlySet<string> = new Set([
  'ConversationOpened',
  'ConversationReopened',
  'ConversationAssigned',
  'MessageSendRequested',
]);

/** Runs the commands of conversations with what the contacts' streams say, and looks again after writing. */
export class ConversationCommands {
  constructor(
    private readonly runner: CommandRunner,
    private readonly store: EventStore,
    private readonly codec: Codec,
    private readonly neighbours: ConversationNeighbours,
  ) {}

  /** A command as its route made it, its facts still empty. A StartConversation may leave its ids empty too. */
  async execute(command: ConversationCommand): Promise<ConversationOutcome> {
    return command.type === 'StartConversation' ? this.start(command) : this.run(command);
  }

  private async run(command: ConversationCommand): Promise<ConversationOutcome> {
    const { metadata } = command;
    const { conversationId } = command.data;
    let decided = { command, state: conversationDecider.initial };
    const outcome = await this.runner.execute(
      conversationDecider,
      conversationId,
      async (state, recent) => {
        // What the company begins and what leaves the house wait for what is so now: nobody looks again behind them.
        const isLast =
          isGated(command, state, await this.neighbours.rules(metadata.tenant)) || command.type === 'HandOverMessage';
        const options = isLast ? {} : recent;
        decided = { command: await this.withFacts(command, state, options), state };
        return decided.command;
      },
      metadata,
      runOptionsOf(metadata),
    );
    if (outcome.kind === 'rejected') return this.refused(outcome, decided.command, decided.state);
    // The consent was taken back: the message is cancelled, and the gateway told so, at first as at every repeat.
    if (command.type === 'HandOverMessage' && outcome.events.some((event) => event.type === 'MessageCancelled')) {
      return { kind: 'rejected', rejection: reject('message-cancelled'), position: outcome.position };
    }
    if (outcome.repeated) return outcome;
    const raced =
      command.type !== 'SendBlockNotice' &&
      outcome.events.some((event: ConversationEvent) => RACES_A_BLOCK.has(event.type));
    if (!raced) return outcome;
    const behind = outcome.position === null ? {} : { behind: outcome.position };
    const enforced = await this.neighbours.enforceBlock(conversationId, metadata, behind);
    if (enforced === null || isViaDevice(command)) return outcome;
    const rejection = reject('contact-blocked', { reasons: ['blocked'] });
    return this.recorded({ kind: 'rejected', rejection, position: enforced }, decided.command, decided.state);
  }

  /** Whoever was erased has no address, and nothing that was meant for them goes on record. */
  private async refused(refused: Refused, command: ConversationCommand, state: Conversation): Promise<Refused> {
    if (refused.rejection.rejected === 'no-address') {
      const start = command.type === 'StartConversation' ? command.data.contactId : '';
      const contactId = state.status === 'unknown' ? start : state.contactId;
      if (await this.neighbours.isErased(command.metadata.tenant, contactId))
        return { ...refused, rejection: reject('contact-erased') };
    }
    return this.recorded(refused, command, state);
  }

  /** A refused send that the company began is on record with its reasons before it is answered [K1 I12]. */
  private async recorded(refused: Refused, command: ConversationCommand, state: Conversation): Promise<Refused> {
    const reasons = refused.rejection.detail?.['reasons'] as readonly Reason[] | undefined;
    if (reasons === undefined || !isGated(command, state)) return refused;
    if (command.type !== 'SendMessage' && command.type !== 'StartConversation') return refused;
    const place = command.type === 'StartConversation' ? command.data : state;
    if ('status' in place && place.status === 'unknown') return refused;
    const { contactId, channel, identityId } = place;
    const { conversationId } = command.data;
    const metadata = onAnotherStream(command.metadata);
    // The same key on another conversation of this contact is another command.
    const refusalId = deriveId(metadata.tenant, metadata.commandId, conversationId, 'refusal');
    const outcome = await this.runner.execute(
      refusedDecider,
      contactId,
      new RecordRefusal(
        {
          contactId,
          refusalId,
          conversationId: identityId === '' ? null : conversationId,
          channel,
          purpose: command.type === 'SendMessage' ? command.data.purpose : 'start',
          reasons,
        },
        { ...metadata, commandId: refusalId, causationId: metadata.commandId },
      ),
      { ...metadata, commandId: refusalId, causationId: metadata.commandId },
    );
    return { ...refused, position: latestPosition(refused.position, outcome.position) };
  }

  /** With the identity named, else that of the latest message on the channel, else the first attached that fits. */
  private async start(command: StartConversation): Promise<ConversationOutcome> {
    const { metadata } = command;
    const { contactId, channel } = command.data;
    const { tenant, caller } = metadata;
    const found = await this.neighbours.addresses(tenant, contactId, channel);
    // A repeat is answered whatever became of the address and of what the starter sees.
    for (const { identityId } of found?.identities ?? []) {
      const conversationId = conversationIdOf(identityId, channel);
      if (await this.runner.recognises(conversationDecider, tenant, conversationId, metadata.commandId)) {
        return this.run(new StartConversation({ ...command.data, conversationId, identityId }, metadata));
      }
    }
    if (found === null || !(await this.neighbours.isMine(tenant, caller, contactId))) {
      return { kind: 'rejected', rejection: reject('not-found'), position: null };
    }
    if (found.merged) return { kind: 'rejected', rejection: reject('contact-merged'), position: null };
    const addresses = found.identities.filter(({ attached }) => attached).map(({ identityId }) => identityId);
    const wished =
      command.data.identityId === '' ? await this.latestOf(tenant, addresses, channel) : command.data.identityId;
    // Without an address it is refused, with all that stands against it.
    const identityId = wished !== undefined && addresses.includes(wished) ? wished : '';
    const conversationId = conversationIdOf(identityId === '' ? contactId : identityId, channel);
    return this.run(new StartConversation({ ...command.data, conversationId, identityId, mine: true }, metadata));
  }

  /** What the gateway is to send: address and content in clear, read from the stream. Throws Problem 409 for what an erasure destroyed since. */
  async outgoing(
    tenant: string,
    conversationId: string,
    messageId: string,
    now: string,
  ): Promise<{ readonly to: string; readonly channel: string; readonly content: unknown }> {
    const { state } = await this.runner.load(conversationDecider, tenant, conversationId, { fresh: false });
    if (state.status === 'unknown') throw new Error('a conversation that was handed over from does not exist');
    const { address } = await this.neighbours.facts(tenant, state, now);
    const stream = streamName(conversationDecider.category, tenant, conversationId);
    for await (const page of this.store.readStream(stream, { direction: 'backwards' })) {
      for (const stored of page) {
        if (stored.type !== 'MessageSendRequested' || stored.data['messageId'] !== messageId) continue;
        const { content } = (await this.codec.open(this.codec.decode(stored))).data as { content: unknown };
        if (address === null || content === null) throw problem('contact-erased');
        return { to: address, channel: state.channel, content };
      }
    }
    throw new Error('a message that was handed over is not in its stream');
  }

  private async withFacts(
    command: ConversationCommand,
    state: Conversation,
    options: LoadOptions,
  ): Promise<ConversationCommand> {
    const { metadata } = command;
    const { tenant, now, caller } = metadata;
    const place = state.status === 'unknown' ? (command.type === 'StartConversation' ? command.data : null) : state;
    const known = place === null ? null : await this.neighbours.facts(tenant, place, now, options);
    const facts = {
      covers: known?.covers ?? [],
      hasAddress: known?.hasAddress ?? false,
      consent: known === null ? ('unset' as const) : known.consent,
      rules: await this.neighbours.rules(tenant),
    };
    if (command.type === 'AssignToMe' || command.type === 'SendMessage') {
      const eligible = await this.neighbours.eligible(tenant, caller.id, options);
      return command.type === 'AssignToMe'
        ? new AssignToMe({ ...command.data, facts, eligible }, metadata)
        : new SendMessage({ ...command.data, facts, eligible }, metadata);
    }
    if (command.type === 'AssignConversation') {
      const eligible = await this.neighbours.eligible(tenant, command.data.assigneeId, options);
      return new AssignConversation({ ...command.data, facts, eligible }, metadata);
    }
    if (command.type === 'StartConversation') {
      const ownerId = known?.ownerId ?? command.data.contactId;
      return new StartConversation({ ...command.data, facts, ownerId }, metadata);
    }
    return new (command.constructor as new (data: unknown, metadata: CommandMetadata) => ConversationCommand)(
      { ...command.data, facts },
      metadata,
    );
  }

  private async latestOf(tenant: string, identityIds: readonly string[], channel: string): Promise<string | undefined> {
    let latest: { readonly identityId: string; readonly at: string } | null = null;
    for (const identityId of identityIds) {
      const { state } = await this.runner.load(conversationDecider, tenant, conversationIdOf(identityId, channel));
      if (state.status === 'unknown' || state.lastMessageAt === '') continue;
      if (latest === null || state.lastMessageAt > latest.at) latest = { identityId, at: state.lastMessageAt };
    }
    return latest?.identityId ?? identityIds[0];
  }
}

const isViaDevice = (command: ConversationCommand): boolean => command.type === 'SendMessage' && command.data.viaDevice;

/** Moves readers' markers; the conversation's end clamps them. */
export class ReadMarkerCommands {
  constructor(private readonly runner: CommandRunner) {}

  async execute(command: MarkRead): Promise<Outcome<typeof readMarkerDecider>> {
    const { metadata } = command;
    const { state, position } = await this.runner.load(
      conversationDecider,
      metadata.tenant,
      command.data.conversationId,
    );
    const seen = state.status !== 'unknown' && sees(metadata.caller, state.assigneeId);
    const lastOrdinal = state.status === 'unknown' ? 0 : state.ordinal;
    const complete = new MarkRead({ ...command.data, lastOrdinal, seen }, metadata);
    const outcome = await this.runner.execute(
      readMarkerDecider,
      readMarkerDecider.idOf(complete),
      complete,
      metadata,
      runOptionsOf(metadata),
    );
    return { ...outcome, position: outcome.position ?? position };
  }
}
