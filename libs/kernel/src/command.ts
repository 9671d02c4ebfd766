import type { ActorKind } from './event.js';

/** Who asks, as the roles' table of spec/domain.md knows them. `system` are policies and timers. */
export type Caller = {
  readonly id: string;
  readonly kind: ActorKind;
  readonly role: Role;
  /** Limits agents only; everybody else has `all`. */
  readonly access: ConversationAccess;
};

export type Role = 'agent' | 'supervisor' | 'admin' | 'auditor' | 'ops' | 'integration' | 'system';

export type ConversationAccess = 'all' | 'assigned_only' | 'assigned_and_unassigned';

/** What comes in with every command. A decision reads nothing else: no clock, no randomness. */
export type CommandMetadata = {
  /** UUID; the identity of the command. Its repeat is recognised by it. */
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly tenant: string;
  readonly caller: Caller;
  /** RFC 3339 UTC with milliseconds. */
  readonly now: string;
  /** Two requests with one command id are the same request only if this is the same too. */
  readonly requestHash: string;
  /** If-Match: the revision that the command's own stream must have. */
  readonly expectedRevision?: number;
  readonly onBehalfOf?: string;
  readonly traceparent?: string;
};

/** A wish. A class, because Nest's CommandBus routes by class; `type` is a literal, so that commands form a discriminated union. */
export abstract class Command<D> {
  abstract readonly type: string;
  constructor(
    readonly data: D,
    readonly metadata: CommandMetadata,
  ) {}
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a class of any command, whatever its data
export type CommandClass = abstract new (...args: any[]) => Command<unknown>;
