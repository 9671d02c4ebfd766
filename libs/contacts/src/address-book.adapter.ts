import { LRUCache } from 'lru-cache';
import { streamName, type CommandMetadata, type Position } from '#kernel';
import { Busy, type CommandRunner, type LoadOptions } from '#event-store';
import { keyedHash } from '#platform';
import { canonicalAddress, type Kind } from './addresses.js';
import { contactDecider, type Contact } from './contact.js';
import { mergesDecider, mergesOf } from './merges.js';
import { presentContact } from './present-contact.js';
import { ClaimIdentity, holdersOf, identityDecider, type Claim, type Holder } from './identity-claim.js';

/** An address as the write side finds it: `key` is the HMAC that names its claim stream, `value` the canonical spelling. */
export type Located = { readonly kind: Kind; readonly key: string; readonly value: string };

const GIVE_UP_MS = 30_000;
const REMEMBERED = 50_000;
/** Merges that another process decided are this old at most where a contact is looked at; whoever carries one out looks at its conversations afterwards. */
const RECENT_MS = 500;

/** Who holds which address, resolved from the streams: no projection lag, no leak. */
export class AddressBook {
  /** Parsing a phone costs 10 µs; the same raw values come again and again. */
  private readonly located = new LRUCache<string, { readonly located: Located | null }>({ max: REMEMBERED });

  constructor(
    private readonly runner: CommandRunner,
    private readonly tenantSecret: (tenant: string) => Promise<Buffer>,
    private readonly region: (tenant: string) => Promise<string>,
  ) {}

  /** The address in its canonical form, or `null` if the value is none of its kind. */
  async locate(tenant: string, kind: Kind, value: string): Promise<Located | null> {
    const [located = null] = await this.locateAll(tenant, [{ kind, value }]);
    return located;
  }

  /** The same for many, in their order. Region and secret are asked for once, the secret only for values not seen before. */
  async locateAll(
    tenant: string,
    asked: readonly { readonly kind: Kind; readonly value: string }[],
  ): Promise<readonly (Located | null)[]> {
    const region = await this.region(tenant);
    let secret: Buffer | undefined;
    const all: (Located | null)[] = [];
    for (const { kind, value } of asked) {
      const raw = `${tenant}|${region}|${kind}|${value}`;
      let known = this.located.get(raw);
      if (known === undefined) {
        const address = canonicalAddress(kind, value, region);
        if (address !== null) secret ??= await this.tenantSecret(tenant);
        const located =
          address === null || secret === undefined
            ? null
            : { kind, value: address.value, key: keyedHash(secret, address.key, 'hex') };
        this.located.set(raw, (known = { located }));
      }
      all.push(known.located);
    }
    return all;
  }

  /** Forgets the addresses that this process has seen. */
  forget(): void {
    this.located.clear();
  }

  /** The valid claimants of an address, oldest first. */
  async holders(tenant: string, key: string, now: string, options?: LoadOptions): Promise<readonly Holder[]> {
    const { state } = await this.runner.load(identityDecider, tenant, key, options);
    return this.resolve(tenant, state.claims, now, options);
  }

  /** All claims of an address, valid or not. */
  async claims(tenant: string, key: string): Promise<readonly Claim[]> {
    return (await this.runner.load(identityDecider, tenant, key)).state.claims;
  }

  /** The contact that an id means now, followed through merges to the end. */
  async contact(tenant: string, contactId: string, now: string, options?: LoadOptions): Promise<Contact> {
    return presentContact(await this.family(tenant, [contactId], options), contactId, now);
  }

  /**
   * Claims an address for a contact, at the revision read, so that of two at once one sees the other. Answers who held it before
   * (the contact itself among them), oldest first. Nothing is claimed where somebody of `unlessHeldBy` holds it.
   */
  async claim(
    metadata: CommandMetadata,
    claim: {
      readonly key: string;
      readonly contactId: string;
      readonly identityId: string;
      readonly unlessHeldBy: 'anybody' | 'another' | 'nobody';
    },
  ): Promise<{
    readonly holders: readonly Holder[];
    readonly claimed: boolean;
    readonly claims: readonly Claim[];
    readonly position: Position | null;
  }> {
    let holders: readonly Holder[] = [];
    const outcome = await this.runner.execute(
      identityDecider,
      claim.key,
      async (state) => {
        holders = await this.resolve(metadata.tenant, state.claims, metadata.now);
        return new ClaimIdentity({ ...claim, holders }, metadata);
      },
      metadata,
    );
    // A command id that stands in this claim stream with another request: another request of the same key, refused later by the contact.
    if (outcome.kind === 'rejected') return { holders, claimed: false, claims: [], position: outcome.position };
    return { holders, claimed: outcome.events.length > 0, claims: outcome.state.claims, position: outcome.position };
  }

  /** Stops a command that took longer than a claim may wait for its fact. */
  stillInTime(metadata: CommandMetadata, key: string): void {
    if (Date.now() - Date.parse(metadata.now) > GIVE_UP_MS)
      throw new Busy(streamName('identity', metadata.tenant, key));
  }

  private async resolve(
    tenant: string,
    claims: readonly Claim[],
    now: string,
    options?: LoadOptions,
  ): Promise<readonly Holder[]> {
    const claimants = claims.map(({ contactId }) => contactId);
    return holdersOf(claims, await this.family(tenant, claimants, options), now);
  }

  /** The contacts, those that absorbed them, and those that were frozen for any of these. */
  private async family(
    tenant: string,
    contactIds: readonly string[],
    options?: LoadOptions,
  ): Promise<ReadonlyMap<string, Contact>> {
    const { state: merges } = await this.runner.load(mergesDecider, tenant, '', { maxAgeMs: RECENT_MS });
    const contacts = new Map<string, Contact>();
    const waiting = [...contactIds];
    for (let contactId = waiting.pop(); contactId !== undefined; contactId = waiting.pop()) {
      if (contacts.has(contactId)) continue;
      const { state } = await this.runner.load(contactDecider, tenant, contactId, options);
      contacts.set(contactId, state);
      if (state.status === 'unknown') continue;
      if (state.status === 'absorbed') waiting.push(state.intoId);
      for (const { mergeId, survivorId, absorbedId, undoneBy } of mergesOf(merges, contactId)) {
        const isOwed = undoneBy === null && survivorId === contactId;
        if (isOwed && !state.merges.some((one) => one.mergeId === mergeId)) waiting.push(absorbedId);
      }
    }
    return contacts;
  }
}
