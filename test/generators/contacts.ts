import fc from 'fast-check';
import {
  AttachIdentity,
  BlockContact,
  ChangeBlock,
  CompleteErasure,
  DetachIdentity,
  EditContact,
  EraseContact,
  ExpireBlock,
  RecordErasure,
  RegisterContact,
  ReportDuplicate,
  UnblockContact,
  type BlockRules,
  type ContactCommand,
  type Scope,
} from '#contacts/contact';
import { ClaimIdentity } from '#contacts/identity-claim';
import { IgnoreBlockedMessage } from '#contacts/ignored-messages';
import { metadata, mostly, one, optional, time } from './common.js';

const contactId = fc.constant('carla');
const about = { contactId, mine: mostly };
const kind = one('phone', 'whatsapp', 'email', 'webchat', 'telegram');
const identityId = one('i1', 'i2', 'i3', 'i4');
const others = fc.array(fc.record({ contactId: one('carla', 'clara', 'cora'), kind }), { maxLength: 2 });
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
  .record({ ...about, erasureId, steps: fc.array(fc.record({ step: one('requested'), at: time, position: one('1') })) })
  .chain((data) => metadata.map((asked) => new CompleteErasure(data, asked)));

/** An erasure is the end of a life: seldom enough for the others to last. */
export const contactCommands: fc.Arbitrary<ContactCommand> = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(erase, record, complete) },
  { weight: 8, arbitrary: register },
  { weight: 8, arbitrary: attach },
  { weight: 4, arbitrary: detach },
  { weight: 4, arbitrary: report },
  { weight: 4, arbitrary: edit },
  { weight: 12, arbitrary: block },
  { weight: 8, arbitrary: change },
  { weight: 8, arbitrary: unblock },
  { weight: 4, arbitrary: expire },
);

export const identityCommands = fc
  .record({
    key: fc.constant('hmac'),
    contactId: one('carla', 'clara', 'cora'),
    identityId,
    holders: fc.array(fc.record({ contactId: one('carla', 'clara') }), { maxLength: 2 }),
    onlyIfFree: fc.boolean(),
  })
  .chain((data) => metadata.map((asked) => new ClaimIdentity(data, asked)));

export const ignoredCommands = fc
  .record({
    contactId,
    blockId: one('b1', 'b2'),
    identityId,
    channel: one('whatsapp', 'sms'),
    conversationId: one('conv-1', 'conv-2'),
    providerMessageId: one('wamid.1', null),
    providerMessageKey: one('k1', 'k2', 'k3', 'k4', 'k5'),
    sentAt: fc.option(time),
    receivedAt: time,
    mode: fc.constant('ignore' as const),
    contentHmac: one('mac-1', 'mac-2'),
  })
  .chain((data) => metadata.map((asked) => new IgnoreBlockedMessage(data, asked)));
