/** A fact of the domain: what happened, in the past tense. `data` is plain JSON; times are RFC 3339 UTC with milliseconds. */
export type Event<T extends string = string, D = unknown> = { readonly type: T; readonly data: D };

/** Where a fact stands in the log. String order is log order; nothing else may be read from it. */
export type Position = string & { readonly __brand: 'Position' };

/** The place that covers all of them; `null` where there is none. */
export const latestPosition = (...positions: readonly (Position | null)[]): Position | null =>
  positions.reduce((latest, one) => (latest === null || (one !== null && one > latest) ? one : latest), null);

/** What every stored fact says of its making, flat, string to string (source: spec/domain.md, "Commands and events"). */
export type EventMetadata = {
  readonly $correlationId: string;
  readonly $causationId: string;
  readonly commandId: string;
  readonly commandType: string;
  readonly actor: string;
  readonly actorKind: ActorKind;
  readonly tenant: string;
  readonly schemaVersion: string;
  readonly occurredAt: string;
  readonly requestHash: string;
  readonly onBehalfOf?: string;
  readonly traceparent?: string;
};

export type ActorKind = 'staff' | 'system' | 'customer' | 'integration';

/** A fact as projections and policies see it: the event with its place. Personal values are sealed unless the reader asked to open them. */
export type Recorded<E extends Event = Event> = E & {
  readonly id: string;
  readonly stream: string;
  readonly category: string;
  readonly tenant: string;
  /** The part of the stream's name after the tenant; empty for streams that exist once per tenant. */
  readonly subject: string;
  readonly revision: number;
  readonly position: Position;
  readonly recordedAt: string;
  readonly metadata: EventMetadata;
};

/**
 * Stands in the `default` of every `evolve`. At compile time it proves that all events of the union are heard;
 * at run time it stops the fold: a decider never skips a fact that it does not know.
 */
export const unheard = (_state: unknown, event: never): never => {
  throw new UnheardEvent((event as Event).type);
};

/** The same for a stream of one type: stops at any other. */
export const only = <T extends string>(event: Event<T>, type: T): void => {
  if ((event.type as string) !== type) throw new UnheardEvent(event.type);
};

export class UnheardEvent extends Error {
  constructor(readonly eventType: string) {
    super(`no evolve for the stored event ${eventType}`);
    this.name = 'UnheardEvent';
  }
}
