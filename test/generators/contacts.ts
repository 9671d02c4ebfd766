import fc from 'fast-check';
import { at } from '#kernel/given';
import {
  AbsorbContact,
  AttachIdentity,
  BlockContact,
  ChangeBlock,
  CompleteErasure,
  CompleteMerge,
  contactDecider,
  DetachIdentity,
  EditContact,
  EraseContact,
  ExpireBlock,
  GrantConsent,
  RecordErasure,
  RegisterContact,
  ReportDuplicate,
  RestoreContact,
  SeparateContacts,
  RevokeConsent,
  UnblockContact,
  type AbsorbedContact,
  type BlockRules,
  type Contact,
  type ContactCommand,
  type ContactEvent,
  type Scope,
} from '#contacts/contact';
import { ClaimIdentity } from '#contacts/identity-claim';
import { MergeContacts, UndoMerge } from '#contacts/merges';
import { IgnoreBlockedMessage } from '#contacts/ignored-messages';
import { metadata, mostly, one, optional, time } from './common.js';

const contactId = fc.constant('carla');
const about = { contactId, mine: mostly };
const kind = one('phone', 'whatsapp', 'email', 'webchat', 'telegram');
const identityId = one('i1', 'i2', 'i3', 'i4');
const others = fc.array(fc.record({ contactId: one('carla', 'clara', 'cora'), kind }), { maxLength: 2 });
const prevents = fc.record({ preventPhone: mostly.map((not) => !not), preventEmail: mostly.map((not) => !not) });
const tags = fc.array(one('vip', 'late'), { maxLength: 2 });
const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant({ all: true } as const),
  fc
    .uniqueArray(one('whatsapp', 'sms', 'email', 'webchat', 'telegram'), { minLength: 1, maxLength: 3 })
    .map((channels) => ({ channels })),
);
const rules: fc.Arbitrary<BlockRules> = fc.record({
  unblockBy: one('admin', 'supervisor', 'anyAgent'),
  blockBy: one('anyAgent', 'supervisor', 'admin'),
  requireConfirm: fc.boolean(),
  notice: one('optional', 'off'),
  closeOpen: fc.boolean(),
  inboundMode: one('ignore', 'quarantine', 'receive'),
  defaultScope: one('allChannels', 'thisChannel'),
  reason: one('optional', 'required'),
  allowExpiry: mostly,
});
const reason = {
  reasonCode: optional('reasonCode', one('abuse', 'spam')),
  reasonText: optional('reasonText', one('insults')),
};

const register = fc
  .record({
    contactId,
    displayName: one('Carla', 'Clara'),
    source: one('manual', 'inbound', 'import', 'api'),
    identities: fc.uniqueArray(fc.record({ identityId, kind, value: one('a', 'b'), verified: fc.boolean() }), {
      selector: (identity) => identity.identityId,
      maxLength: 3,
    }),
    tags,
    others,
    consents: fc.uniqueArray(one('whatsapp', 'viber', 'sms', 'email'), { maxLength: 4 }),
    prevents,
  })
  .chain((data) => metadata.map((asked) => new RegisterContact(data, asked)));
const attach = fc
  .record({
    ...about,
    identityId,
    kind,
    value: one('a', 'b'),
    verified: fc.boolean(),
    claimedAs: fc.array(identityId, { maxLength: 2 }),
    others,
    prevents,
  })
  .chain((data) => metadata.map((asked) => new AttachIdentity(data, asked)));
const detach = fc
  .record({ ...about, identityId, reason: one('removed', 'claim_lost'), rules })
  .chain((data) => metadata.map((asked) => new DetachIdentity(data, asked)));
const report = fc
  .record({ ...about, otherContactId: one('carla', 'clara', 'cora'), kind })
  .chain((data) => metadata.map((asked) => new ReportDuplicate(data, asked)));
const edit = fc
  .tuple(fc.record({ ...about, addTags: tags, removeTags: tags }), optional('displayName', one('Carla', 'Clara')))
  .chain(([data, name]) => metadata.map((asked) => new EditContact({ ...data, ...name }, asked)));
const block = fc
  .tuple(
    fc.record({ ...about, blockId: one('b1', 'b2', 'b3', 'b4'), confirm: mostly, rules }),
    optional('kind', one('do_not_contact', 'protection')),
    optional('scope', scope),
    reason.reasonCode,
    reason.reasonText,
    optional('originChannel', one('sms', 'email')),
    optional('expiresAt', time),
    optional('notice', fc.constant({ text: 'Bye' })),
  )
  .chain(([data, ...rest]) =>
    metadata.map((asked) => new BlockContact(Object.assign({ ...data }, ...rest) as typeof data, asked)),
  );
const change = fc
  .tuple(
    fc.record({ ...about, rules }),
    optional('scope', scope),
    optional('reasonCode', one('abuse', 'spam', null)),
    optional('reasonText', one('insults', null)),
    optional('expiresAt', fc.option(time)),
  )
  .chain(([data, ...rest]) =>
    metadata.map((asked) => new ChangeBlock(Object.assign({ ...data }, ...rest) as typeof data, asked)),
  );
const unblock = fc
  .tuple(
    fc.record({ ...about, confirm: mostly, requestedBy: one('customer', 'company'), rules }),
    optional('reason', one('sorry')),
  )
  .chain(([data, why]) => metadata.map((asked) => new UnblockContact({ ...data, ...why }, asked)));
const expire = fc
  .record({ ...about, blockId: one('b1', 'b2', 'b3', 'b4'), expiresAt: time })
  .chain((data) => metadata.map((asked) => new ExpireBlock(data, asked)));

const erasureId = one('e1', 'e1', 'e2');
const erase = fc
  .record({ ...about, erasureId, confirm: mostly, legalBasis: one('GDPR Art. 17') })
  .chain((data) => metadata.map((asked) => new EraseContact(data, asked)));
const record = fc
  .record({ ...about, erasureId, keyId: one('k1'), destroyedAt: time })
  .chain((data) => metadata.map((asked) => new RecordErasure(data, asked)));
const complete = fc
  .record({
    ...about,
    erasureId,
    steps: fc.array(fc.record({ step: one('requested'), at: time, position: one('1') }, { noNullPrototype: true })),
  })
  .chain((data) => metadata.map((asked) => new CompleteErasure(data, asked)));

/** A contact with two addresses, as it was frozen for this one. */
const frozen = (
  mergeId: string,
  block: { readonly scope: Scope; readonly expiresAt: string | null } | null,
  absorbedAt: string,
): AbsorbedContact => {
  const contactId = `${mergeId}-absorbed`;
  const blockId = `${mergeId}-block`;
  const identities = (['phone', 'email'] as const).map((kind) => ({
    identityId: `${mergeId}-${kind}`,
    kind,
    value: kind,
    verified: kind === 'phone',
  }));
  const facts: ContactEvent[] = [
    {
      type: 'ContactRegistered',
      data: { contactId, displayName: 'Cora', source: 'manual', identities, registeredAt: at('09:00') },
    },
  ];
  if (block !== null) {
    facts.push({
      type: 'ContactBlocked',
      data: {
        contactId,
        blockId,
        kind: 'protection',
        ...block,
        reasonCode: 'spam',
        reasonText: 'insults',
        blockedBy: 'ana',
        blockedAt: at('09:10'),
        originConversationId: null,
        noticeMessageId: null,
        coveredIdentityIds: identities.map(({ identityId }) => identityId),
        policy: { inboundMode: 'ignore', unblockBy: 'admin', closeOpen: false },
      },
    });
    const { expiresAt } = block;
    if (expiresAt !== null && expiresAt <= absorbedAt)
      facts.push({ type: 'ContactBlockExpired', data: { contactId, blockId, expiredAt: expiresAt } });
  }
  facts.push({ type: 'ContactAbsorbed', data: { contactId, mergeId, intoId: 'carla', absorbedAt } });
  return facts.reduce<Contact>(contactDecider.evolve, contactDecider.initial) as AbsorbedContact;
};
/** Each merge is with a contact of its own, blocked in its own way. */
const blocks = {
  m1: { scope: { channels: ['whatsapp'] }, expiresAt: null },
  m2: { scope: { all: true }, expiresAt: at('10:20') },
  m3: null,
} as const;
const mergeId = one('m1', 'm2', 'm3');
const merging = fc.record({ ...about, mergeId }).chain((data) =>
  metadata.map(
    (asked) =>
      new CompleteMerge(
        {
          ...data,
          absorbed: frozen(data.mergeId, blocks[data.mergeId], asked.now),
          walletOutcome: [{ walletId: 'w1', added: data.mergeId === 'm1' }],
          mergedBy: 'sol',
        },
        asked,
      ),
  ),
);
const separating = fc
  .record({ ...about, mergeId })
  .chain((data) =>
    metadata.map(
      (asked) =>
        new SeparateContacts(
          { ...data, absorbed: frozen(data.mergeId, blocks[data.mergeId], at('10:00')), undoneBy: 'sol' },
          asked,
        ),
    ),
  );
/** Rare: what is frozen says nothing more until it is restored. */
const freezing = fc
  .record({ ...about, mergeId: one('n1', 'n2') })
  .chain((data) => metadata.map((asked) => new AbsorbContact({ ...data, intoId: 'nadia' }, asked)));
const restoring = fc.record({ ...about, mergeId: one('n1', 'n2') }).chain((data) =>
  metadata.map(
    (asked) =>
      new RestoreContact(
        {
          ...data,
          fromId: 'nadia',
          restored: {
            identities: [{ identityId: 'i1', verified: true, detachedAt: null }],
            block: null,
            coverage: [],
          },
          undoneBy: 'sol',
        },
        asked,
      ),
  ),
);
const consent = {
  ...about,
  channel: one('whatsapp', 'viber', 'sms', 'email'),
  evidence: one('form 7', null),
  wordingVersion: one('v1', 'v2', null),
};
const grant = fc
  .record({ ...consent, source: one('manual', 'customer', 'import') })
  .chain((data) => metadata.map((asked) => new GrantConsent(data, asked)));
const revoke = fc
  .record({ ...consent, source: one('manual', 'customer', 'opt_out_keyword') })
  .chain((data) => metadata.map((asked) => new RevokeConsent(data, asked)));

/** An erasure is the end of a life: seldom enough for the others to last. */
export const contactCommands: fc.Arbitrary<ContactCommand> = fc.oneof(
  { weight: 16, arbitrary: fc.oneof(erase, record, complete) },
  { weight: 8, arbitrary: register },
  { weight: 8, arbitrary: attach },
  { weight: 4, arbitrary: detach },
  { weight: 4, arbitrary: report },
  { weight: 4, arbitrary: edit },
  { weight: 28, arbitrary: block },
  { weight: 8, arbitrary: change },
  { weight: 8, arbitrary: unblock },
  { weight: 8, arbitrary: expire },
  { weight: 8, arbitrary: merging },
  { weight: 8, arbitrary: separating },
  { weight: 4, arbitrary: freezing },
  { weight: 4, arbitrary: grant },
  { weight: 4, arbitrary: revoke },
  { weight: 12, arbitrary: restoring },
);

export const mergesCommands = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        mergeId: one('m1', 'm2', 'm3', 'm4', 'm5', 'm6'),
        survivorId: one('carla', 'clara', 'cora', 'celia'),
        absorbedId: one('carla', 'clara', 'cora', 'celia'),
        confirm: mostly,
        known: mostly,
        erased: mostly.map((most) => !most),
        stale: mostly.map((most) => !most),
      })
      .chain((data) => metadata.map((asked) => new MergeContacts(data, asked))),
  },
  fc
    .record({
      mergeId: one('m1', 'm2', 'm3', 'm4', 'm5', 'm6'),
      stale: mostly.map((most) => !most),
      erased: mostly.map((most) => !most),
    })
    .chain((data) => metadata.map((asked) => new UndoMerge(data, asked))),
);

export const identityCommands = fc
  .record({
    key: fc.constant('hmac'),
    contactId: one('carla', 'clara', 'cora'),
    identityId,
    holders: fc.array(fc.record({ contactId: one('carla', 'clara') }), { maxLength: 2 }),
    unlessHeldBy: one('anybody', 'another', 'nobody'),
  })
  .chain((data) => metadata.map((asked) => new ClaimIdentity(data, asked)));

export const ignoredCommands = fc
  .record({
    contactId,
    blockId: one('b1', 'b2'),
    identityId,
    channel: one('whatsapp', 'sms'),
    conversationId: one('c3d2e1f0-a9b8-5c7d-8e6f-5a4b3c2d1e0f', 'c3d2e1f0-a9b8-5c7d-8e6f-5a4b3c2d1e10'),
    providerMessageId: one('wamid.1', null),
    providerMessageKey: one('k1', 'k2', 'k3', 'k4', 'k5'),
    sentAt: fc.option(time),
    receivedAt: time,
    mode: one('ignore', 'quarantine', 'receive'),
    contentHmac: one('mac-1', 'mac-2'),
    content: fc.constant({ text: 'Hello?' }),
  })
  .chain((data) => metadata.map((asked) => new IgnoreBlockedMessage(data, asked)));
