import type { CommandRunner, LoadOptions } from '#event-store';
import {
  contactDecider,
  channelsOf,
  consentOn,
  coverageOf,
  coverageOfHolders,
  coverageWithoutAddress,
  identitiesOf,
  type ConsentState,
  type Contact,
  type Coverage,
} from '#contacts';
import type { AddressBook } from '#contacts/address-book.adapter';
import { conversationDecider, conversationIdOf, sees } from '#conversations';
import type { Caller } from '#kernel';

/** A conversation's address, as its stream names it; an empty `identityId` for a contact that has none there. */
export type Place = { readonly contactId: string; readonly identityId: string; readonly channel: string };

export type PlaceFacts = {
  readonly covers: readonly Coverage[];
  /** Does the contact still have the identity? */
  readonly hasAddress: boolean;
  /** The address in clear, for the gateway; one that was detached still says where a message went, `null` after an erasure. */
  readonly address: string | null;
  /** The first holder of the address, the contact itself if nobody else. */
  readonly ownerId: string;
  /** The contact's consent to the channel; `null` where none is needed. */
  readonly consent: ConsentState | null;
};

/** What the contacts' streams say of conversations, joined on the write side: nothing lags behind, nothing leaks. */
export class ConversationFactsReader {
  constructor(
    private readonly runner: CommandRunner,
    private readonly book: AddressBook,
  ) {}

  /** A block of any holder of the address covers it. */
  async of(tenant: string, place: Place, now: string, options?: LoadOptions): Promise<PlaceFacts> {
    const contact = await this.ownerOf(tenant, place, now, options);
    const contactId = contact.status === 'unknown' ? place.contactId : contact.contactId;
    const identity = identitiesOf(contact).find((one) => one.identityId === place.identityId);
    const known = contact.status === 'unknown' ? [] : contact.identities;
    const said = identity ?? known.find((one) => one.identityId === place.identityId);
    // Who has no address there may be blocked there all the same.
    const own =
      place.identityId === ''
        ? coverageWithoutAddress(contact, place.channel)
        : coverageOf(contact, place.identityId, place.channel);
    const consent = consentOn(contact.status === 'active' ? contact.consents : {}, place.channel);
    const located =
      said === undefined || said.value === null ? null : await this.book.locate(tenant, said.kind, said.value);
    if (identity === undefined || located === null) {
      return { covers: own, hasAddress: false, address: located?.value ?? null, ownerId: contactId, consent };
    }
    const holders = await this.book.holders(tenant, located.key, now, options);
    const others = coverageOfHolders(
      holders.filter((holder) => holder.identityId !== place.identityId),
      place.channel,
    );
    return {
      covers: [...own, ...others],
      hasAddress: true,
      address: located.value,
      ownerId: holders[0]?.contactId ?? contactId,
      consent,
    };
  }

  /** The contact that a conversation belongs to now: merging moves its identity, and undoing that moves it back. */
  async ownerOf(
    tenant: string,
    { contactId, identityId }: Omit<Place, 'channel'>,
    now: string,
    options?: LoadOptions,
  ): Promise<Contact> {
    const contact = await this.book.contact(tenant, contactId, now, options);
    const has = (one: Contact): boolean =>
      one.status !== 'unknown' && one.identities.some((identity) => identity.identityId === identityId);
    if (contact.status === 'unknown' || has(contact)) return contact;
    for (const kin of contact.kin) {
      const other = await this.book.contact(tenant, kin, now, options);
      if (has(other)) return other;
    }
    return contact;
  }

  /** The ids of all conversations that the contact's identities can have, past ones too. */
  conversationIds(contact: Contact): readonly string[] {
    return placesIn(contact).map(({ conversationId }) => conversationId);
  }

  /** The same of the contact as it is now, with what each id is made of; none of a contact that does not exist. */
  async placesOf(
    tenant: string,
    contactId: string,
  ): Promise<readonly (Place & { readonly conversationId: string; readonly contact: Contact })[]> {
    const { state: contact } = await this.runner.load(contactDecider, tenant, contactId);
    return placesIn(contact).map((place) => ({ ...place, contactId, contact }));
  }

  /** All contacts that this one was ever merged with, and those with others, whether that was undone or not. */
  async kinOf(tenant: string, contactId: string): Promise<readonly string[]> {
    const kin = new Set([contactId]);
    // A set goes on over what is added to it.
    for (const one of kin) {
      const { state } = await this.runner.load(contactDecider, tenant, one);
      if (state.status === 'unknown') continue;
      for (const other of state.kin) kin.add(other);
      if (state.status === 'absorbed') kin.add(state.intoId);
    }
    kin.delete(contactId);
    return [...kin];
  }

  /** May the caller see the contact? Agents with limited access see those of their own conversations. */
  async isMine(tenant: string, caller: Caller, contactId: string): Promise<boolean> {
    if (caller.role !== 'agent' || caller.access === 'all') return true;
    const contact = await this.book.contact(tenant, contactId, new Date().toISOString());
    for (const id of this.conversationIds(contact)) {
      const { state } = await this.runner.load(conversationDecider, tenant, id);
      if (state.status !== 'unknown' && sees(caller, state.assigneeId)) return true;
    }
    return false;
  }
}

/** Where the contact's identities can have conversations, those of past identities too. */
const placesIn = (contact: Contact) =>
  contact.status === 'unknown'
    ? []
    : contact.identities.flatMap(({ identityId, kind }) =>
        channelsOf(kind).map((channel) => ({
          conversationId: conversationIdOf(identityId, channel),
          identityId,
          channel,
        })),
      );
