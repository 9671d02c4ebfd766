import { Injectable } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Command, CommandMetadata, Position } from '#kernel';
import { identityOf } from './access.js';
import { sendCommand, sendQuery, withToken } from './answers.js';
import { commandMetadata } from './command-metadata.js';
import type { ConsistencyToken } from './consistency-token.js';
import { expectedRevision, idempotencyKeyOf } from './habits.js';

import { logOutcome, Platform } from './platform.js';
import { rejectionToProblem } from './problem.js';
import type { ProblemCode } from './problem-codes.js';
import { consistencyOf, type ConsistentQuery } from './queries.js';

/** Which log this is, and where it ends. Provided by the app. */
export abstract class LogIdentity {
  abstract readonly logId: string;
  abstract head(): Promise<Position | null>;
}

/** What became of a command, as far as an answer needs it. */
export type Decided<S, E> =
  | {
      readonly kind: 'accepted';
      readonly events: readonly E[];
      readonly state: S;
      readonly revision: number;
      readonly position: Position | null;
      readonly repeated: boolean;
    }
  | {
      readonly kind: 'rejected';
      readonly rejection: { readonly rejected: string; readonly detail?: Readonly<Record<string, unknown>> };
      readonly position: Position | null;
    };
type Accepted<S, E> = Extract<Decided<S, E>, { kind: 'accepted' }>;

/** What a query waits for: read models that have seen `after`, for `waitMs` at most. */
export type Consistency = { readonly after: Position | null; readonly waitMs: number };

/** What a query handler gives: the body, what its read models have seen, and the row's revision if it is one row. `null` = no such thing. */
export type Seen<B> = { readonly value: B; readonly at: Position | null; readonly revision?: number };

/** Between routes and buses: every command and every query is answered in one way. */
@Injectable()
export class Desk {
  constructor(
    private readonly platform: Platform,
    private readonly log: LogIdentity,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** What a command of this request carries; once per request. */
  async metadata(request: FastifyRequest): Promise<CommandMetadata> {
    const revision = expectedRevision(request);
    const metadata = await commandMetadata(request);
    return revision === undefined ? metadata : { ...metadata, expectedRevision: revision };
  }

  /** Sends the command to its handler and answers with `body` of what was decided. Throws the Problem of a refusal. */
  async command<S, E, B>(
    reply: FastifyReply,
    command: Command<unknown>,
    body: (accepted: Accepted<S, E>) => B | Promise<B>,
    status: 200 | 201 | 202 | ((accepted: Accepted<S, E>) => 200 | 201) = 200,
  ): Promise<B> {
    const { metadata } = command;
    const began = performance.now();
    const decided: Decided<S, E> = await this.commands.execute(command);
    const outcome =
      decided.kind === 'rejected'
        ? decided.rejection.rejected
        : decided.repeated
          ? 'repeated'
          : decided.events.length === 0
            ? 'unchanged'
            : 'accepted';
    logOutcome(this.platform, {
      command: command.type,
      outcome,
      commandId: metadata.commandId,
      correlationId: metadata.correlationId,
      tenant: metadata.tenant,
      milliseconds: Math.round((performance.now() - began) * 10) / 10,
    });
    if (decided.kind === 'rejected') {
      // A refusal may be a fact too: whoever asks for it next can wait until it shows.
      if (decided.position !== null) withToken(reply, await this.token(decided.position));
      throw rejectionToProblem(
        decided.rejection as { readonly rejected: ProblemCode; readonly detail?: Readonly<Record<string, unknown>> },
      );
    }
    return sendCommand(reply, {
      body: await body(decided),
      status: typeof status === 'function' ? status(decided) : status,
      revision: decided.revision,
      token: await this.token(decided.position),
    });
  }

  /** The log's line and the count of what no bus carried. */
  note(command: string, outcome: string, request: FastifyRequest): void {
    const { tenant } = identityOf(request);
    logOutcome(this.platform, {
      command,
      outcome,
      commandId: idempotencyKeyOf(request) ?? '',
      correlationId: request.correlationId,
      tenant,
    });
  }

  /** Asks the query's handler and answers with what it gives; its Consistency-Token says what was seen. */
  async query<B>(reply: FastifyReply, query: object): Promise<B> {
    const { value, at, revision }: Seen<B> = await this.queries.execute(query);
    return sendQuery(reply, { body: value, revision, token: { logId: this.log.logId, position: at } });
  }

  /** What the parameters `after` and `wait` ask for. A token of another log waits for the present head. */
  async consistency(query: ConsistentQuery): Promise<Consistency> {
    const { after, wait } = consistencyOf(query);
    if (after === null) return { after: null, waitMs: wait };
    return { after: after.logId === this.log.logId ? after.position : await this.log.head(), waitMs: wait };
  }

  async token(position: Position | null): Promise<ConsistencyToken> {
    return { logId: this.log.logId, position: position ?? (await this.log.head()) };
  }
}
