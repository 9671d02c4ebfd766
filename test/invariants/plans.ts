// Plans: what random people ask of the world, step by step, several at once. A plan names nothing by id: its numbers pick among
// what there is when its turn comes, so that any part of it is a plan too and a failing one shrinks.
import fc from 'fast-check';
import {
  CHANNELS,
  latest,
  shifted,
  type Address,
  type Contact,
  type Conversation,
  type Scope,
  type Time,
  type Wish,
  type World,
} from '../reference-model/index.js';

export type Intent = {
  readonly do: Wish['do'];
  readonly by: string;
  /** Milliseconds that the clock of the process that takes it is ahead. */
  readonly skew: number;
  readonly process: number;
  readonly picks: readonly number[];
};
export type PlannedStep = {
  /** Milliseconds that pass before it. */
  readonly wait: number;
  /** All intents of a step are about the same objects more often than not. */
  readonly focus: number;
  readonly intents: readonly Intent[];
  /** The log is gone after so many appends of the step. */
  readonly crashAfter: number | null;
  /** Does the timer run before it? */
  readonly timer: boolean;
};
export type Plan = { readonly seed: number; readonly steps: readonly PlannedStep[] };

export const STAFF = [
  { staffId: 'ana', role: 'agent', access: 'all' },
  { staffId: 'bia', role: 'agent', access: 'all' },
  { staffId: 'lia', role: 'agent', access: 'assigned_only' },
  { staffId: 'caio', role: 'agent', access: 'assigned_and_unassigned' },
  { staffId: 'sol', role: 'supervisor', access: 'all' },
  { staffId: 'adm', role: 'admin', access: 'all' },
] as const;

const phone = (kind: string, value: string, key: string): Address => ({ kind, value, key, verified: true });
/** The spellings of a line are one address. */
const ADDRESSES: readonly (readonly Address[])[] = [
  [
    phone('whatsapp', '+5511912345678', 'phone:+5511912345678'),
    phone('whatsapp', '5511912345678', 'phone:+5511912345678'),
    phone('sms', '(11) 1234-5678'.replace('1234', '91234'), 'phone:+5511912345678'),
    phone('phone', '+55 11 8888-0000'.replace('8888-0000', '91234-5678'), 'phone:+5511912345678'),
  ],
  [
    phone('whatsapp', '+5588999990000', 'phone:+5588999990000'),
    phone('phone', '+55 88 9999-0000', 'phone:+5588999990000'),
    phone('viber', '558899990000', 'phone:+5588999990000'),
  ],
  [
    { kind: 'email', value: 'Joana@Example.com ', key: 'email:joana@example.com', verified: true },
    { kind: 'email', value: 'joana@example.com', key: 'email:joana@example.com', verified: true },
  ],
  [{ kind: 'webchat', value: 'cookie-1', key: 'webchat:cookie-1', verified: false }],
];

/** The values of settings that the model reads (source: spec/settings.md), and one that none has. */
const SETTINGS: readonly (readonly [string, readonly (string | boolean)[]])[] = [
  ['block.unblockBy', ['admin', 'supervisor', 'anyAgent']],
  ['block.blockBy', ['anyAgent', 'supervisor', 'admin', 'nonsense']],
  ['block.inboundMode', ['ignore', 'quarantine', 'receive']],
  ['block.requireConfirm', [true, false]],
  ['block.notice', ['optional', 'off']],
  ['block.closeOpen', [true, false]],
  ['block.defaultScope', ['allChannels', 'thisChannel']],
  ['block.reason', ['optional', 'required']],
  ['block.allowExpiry', [true, true, true, false]],
  ['block.allowExpiry', [true]],
  ['assignment.onReply', ['never', 'ifUnassigned']],
  ['assignment.replyBy', ['anyWithAccess', 'assigneeOnly']],
  ['assignment.targets', ['activeMembers', 'availableOnly']],
  ['automation.pauseOn', ['assigneeOrAnyIfUnassigned', 'assignee', 'anyAgent']],
  ['conclude.release', ['onConclude', 'onReopen', 'keep']],
  ['conclude.by', ['anyWithAccess', 'assigneeOnly']],
  ['consent.gates', ['notifications', 'allOutbound']],
  ['consent.defaultPhone', [true, false]],
  ['consent.defaultEmail', [true, false]],
  ['wallet.perContact', ['many', 'one']],
];

export type Mix = Partial<Record<Wish['do'], number>>;
/** A little of everything; a mix gives more weight to what it is about. */
const EVERYTHING: Record<Wish['do'], number> = {
  invite: 1,
  changeAccess: 1,
  changeRole: 1,
  setAvailability: 1,
  deactivate: 1,
  changeSetting: 3,
  register: 1,
  attach: 3,
  detach: 2,
  edit: 1,
  consent: 3,
  block: 5,
  changeBlock: 3,
  unblock: 4,
  receive: 12,
  start: 3,
  send: 6,
  handOver: 3,
  report: 1,
  assignToMe: 3,
  assign: 3,
  unassign: 1,
  conclude: 3,
  reopen: 2,
  pause: 1,
  resume: 1,
  read: 1,
  // Asked for where they are what a plan is about.
  merge: 0,
  undoMerge: 0,
  createWallet: 0,
  editWallet: 0,
  makeResponsible: 0,
  addMember: 0,
  removeMember: 0,
  archiveWallet: 0,
  addToWallet: 0,
  removeFromWallet: 0,
};
/** The lives of wallets. */
export const WALLETS = {
  createWallet: 6,
  editWallet: 4,
  makeResponsible: 4,
  addMember: 4,
  removeMember: 4,
  archiveWallet: 2,
  addToWallet: 12,
  removeFromWallet: 4,
} as const;

const OF_ADMINS: readonly Wish['do'][] = [
  'invite',
  'changeAccess',
  'changeRole',
  'setAvailability',
  'deactivate',
  'changeSetting',
];
/** What most people may not do. */
const OF_RIGHTS: readonly Wish['do'][] = ['unblock', 'changeBlock', 'consent', 'merge', 'undoMerge'];
const OF_GATEWAYS: readonly Wish['do'][] = ['receive', 'handOver', 'report'];

const whoAsks = (what: Wish['do']): fc.Arbitrary<string> => {
  if (OF_GATEWAYS.includes(what)) return fc.constant('gateway');
  if (OF_ADMINS.includes(what)) return fc.constantFrom('founder', 'founder', 'founder', 'adm', 'ana');
  if (Object.hasOwn(WALLETS, what)) return fc.constantFrom('sol', 'adm', 'founder', 'founder', 'ana', 'lia', 'gateway');
  if (OF_RIGHTS.includes(what)) return fc.constantFrom('ana', 'lia', 'sol', 'adm', 'founder', 'founder');
  return fc.constantFrom(...STAFF.map(({ staffId }) => staffId), 'ana', 'adm', 'adm', 'founder', 'gateway');
};

export const intentOf = (mix: Mix, skews: readonly number[]): fc.Arbitrary<Intent> =>
  fc
    .oneof(
      ...Object.entries({ ...EVERYTHING, ...mix })
        .filter(([, weight]) => weight > 0)
        .map(([what, weight]) => ({ weight, arbitrary: fc.constant(what as Wish['do']) })),
    )
    .chain((what) =>
      fc.record({
        do: fc.constant(what),
        by: whoAsks(what),
        skew: fc.constantFrom(...skews),
        process: fc.nat(1),
        picks: fc.array(fc.nat(999), { minLength: 8, maxLength: 8 }),
      }),
    );

const MINUTE = 60_000;

export type Planned = {
  readonly mix?: Mix;
  /** How many at once, at most. */
  readonly atOnce?: number;
  readonly steps?: number;
  readonly skewed?: boolean;
  readonly crashes?: boolean;
};

export const plans = ({
  mix = {},
  atOnce = 4,
  steps = 25,
  skewed = false,
  crashes = false,
}: Planned): fc.Arbitrary<Plan> =>
  fc.record({
    seed: fc.nat(),
    steps: fc.array(
      fc.record({
        wait: fc.constantFrom(1000, 1000, 5000, MINUTE, 11 * MINUTE, 25 * 60 * MINUTE),
        focus: fc.nat(2),
        intents: fc.array(intentOf(mix, skewed ? [0, 0, -9000, 9000] : [0]), { minLength: 1, maxLength: atOnce }),
        crashAfter: crashes ? fc.option(fc.nat(6), { freq: 3 }) : fc.constant(null),
        timer: fc.boolean(),
      }),
      { minLength: 1, maxLength: steps, size: 'max' },
    ),
  });

/** The wish that an intent comes to in the world as it is; `null` where there is nothing that it could be about. */
export const wishOf = ({ do: what, picks }: Intent, focus: number, world: World, now: Time): Wish | null => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, which = 0, more = 0] = picks;
  const at = which % 5 === 0 ? which : focus;
  const contact = pick([...world.contacts.values()], at);
  const conversation = pick([...world.conversations.values()], at);
  const staffId = pick(STAFF, a)?.staffId ?? 'ana';
  const role = (['agent', 'supervisor', 'admin'] as const)[b % 3] ?? 'agent';
  const access = (['all', 'assigned_only', 'assigned_and_unassigned'] as const)[c % 3] ?? 'all';
  const address = addressOf(b % 7 < 4 ? focus : b, c);
  switch (what) {
    case 'invite':
      return { do: what, staffId: ['ana', 'eva', 'ivo'][a % 3] ?? 'eva', role, access };
    case 'changeAccess':
      return { do: what, staffId, access };
    case 'changeRole':
      return { do: what, staffId, role };
    case 'setAvailability':
      return { do: what, staffId, available: b % 2 === 0 };
    case 'deactivate':
      return { do: what, staffId };
    case 'changeSetting': {
      const [key, values] = pick(SETTINGS, a) ?? ['', []];
      return { do: what, key, value: pick(values, b) ?? true };
    }
    case 'register':
      return {
        do: what,
        addresses: a % 4 === 0 ? [] : [address, addressOf(d, e)].slice(0, 1 + (f % 2)),
        tags: ['vip'],
      };
    case 'receive':
      return {
        do: what,
        channel: channelOf(address, d),
        from: address,
        also: e % 6 === 0 && address.kind === 'webchat' ? [addressOf(2, f)] : [],
        providerMessageId: `p${String(f % 40)}`,
        sentAt: sentAtOf(a, which + e, contact, now),
      };
    case 'merge': {
      const other = pick([...world.contacts.values()], at + 1 + (d % 2));
      return contact === undefined || other === undefined
        ? null
        : { do: what, survivorId: contact.contactId, absorbedId: other.contactId, confirm: e % 8 !== 0 };
    }
    case 'undoMerge': {
      // The latest ones are those that can be undone.
      const mergeId = pick([...world.merges.keys()].slice(-2), a)?.toString();
      return mergeId === undefined ? null : { do: what, mergeId };
    }
    case 'createWallet':
      return { do: what, name: nameOf(a), code: codeOf(b) ?? null, responsibleId: c % 3 === 0 ? staffId : null };
    case 'editWallet':
    case 'makeResponsible':
    case 'addMember':
    case 'removeMember':
    case 'archiveWallet':
    case 'addToWallet':
    case 'removeFromWallet': {
      const walletId = pick([...world.wallets.keys()], at);
      return walletId === undefined ? null : wishOfWallet(what, walletId, world, contact, picks, staffId);
    }
    default:
      return contact === undefined || !OF_CONTACTS.includes(what)
        ? conversation === undefined
          ? null
          : wishOfConversation(what, conversation, [a, b, c, d, more], staffId)
        : wishOfContact(what, contact, world, now, picks, address);
  }
};

const OF_CONTACTS: readonly Wish['do'][] = [
  'attach',
  'detach',
  'edit',
  'consent',
  'block',
  'changeBlock',
  'unblock',
  'start',
];

const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];

const addressOf = (which: number, spelling: number): Address => {
  const spellings = ADDRESSES[which % ADDRESSES.length] ?? [];
  return pick(spellings, spelling)!;
};

const channelOf = ({ kind }: Address, at: number): string =>
  kind === 'phone' ? (['whatsapp', 'viber', 'sms'][at % 3] ?? 'whatsapp') : kind;

/** None, some time ago, or at the very edge of what a block covers. */
const sentAtOf = (how: number, which: number, contact: Contact | undefined, now: Time): Time | null => {
  // In their order in time: two worlds that are the same may keep them in another.
  const edges = (contact?.episodes ?? [])
    .flatMap(({ coverage, expiresAt }) => coverage.flatMap(({ from, to }) => [from, to ?? expiresAt ?? from]))
    .sort();
  const edge = pick(edges, which);
  const near = edge === undefined ? now : shifted(edge, (which % 3) - 1);
  return (
    [null, null, shifted(now, -1000), shifted(now, -10 * MINUTE), shifted(now, -25 * 60 * MINUTE), near, near][
      how % 7
    ] ?? null
  );
};

const scopeOf = (how: number, channel: number): Scope | null =>
  how % 3 === 0
    ? { all: true }
    : how % 3 === 1
      ? {
          channels: [
            ...new Set([pick(CHANNELS.slice(0, 5), channel), pick(CHANNELS.slice(0, 5), channel >> 3)]),
          ].sort() as string[],
        }
      : null;

const wishOfContact = (
  what: Wish['do'],
  contact: Contact,
  world: World,
  now: Time,
  [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly number[],
  address: Address,
): Wish | null => {
  const { contactId } = contact;
  const later = shifted(latest(now, contact.lastTime), [MINUTE, 12 * MINUTE, 20 * 60 * MINUTE][d % 3] ?? MINUTE);
  switch (what) {
    case 'attach':
      return { do: what, contactId, address };
    case 'detach': {
      const identityId = pick(contact.identities, a)?.identityId;
      return identityId === undefined ? null : { do: what, contactId, identityId };
    }
    case 'edit':
      return {
        do: what,
        contactId,
        name: a % 2 === 0 ? 'Joana' : 'Ana',
        add: b % 2 === 0 ? 'vip' : 'late',
        remove: 'old',
      };
    case 'block': {
      const own = [...world.conversations.values()].filter((one) => one.contactId === contactId);
      const conversationId = c % 4 === 0 ? (pick(own, d)?.conversationId ?? null) : null;
      return {
        do: what,
        contactId,
        confirm: a % 8 !== 0,
        scope: scopeOf(b, c),
        reasonCode: f % 3 === 0 ? null : 'abuse',
        conversationId,
        notice: e % 4 === 0,
        expiresAt: f % 7 === 0 ? later : null,
      };
    }
    case 'changeBlock':
      return {
        do: what,
        contactId,
        scope: scopeOf(a, b) ?? undefined,
        reasonCode: [undefined, undefined, null, 'abuse', 'spam'][c % 5],
        expiresAt: [undefined, undefined, undefined, null, later][e % 5],
      };
    case 'consent': {
      const channel = pick(CHANNELS.slice(0, 4), a) ?? 'whatsapp';
      return { do: what, contactId, channel, state: b % 5 < 3 ? 'granted' : 'revoked' };
    }
    case 'unblock':
      return { do: what, contactId, confirm: a % 8 !== 0 };
    case 'start': {
      const channel = pick(CHANNELS.slice(0, 5), a) ?? 'whatsapp';
      return {
        do: what,
        contactId,
        channel,
        identityId: b % 3 === 0 ? (pick(contact.identities, c)?.identityId ?? null) : null,
      };
    }
    default:
      return null;
  }
};

const nameOf = (at: number): string => ['Gold', 'GOLD', 'gold', 'Silver', 'Bronze'][at % 5] ?? 'Gold';
const codeOf = (at: number): string | null | undefined => [undefined, null, 'vip', 'vip', 'churn'][at % 5];

type WalletWish = Extract<Wish, { readonly walletId: string }>['do'];

const wishOfWallet = (
  what: WalletWish,
  walletId: string,
  world: World,
  contact: Contact | undefined,
  [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly number[],
  staffId: string,
): Wish | null => {
  const from = e % 2 === 0 ? pick([...world.conversations.values()], d) : undefined;
  const fromConversation = from?.conversationId ?? null;
  switch (what) {
    case 'editWallet':
      return { do: what, walletId, name: f % 3 === 0 ? undefined : nameOf(a), code: codeOf(b) };
    case 'makeResponsible':
      return { do: what, walletId, responsibleId: b % 3 === 0 ? null : staffId };
    case 'addMember':
    case 'removeMember':
      return { do: what, walletId, memberId: staffId };
    case 'archiveWallet':
      return { do: what, walletId };
    default: {
      const some = [...world.contacts.keys()];
      const contactIds = [pick(some, a), pick(some, b), pick(some, a)].slice(0, 1 + (f % 3));
      const own = from !== undefined && c % 4 !== 0 ? from.contactId : contact?.contactId;
      if (own === undefined) return null;
      return what === 'removeFromWallet'
        ? { do: what, walletId, member: own, fromConversation }
        : {
            ...{ do: what, walletId, fromConversation },
            contactIds: fromConversation === null ? contactIds.filter((one) => one !== undefined) : [own],
          };
    }
  }
};

const wishOfConversation = (
  what: Wish['do'],
  { conversationId, messages, assigneeId }: Conversation,
  [a = 0, b = 0, c = 0, d = 0, e = 0]: readonly number[],
  staffId: string,
): Wish | null => {
  const out = messages.filter(({ direction }) => direction === 'outbound');
  // The latest ones are those about which something is still to be said.
  const messageId = pick(out.slice(-3), b)?.messageId;
  switch (what) {
    case 'send': {
      const viaDevice = c % 12 === 0;
      return { do: what, conversationId, purpose: !viaDevice && d % 4 === 0 ? 'notification' : 'reply', viaDevice };
    }
    case 'handOver':
      return messageId === undefined ? null : { do: what, conversationId, messageId };
    case 'report':
      return messageId === undefined
        ? null
        : { do: what, conversationId, messageId, status: a % 2 === 0 ? 'delivered' : 'failed' };
    case 'assign':
      return {
        do: what,
        conversationId,
        assigneeId: staffId,
        expected: [undefined, undefined, null, assigneeId, 'ana'][c % 5],
      };
    case 'conclude':
      return { do: what, conversationId, outcome: e % 2 === 0 ? null : 'solved' };
    case 'read':
      return { do: what, conversationId, upToOrdinal: a % 9 };
    case 'assignToMe':
    case 'unassign':
    case 'reopen':
    case 'pause':
    case 'resume':
      return { do: what, conversationId };
    default:
      return null;
  }
};
