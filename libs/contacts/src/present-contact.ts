// The contact behind an id, followed through merges to the end, also while a merge or its undoing is half done.
import { contactDecider, type ActiveContact, type Contact } from './contact.js';
import { mergeOf } from './merging.js';

/**
 * The contact that `contactId` is now: itself, or the one at the end of those that absorbed it. What a decided merge will make of it, and
 * what an undone one gave back, holds from the moment of freezing, whatever steps are still owed. `contacts` are folds by id: all on the
 * way, and for completeness those frozen for each; one that is not in it does not exist.
 */
export const presentContact = (contacts: ReadonlyMap<string, Contact>, contactId: string, now: string): Contact => {
  const contact = contacts.get(contactId) ?? contactDecider.initial;
  if (contact.status === 'unknown' || contact.status === 'erased') return contact;
  if (contact.status === 'active') return withFrozen(contacts, contact, now);
  const { mergeId, intoId } = contact;
  const into = contacts.get(intoId) ?? contactDecider.initial;
  const merge = into.status === 'unknown' ? undefined : into.merges.find((one) => one.mergeId === mergeId);
  if (merge === undefined || merge.restored === null) return presentContact(contacts, intoId, now);
  const { identities, block, coverage } = merge.restored;
  return contactDecider.evolve(contact, {
    type: 'ContactRestored',
    data: { contactId, mergeId, fromId: intoId, identities, block, coverage, restoredBy: '', restoredAt: now },
  });
};

/** With what contacts bring that were frozen for this one and that it has not taken in yet. */
const withFrozen = (contacts: ReadonlyMap<string, Contact>, contact: ActiveContact, now: string): Contact => {
  let present: Contact = contact;
  for (const frozen of contacts.values()) {
    if (frozen.status !== 'absorbed' || frozen.intoId !== contact.contactId || present.status !== 'active') continue;
    const { mergeId } = frozen;
    if (present.merges.some((one) => one.mergeId === mergeId)) continue;
    present = contactDecider.evolve(present, {
      type: 'ContactsMerged',
      data: mergeOf(present, frozen, { mergeId, walletOutcome: [], mergedBy: '' }, now),
    });
  }
  return present;
};
