// Carries a wish into a process as its route would: makes the command, and says what its caller is told.
import {
  type LogTail,
  StoreUnavailable,
  type EventStore,
  type createCommandRunner,
  type Outcome as Decided,
} from '#event-store';
import { RECENT_MS, type WriteSide } from '#apps/api/facts';
import type { Intake } from '#block-filter/intake.adapter';
import {
  AttachIdentity,
  BlockContact,
  blockAnswer,
  ChangeBlock,
  type contactDecider,
  type Channel,
  type ConsentChannel,
  type ContactCommand,
  DetachIdentity,
  EditContact,
  GrantConsent,
  identitiesOf,
  type Kind,
  MergeContacts,
  mergeThatAbsorbed,
  NOTHING_PREVENTED,
  RegisterContact,
  RevokeConsent,
  type Scope,
  UnblockContact,
  UndoMerge,
  UNKNOWN_RULES,
} from '#contacts';
import {
  AssignConversation,
  AssignToMe,
  ConcludeConversation,
  type conversationDecider,
  type ConversationCommand,
  HandOverMessage,
  MarkRead,
  NOTHING_KNOWN,
  PauseAutomation,
  ReopenConversation,
  ReportDelivery,
  ResumeAutomation,
  SendMessage,
  StartConversation,
  UnassignConversation,
} from '#conversations';
import type { ReadMarkerCommands } from '#conversations/conversation-commands.handlers';
import type { AnyDecider, Caller, CommandMetadata } from '#kernel';
import { deriveId, Problem, toProblem } from '#platform';
import { ChangeSetting, settingsDecider } from '#settings';
import {
  ChangeStaffAccess,
  ChangeStaffRole,
  DeactivateStaffMember,
  InviteStaffMember,
  SetStaffAvailability,
  type StaffCommand,
  staffDecider,
} from '#staff';
import {
  accepted,
  isOfWallet,
  mayAsk,
  refused,
  type Operation,
  type Outcome,
  type Wish,
} from '../reference-model/index.js';
import { carryToWallet } from './wallet-wishes.js';

/** A process: its command side over the shared log. */
export type Process = {
  readonly store: EventStore;
  readonly runner: ReturnType<typeof createCommandRunner>;
  readonly write: WriteSide;
  readonly intake: Intake;
  readonly markers: ReadMarkerCommands;
  /** Where others write too. */
  readonly tail: LogTail | null;
};

/** What the customer wrote with this command: no two write the same. */
export const textOf = (commandId: string): string => `text of ${commandId}`;

/** Asks as a door would: who it is, may they ask at all, then the command. Policies have not run yet. */
export const askOf = (
  process: Process,
  tenant: string,
  { by, now, wish }: Operation,
  commandId: string,
): Promise<Outcome | null> =>
  answered(async () => {
    const caller = await callerOf(process, tenant, by);
    if (typeof caller === 'string') return refused(caller);
    if (!mayAsk(wish, caller.role)) return refused('forbidden');
    return carry(process, wish, metadataOf(tenant, caller, now, wish, commandId));
  });

/** Token and staff record together, as the door of the product puts them. */
const callerOf = async ({ runner }: Process, tenant: string, id: string): Promise<Caller | string> => {
  const { state } = await runner.load(staffDecider, tenant, id, { maxAgeMs: RECENT_MS });
  if (state.status === 'deactivated') return 'staff-inactive';
  const claimed = id === 'founder' ? 'admin' : id === 'gateway' ? 'integration' : undefined;
  const role = claimed ?? (state.status === 'active' ? state.role : undefined);
  if (role === undefined) return 'forbidden';
  return {
    id,
    kind: role === 'integration' ? 'integration' : 'staff',
    role,
    access: role === 'agent' && state.status === 'active' ? state.access : 'all',
  };
};

const metadataOf = (tenant: string, caller: Caller, now: string, wish: Wish, commandId: string): CommandMetadata => ({
  commandId,
  correlationId: commandId,
  causationId: commandId,
  tenant,
  caller,
  now,
  requestHash: JSON.stringify([caller.id, wish]),
});

/** What a caller is told; `null` where the process lost its log before it could answer. Throws on what should never be. */
export const answered = async (work: () => Promise<Outcome>): Promise<Outcome | null> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    const problem = toProblem(error);
    if (problem.code === 'internal') throw error;
    return refused(problem.code);
  }
};

export const told = <D extends AnyDecider>(
  decided: Decided<D>,
  answer: (decided: Extract<Decided<D>, { kind: 'accepted' }>) => Readonly<Record<string, unknown>>,
): Outcome => {
  if (decided.kind === 'accepted') return accepted(answer(decided));
  const { rejected, detail } = decided.rejection;
  const named = Object.entries(detail ?? {}).find(([key]) => key === 'assigneeId' || key === 'contactId');
  return refused(rejected, named?.[1] as string | null | undefined);
};

/** Sends the command; its refusals are outcomes or Problems. */
export const carry = async (process: Process, wish: Wish, metadata: CommandMetadata): Promise<Outcome> => {
  const { runner, intake, markers, write } = process;
  if (isOfWallet(wish)) return carryToWallet(write, wish, metadata);
  switch (wish.do) {
    case 'invite':
    case 'changeAccess':
    case 'changeRole':
    case 'setAvailability':
    case 'deactivate': {
      const { staffId } = wish;
      return told(await runner.execute(staffDecider, staffId, staffCommand(wish, metadata), metadata), () => ({
        staffId,
      }));
    }
    case 'changeSetting': {
      const { key, value } = wish;
      const command = new ChangeSetting({ key, value }, metadata);
      return told(await runner.execute(settingsDecider, '', command, metadata), ({ state }) => ({
        value: state[key as keyof typeof state],
      }));
    }
    case 'register':
    case 'attach':
    case 'detach':
    case 'edit':
    case 'consent':
    case 'block':
    case 'changeBlock':
    case 'unblock':
      return told(await write.contacts.execute(contactCommand(wish, metadata)), (decided) =>
        contactAnswer(wish, decided, metadata),
      );
    case 'merge':
    case 'undoMerge':
      return told(await write.merges.execute(mergeCommand(wish, metadata)), ({ state }) => ({
        mergeId: wish.do === 'undoMerge' ? wish.mergeId : mergeThatAbsorbed(state, wish.absorbedId)?.mergeId,
      }));
    case 'receive': {
      const { channel, from, also, providerMessageId, sentAt } = wish;
      const sender = { kind: from.kind as Kind, value: from.value, verified: from.verified };
      const others = also.map(({ kind, value, verified }) => ({ kind: kind as Kind, value, verified }));
      const [result] = await intake.receive([
        {
          channel: channel as Channel,
          from: { ...sender, displayName: null, also: others },
          ...{ providerMessageId, sentAt, text: textOf(metadata.commandId), metadata },
        },
      ]);
      if (result === undefined) throw new Error('a message got no answer');
      if (result instanceof Problem) throw result;
      const { position: _, ...answer } = result;
      return accepted(answer);
    }
    case 'read': {
      const { conversationId, upToOrdinal } = wish;
      const command = new MarkRead({ conversationId, upToOrdinal, lastOrdinal: 0, seen: false }, metadata);
      return told(await markers.execute(command), ({ state }) => ({ upToOrdinal: state.upToOrdinal }));
    }
    default: {
      const command = conversationCommand(wish, metadata);
      const decided = await write.conversations.execute(command);
      if (wish.do !== 'handOver' || decided.kind === 'rejected')
        return told(decided, (done) => conversationAnswer(wish, command, done));
      const { conversationId, messageId } = wish;
      const outgoing = await write.conversations.outgoing(metadata.tenant, conversationId, messageId, metadata.now);
      return accepted({ to: outgoing.to, channel: outgoing.channel });
    }
  }
};

type Of<K extends Wish['do']> = Extract<Wish, { do: K }>;
type OfStaff = Extract<Wish, { readonly staffId: string }>;
type OfContact = Of<'register' | 'attach' | 'detach' | 'edit' | 'consent' | 'block' | 'changeBlock' | 'unblock'>;
type OfConversation = Exclude<Of<'start'> | Extract<Wish, { readonly conversationId: string }>, Of<'read' | 'block'>>;

const mergeCommand = (wish: Of<'merge' | 'undoMerge'>, metadata: CommandMetadata): MergeContacts | UndoMerge => {
  const unknown = { erased: false, stale: false };
  if (wish.do === 'undoMerge') return new UndoMerge({ mergeId: wish.mergeId, ...unknown }, metadata);
  const { survivorId, absorbedId, confirm } = wish;
  const { tenant, commandId } = metadata;
  const mergeId = deriveId(tenant, commandId, `contact-${tenant}.${survivorId}`, 'merge');
  return new MergeContacts({ mergeId, survivorId, absorbedId, confirm, known: false, ...unknown }, metadata);
};

const staffCommand = (wish: OfStaff, metadata: CommandMetadata): StaffCommand => {
  const { staffId } = wish;
  switch (wish.do) {
    case 'invite':
      return new InviteStaffMember(
        { staffId, name: staffId, role: wish.role, conversationAccess: wish.access },
        metadata,
      );
    case 'changeAccess':
      return new ChangeStaffAccess({ staffId, conversationAccess: wish.access }, metadata);
    case 'changeRole':
      return new ChangeStaffRole({ staffId, role: wish.role }, metadata);
    case 'setAvailability':
      return new SetStaffAvailability({ staffId, available: wish.available }, metadata);
    case 'deactivate':
      return new DeactivateStaffMember({ staffId }, metadata);
  }
};

const contactCommand = (wish: OfContact, metadata: CommandMetadata): ContactCommand => {
  const { tenant, commandId } = metadata;
  if (wish.do === 'register') {
    const contactId = deriveId(tenant, commandId, 'contacts', 'contact');
    const identities = wish.addresses.map(({ kind, value, verified }) => ({
      ...{ identityId: '', value, verified },
      kind: kind as Kind,
    }));
    const { tags } = wish;
    return new RegisterContact(
      {
        ...{ contactId, displayName: 'Given', source: 'manual', identities, tags },
        ...{ others: [], consents: [], prevents: NOTHING_PREVENTED },
      },
      metadata,
    );
  }
  const { contactId } = wish;
  const about = { contactId, mine: false, rules: UNKNOWN_RULES };
  switch (wish.do) {
    case 'attach': {
      const { kind, value, verified } = wish.address;
      const address = { kind: kind as Kind, value, verified };
      return new AttachIdentity(
        { ...about, identityId: '', ...address, claimedAs: [], others: [], prevents: NOTHING_PREVENTED },
        metadata,
      );
    }
    case 'detach':
      return new DetachIdentity({ ...about, identityId: wish.identityId, reason: 'removed' }, metadata);
    case 'edit':
      return new EditContact(
        { ...about, displayName: wish.name, addTags: [wish.add], removeTags: [wish.remove] },
        metadata,
      );
    case 'block': {
      const { confirm, scope, reasonCode, conversationId, notice, expiresAt } = wish;
      const blockId = blockIdOf(metadata, contactId);
      return new BlockContact(
        {
          ...about,
          blockId,
          confirm,
          ...(scope === null ? {} : { scope: scope as Scope }),
          ...(reasonCode === null ? {} : { reasonCode }),
          ...(conversationId === null ? {} : { originConversationId: conversationId }),
          ...(notice ? { notice: { text: 'Bye' } } : {}),
          ...(expiresAt === null ? {} : { expiresAt }),
        },
        metadata,
      );
    }
    case 'changeBlock': {
      const { scope, reasonCode, expiresAt } = wish;
      return new ChangeBlock(
        {
          ...about,
          ...(scope === undefined ? {} : { scope: scope as Scope }),
          ...(reasonCode === undefined ? {} : { reasonCode }),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        },
        metadata,
      );
    }
    case 'consent': {
      const { channel, state } = wish;
      const given = { ...about, channel: channel as ConsentChannel, evidence: null, wordingVersion: null };
      const source = metadata.caller.kind === 'integration' ? 'customer' : 'manual';
      return state === 'granted'
        ? new GrantConsent({ ...given, source }, metadata)
        : new RevokeConsent({ ...given, source }, metadata);
    }
    case 'unblock':
      return new UnblockContact({ ...about, confirm: wish.confirm, requestedBy: 'customer' }, metadata);
  }
};

type DecidedContact = Extract<Decided<typeof contactDecider>, { kind: 'accepted' }>;

const blockIdOf = ({ tenant, commandId }: CommandMetadata, contactId: string): string =>
  deriveId(tenant, commandId, `contact-${tenant}.${contactId}`, 'block');

const contactAnswer = (
  wish: OfContact,
  { state, events }: DecidedContact,
  metadata: CommandMetadata,
): Readonly<Record<string, unknown>> => {
  if (state.status !== 'active') throw new Error('an accepted command left no contact');
  const { contactId } = state;
  switch (wish.do) {
    case 'register':
      return {
        contactId,
        identityIds: identitiesOf(state).map(({ identityId }) => identityId),
        duplicates: [...state.duplicates],
      };
    case 'attach': {
      const canonical = wish.address.key.slice(wish.address.key.indexOf(':') + 1);
      return { identityId: identitiesOf(state).find(({ value }) => value === canonical)?.identityId };
    }
    case 'detach':
      return { identityId: wish.identityId };
    case 'edit':
    case 'consent':
      return { contactId };
    case 'block': {
      const own = { blockId: blockIdOf(metadata, wish.contactId), noticeMessageId: '' };
      const { blockId, alreadyBlocked } = blockAnswer(own, { state, events });
      return { blockId, alreadyBlocked };
    }
    case 'changeBlock':
      return { blockId: state.block?.blockId };
    case 'unblock':
      return { blockId: events.find((event) => event.type === 'ContactUnblocked')?.data.blockId };
  }
};

const conversationCommand = (wish: OfConversation, metadata: CommandMetadata): ConversationCommand => {
  const facts = NOTHING_KNOWN;
  if (wish.do === 'start') {
    const { contactId, channel, identityId } = wish;
    return new StartConversation(
      { conversationId: '', contactId, channel, identityId: identityId ?? '', mine: false, ownerId: contactId, facts },
      metadata,
    );
  }
  const { conversationId } = wish;
  const about = { conversationId, facts };
  switch (wish.do) {
    case 'send': {
      const { tenant, commandId } = metadata;
      const messageId = deriveId(tenant, commandId, `conversation-${tenant}.${conversationId}`, 'message');
      const { purpose, viaDevice } = wish;
      return new SendMessage({ ...about, messageId, text: 'Hello', purpose, viaDevice, eligible: false }, metadata);
    }
    case 'handOver':
      return new HandOverMessage({ ...about, messageId: wish.messageId }, metadata);
    case 'report':
      return new ReportDelivery(
        { ...about, messageId: wish.messageId, status: wish.status, reason: null, at: metadata.now },
        metadata,
      );
    case 'assignToMe':
      return new AssignToMe({ ...about, eligible: false }, metadata);
    case 'assign': {
      const { assigneeId, expected } = wish;
      const given = expected === undefined ? {} : { expectedAssigneeId: expected };
      return new AssignConversation({ ...about, assigneeId, ...given, note: null, eligible: false }, metadata);
    }
    case 'conclude':
      return new ConcludeConversation({ ...about, outcome: wish.outcome }, metadata);
    case 'unassign':
      return new UnassignConversation(about, metadata);
    case 'reopen':
      return new ReopenConversation(about, metadata);
    case 'pause':
      return new PauseAutomation(about, metadata);
    case 'resume':
      return new ResumeAutomation(about, metadata);
  }
};

type DecidedConversation = Extract<Decided<typeof conversationDecider>, { kind: 'accepted' }>;

const conversationAnswer = (
  wish: OfConversation,
  command: ConversationCommand,
  { state }: DecidedConversation,
): Readonly<Record<string, unknown>> => {
  if (state.status === 'unknown') throw new Error('an accepted command left no conversation');
  const { conversationId, status, assigneeId, assignmentNo, automation, engaged } = state;
  switch (wish.do) {
    case 'start':
      return { conversationId };
    case 'send':
      return { messageId: command.type === 'SendMessage' ? command.data.messageId : null, engaged, automation };
    case 'report':
      return { messageId: wish.messageId };
    case 'assignToMe':
    case 'assign':
      return { assigneeId, assignmentNo };
    default:
      return { conversationId, status, assigneeId, automation };
  }
};
