import { latestPosition, type CommandMetadata, type Position } from '#kernel';
import { onAnotherStream, type CommandRunner } from '#event-store';
import { deriveId } from '#platform';
import {
  contactDecider,
  DetachIdentity,
  EraseContact,
  identitiesOf,
  UNKNOWN_RULES,
  type Contact,
  type ErasedContact,
} from './contact.js';
import { mergesDecider, mergesOf, type Merges } from './merges.js';

export type MergedErasure = {
  /** All that it had absorbed, whose erasures are requested now. */
  readonly absorbedIds: readonly string[];
  /** Did another contact take in what this one had, and is not erased? Its own record keeps that. */
  readonly isTakenIn: boolean;
  /** Behind all requests, of now or before; `null` where there are none. */
  readonly position: Position | null;
};

/**
 * What the erasure of a contact means for those that it was merged with. All that it absorbed, also through others, are erased with it, each
 * with a certificate of its own. Where it was absorbed itself, the contact at the end goes on, but its addresses are detached from that one:
 * conversations with them are sealed by the key that is destroyed. Looks at the present state, so that whoever repeats it does what is owed.
 */
export const eraseMerged = async (
  runner: CommandRunner,
  contact: ErasedContact,
  metadata: CommandMetadata,
): Promise<MergedErasure> => {
  const { state: merges } = await runner.load(mergesDecider, metadata.tenant, '');
  const absorbed = await eraseAbsorbed(runner, merges, contact, metadata);
  const detached = await detachFromSurvivor(runner, contact, metadata);
  return {
    absorbedIds: absorbed.contactIds,
    isTakenIn: await isTakenIn(runner, merges, contact.contactId, metadata.tenant),
    position: latestPosition(absorbed.position, detached),
  };
};

const eraseAbsorbed = async (
  runner: CommandRunner,
  merges: Merges,
  contact: ErasedContact,
  metadata: CommandMetadata,
): Promise<{ readonly contactIds: readonly string[]; readonly position: Position | null }> => {
  const { tenant } = metadata;
  const contactIds: string[] = [];
  let latest: Position | null = null;
  for (const { survivorId, absorbedId, undoneBy } of mergesOf(merges, contact.contactId)) {
    if (survivorId !== contact.contactId || undoneBy !== null) continue;
    const erasureId = deriveId(tenant, contact.erasureId, absorbedId, 'erasure');
    const { legalBasis } = contact;
    const asked = behalfOf(contact, metadata, deriveId(tenant, contact.erasureId, absorbedId, 'erase'));
    const command = new EraseContact(
      { contactId: absorbedId, mine: true, erasureId, confirm: true, legalBasis },
      asked,
    );
    await runner.execute(contactDecider, absorbedId, command, asked);
    const { state, position } = await runner.load(contactDecider, tenant, absorbedId);
    if (state.status !== 'erased') throw new Error('an absorbed contact was not erased');
    const before = await eraseAbsorbed(runner, merges, state, metadata);
    contactIds.push(absorbedId, ...before.contactIds);
    latest = latestPosition(latest, position, before.position);
  }
  return { contactIds, position: latest };
};

const detachFromSurvivor = async (
  runner: CommandRunner,
  contact: ErasedContact,
  metadata: CommandMetadata,
): Promise<Position | null> => {
  const { tenant } = metadata;
  let into: Contact = contact;
  for (let next = contact.intoId; next !== null; next = into.status === 'absorbed' ? into.intoId : null)
    into = (await runner.load(contactDecider, tenant, next)).state;
  if (into.status !== 'active') return null;
  const { contactId } = into;
  const own = new Set(contact.identities.map((one) => one.identityId));
  let latest: Position | null = null;
  for (const { identityId } of identitiesOf(into).filter((one) => own.has(one.identityId))) {
    const asked = behalfOf(contact, metadata, deriveId(tenant, contact.erasureId, contactId, identityId));
    const data = { contactId, mine: true, identityId, reason: 'erased', rules: UNKNOWN_RULES } as const;
    const { position } = await runner.execute(contactDecider, contactId, new DetachIdentity(data, asked), asked);
    latest = latestPosition(latest, position);
  }
  return latest;
};

const isTakenIn = async (
  runner: CommandRunner,
  merges: Merges,
  contactId: string,
  tenant: string,
): Promise<boolean> => {
  for (const { survivorId, absorbedId } of mergesOf(merges, contactId)) {
    if (absorbedId !== contactId) continue;
    const { state } = await runner.load(contactDecider, tenant, survivorId);
    if (state.status !== 'erased' || (await isTakenIn(runner, merges, survivorId, tenant))) return true;
  }
  return false;
};

/** The act of whoever asked for the erasure, carried out by the system; the same for whoever takes the step. */
const behalfOf = (contact: ErasedContact, metadata: CommandMetadata, commandId: string): CommandMetadata => {
  return {
    ...onAnotherStream(metadata),
    commandId,
    causationId: metadata.commandId,
    caller: { id: 'erasures', kind: 'system', role: 'system', access: 'all' },
    onBehalfOf: contact.requestedBy,
    requestHash: contact.erasureId,
    now: new Date().toISOString(),
  };
};
