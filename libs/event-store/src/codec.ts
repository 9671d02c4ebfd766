import type { Event, EventMetadata, Recorded } from '#kernel';
import type { EventToStore, StoredEvent } from './port.js';

/** A personal value as it is stored and as it passes through folds and read models: AES-256-GCM, additional data = event id + field. */
export type Sealed = {
  readonly $enc: 'v1';
  /** Key id. */
  readonly k: string;
  /** The field's name at sealing. */
  readonly f: string;
  /** Nonce and ciphertext with tag, base64url. */
  readonly n: string;
  readonly c: string;
  /** The event's id; not stored, added when an event is read. */
  readonly e?: string;
};

/** A stored type that this code does not know. Deciders stop, projections skip and count. */
export class UnknownEventType extends Error {
  constructor(readonly eventType: string) {
    super(`this code does not know the stored event ${eventType}`);
    this.name = 'UnknownEventType';
  }
}

/** A stored version newer than this code knows: the consumer pauses until newer code is deployed. */
export class CodeTooOld extends Error {
  constructor(
    readonly eventType: string,
    readonly version: number,
  ) {
    super(`${eventType} is stored in version ${String(version)}, which is newer than this code: deploy the newer code`);
    this.name = 'CodeTooOld';
  }
}

/** What stands in the log cannot be read as a fact of ours. The message names the place, never the content. */
export class MalformedEvent extends Error {
  constructor(stored: { readonly type: string; readonly stream: string; readonly revision: number }, what: string) {
    super(`${stored.type} at revision ${String(stored.revision)} of ${stored.stream} is malformed: ${what}`);
    this.name = 'MalformedEvent';
  }
}

/** A sealed value and its key do not belong together, or its bytes were changed: the same on every try. */
export class SealBroken extends Error {
  constructor(sealed: Sealed, options?: ErrorOptions) {
    super(`the value of ${sealed.f} cannot be opened with its key ${sealed.k}`, options);
    this.name = 'SealBroken';
  }
}

/** Between the domain's events and the log's: versions, sealing, opening. */
export interface Codec {
  readonly types: ReadonlySet<string>;
  /** Seals what is personal under the subject's key. `ids` as many as events. Throws KeyDestroyed. */
  encode(
    events: readonly {
      readonly id: string;
      readonly event: Event;
      readonly tenant: string;
      readonly subject: string | null;
      readonly metadata: Omit<EventMetadata, 'schemaVersion'>;
    }[],
  ): Promise<readonly EventToStore[]>;
  /** Upcasts to the newest version and completes sealed values with their event id; opens nothing. Throws UnknownEventType, CodeTooOld or MalformedEvent (for metadata possibly not before it is read). */
  decode(stored: StoredEvent): Recorded;
  /** The event with its personal values in clear; `null` in place of a value whose key was destroyed. Throws KeyMissing or SealBroken. */
  open<E extends Recorded>(event: E): Promise<E>;
  /** One sealed value in clear; `null` if its key was destroyed; what is not sealed comes back as it is. */
  openValue(value: unknown): Promise<unknown>;
}

/** Under this, handlers get the codec injected; the interface leaves nothing at run time. */
export const CODEC = Symbol('Codec');
