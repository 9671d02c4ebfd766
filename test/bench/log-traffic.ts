// Traffic as a support desk sees it, seeded: a few busy conversations, many quiet ones. Facts go through the codec, sealed values included.
import type { ContactEvent, IdentityEvent } from '#contacts';
import type { ConversationEvent, ReadMarkerEvent } from '#conversations';
import type { Codec, EventStore } from '#event-store';
import { streamName } from '#kernel';
import type { StaffEvent } from '#staff';

const TENANT = 'acme';
const STAFF = 40;
/** Conversations under way at a time. */
const OPEN = 2000;
const BUSY = 50;
const BATCH = 500;

type Talk = {
  readonly id: string;
  readonly contactId: string;
  readonly identityId: string;
  ordinal: number;
  assignee: string | null;
  assignmentNo: number;
  sessionNo: number;
  engaged: boolean;
  left: number;
};
type Fact = ContactEvent | IdentityEvent | ConversationEvent | ReadMarkerEvent | StaffEvent;
type Item = { readonly stream: string; readonly subject: string; readonly event: Fact };

/** mulberry32: the same log on every machine. */
const dice = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

const WORDS =
  'hello thanks could you please tell me where my order is because the parcel has not arrived yet and today I wait'.split(
    ' ',
  );

/** Puts about `count` facts into an empty log. */
export const fill = async (store: EventStore, codec: Codec, count: number, seed = 1): Promise<void> => {
  const random = dice(seed);
  const pick = (n: number): number => Math.floor(random() * n);
  const hex = (n: number): string => Array.from({ length: n }, () => pick(16).toString(16)).join('');
  const uuid = (): string => `${hex(8)}-${hex(4)}-5${hex(3)}-a${hex(3)}-${hex(12)}`;
  let clock = Date.UTC(2026, 0, 1);
  const now = (): string => new Date((clock += pick(400))).toISOString();
  /** Time-ordered, as ids of events and of people are made. */
  const v7 = (): string => {
    const ms = clock.toString(16).padStart(12, '0');
    return `${ms.slice(0, 8)}-${ms.slice(8)}-7${hex(3)}-a${hex(3)}-${hex(12)}`;
  };
  const words = (): string => Array.from({ length: 4 + pick(20) }, () => WORDS[pick(WORDS.length)]).join(' ');

  const revisions = new Map<string, number>();
  let queue: Item[] = [];
  let made = 0;
  const add = (category: string, id: string, subject: string, ...events: readonly Fact[]): void => {
    made += events.length;
    for (const event of events) queue.push({ stream: streamName(category, TENANT, id), subject, event });
  };
  const flush = async (): Promise<void> => {
    const at = new Date(clock).toISOString();
    const encoded = await codec.encode(
      queue.map(({ event, subject }) => {
        const id = v7();
        return {
          id,
          event: event,
          tenant: TENANT,
          subject,
          metadata: {
            $correlationId: id,
            $causationId: id,
            commandId: id,
            commandType: event.type,
            actor: 'bench',
            actorKind: 'system' as const,
            tenant: TENANT,
            occurredAt: at,
            requestHash: hex(64),
          },
        };
      }),
    );
    const results = await store.appendMany(
      encoded.map((event, at) => {
        const stream = queue[at]?.stream ?? '';
        const revision = revisions.get(stream) ?? -1;
        revisions.set(stream, revision + 1);
        return { stream, expected: revision === -1 ? ('no_stream' as const) : { revision }, events: [event] };
      }),
    );
    const failure = results.find((result) => result instanceof Error);
    if (failure instanceof Error) throw failure;
    queue = [];
  };

  const staff = Array.from({ length: STAFF }, v7);
  for (const staffId of staff) {
    add('staff', staffId, `staff:${staffId}`, {
      type: 'StaffMemberInvited',
      data: { staffId, name: 'Ada Byron', role: 'agent', conversationAccess: 'all', invitedBy: 'bench' },
    });
  }

  const register = (): { contactId: string; identityId: string } => {
    const [contactId, identityId, at] = [v7(), v7(), now()];
    const subject = `contact:${contactId}`;
    add('identity', hex(64), subject, { type: 'IdentityClaimed', data: { contactId, identityId, claimedAt: at } });
    add('contact', contactId, subject, {
      type: 'ContactRegistered',
      data: {
        contactId,
        displayName: `Person ${hex(6)}`,
        source: 'inbound',
        registeredAt: at,
        identities: [
          { identityId, kind: 'phone', value: `+49151${String(10_000_000 + pick(80_000_000))}`, verified: false },
        ],
      },
    });
    if (random() < 0.1) add('contact', contactId, subject, { type: 'ContactTagged', data: { contactId, tag: 'vip' } });
    return { contactId, identityId };
  };
  const open = (left: number): Talk => {
    const { contactId, identityId } = register();
    const talk: Talk = {
      id: uuid(),
      contactId,
      identityId,
      ordinal: 0,
      assignee: null,
      assignmentNo: 0,
      sessionNo: 1,
      engaged: false,
      left,
    };
    say(talk, {
      type: 'ConversationOpened',
      data: {
        conversationId: talk.id,
        contactId,
        channel: 'whatsapp',
        identityId,
        openedBy: 'customer',
        openedAt: now(),
      },
    });
    return talk;
  };
  const say = (talk: Talk, ...events: readonly ConversationEvent[]): void => {
    add('conversation', talk.id, `contact:${talk.contactId}`, ...events);
  };
  const assign = (talk: Talk): void => {
    const assigneeId = staff[pick(STAFF)] ?? '';
    say(talk, {
      type: 'ConversationAssigned',
      data: {
        conversationId: talk.id,
        assigneeId,
        previousAssigneeId: talk.assignee,
        assignedBy: assigneeId,
        method: 'self',
        walletId: null,
        note: random() < 0.05 ? words() : null,
        assignmentNo: ++talk.assignmentNo,
        assignedAt: now(),
      },
    });
    talk.assignee = assigneeId;
    talk.engaged = false;
  };
  const receive = (talk: Talk): void => {
    const at = now();
    const providerMessageId = `wamid.${hex(32)}`;
    if (talk.left <= 0 && talk.assignee === null) talk.left = 1;
    say(talk, {
      type: 'MessageReceived',
      data: {
        messageId: uuid(),
        providerMessageId,
        providerMessageKey: hex(64),
        identityId: talk.identityId,
        sentAt: at,
        receivedAt: now(),
        content: { text: words() },
        ordinal: ++talk.ordinal,
      },
    });
  };
  const answer = (talk: Talk): void => {
    if (talk.assignee === null) assign(talk);
    const [messageId, authorId] = [uuid(), talk.assignee ?? ''];
    say(talk, {
      type: 'MessageSendRequested',
      data: {
        messageId,
        authorId,
        authorKind: 'staff',
        content: { text: words() },
        purpose: 'reply',
        viaDevice: false,
        ordinal: ++talk.ordinal,
        requestedAt: now(),
        block: null,
      },
    });
    if (!talk.engaged) {
      talk.engaged = true;
      say(talk, {
        type: 'AssigneeEngaged',
        data: { assigneeId: authorId, messageId, assignmentNo: talk.assignmentNo, engagedAt: now() },
      });
    }
    say(talk, { type: 'MessageHandedOver', data: { messageId, handedOverAt: now() } });
    if (random() < 0.6) say(talk, { type: 'MessageDelivered', data: { messageId, at: now() } });
    if (random() < 0.3) {
      add('readmarker', `${authorId}:${talk.id}`, `staff:${authorId}`, {
        type: 'ConversationRead',
        data: { conversationId: talk.id, staffId: authorId, upToOrdinal: talk.ordinal },
      });
    }
  };
  const conclude = (talk: Talk): void => {
    const { assignee } = talk;
    if (assignee !== null) {
      say(talk, {
        type: 'ConversationUnassigned',
        data: {
          previousAssigneeId: assignee,
          by: assignee,
          reason: 'concluded',
          blockId: null,
          assignmentNo: talk.assignmentNo,
          unassignedAt: now(),
        },
      });
    }
    say(talk, {
      type: 'ConversationConcluded',
      data: {
        by: assignee ?? 'system',
        assigneeAtConclusion: assignee,
        outcome: 'done',
        cause: 'agent',
        blockId: null,
        sessionNo: talk.sessionNo,
        concludedAt: now(),
      },
    });
    talk.assignee = null;
  };
  const block = (talk: Talk): void => {
    const [blockId, at] = [v7(), now()];
    add('contact', talk.contactId, `contact:${talk.contactId}`, {
      type: 'ContactBlocked',
      data: {
        contactId: talk.contactId,
        blockId,
        kind: 'protection',
        scope: { all: true },
        reasonCode: 'abuse',
        reasonText: words(),
        blockedBy: staff[0] ?? '',
        blockedAt: at,
        originConversationId: talk.id,
        noticeMessageId: null,
        expiresAt: null,
        coveredIdentityIds: [talk.identityId],
        policy: { inboundMode: 'ignore', unblockBy: 'adminOnly' as never, closeOpen: false },
      },
    });
  };

  const quietLength = (): number => 6 + pick(12);
  const busy = Array.from({ length: BUSY }, () => open(Number.POSITIVE_INFINITY));
  const quiet: Talk[] = [];
  while (made < count) {
    if (quiet.length < OPEN && random() < 0.5) quiet.push(open(quietLength()));
    const isBusy = random() < 0.15 || quiet.length === 0;
    const at = isBusy ? pick(BUSY) : pick(quiet.length);
    const talk = isBusy ? busy[at] : quiet[at];
    if (talk === undefined) continue;
    receive(talk);
    talk.left--;
    if (random() < 0.12) answer(talk);
    if (talk.left <= 0) {
      conclude(talk);
      if (random() < 0.02) block(talk);
      if (random() < 0.3) {
        // Comes back some day.
        talk.sessionNo++;
        talk.left = quietLength();
        say(talk, {
          type: 'ConversationReopened',
          data: {
            reason: 'customer_message',
            by: null,
            previousAssigneeId: null,
            sessionNo: talk.sessionNo,
            reopenedAt: now(),
          },
        });
      } else quiet[at] = open(quietLength());
    }
    if (queue.length >= BATCH) await flush();
  }
  await flush();
};
