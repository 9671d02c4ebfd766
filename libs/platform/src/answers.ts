import type { FastifyReply } from 'fastify';
import { encodeToken, type ConsistencyToken } from './consistency-token.js';

export type CommandAnswer<B> = {
  readonly body: B;
  /** 200 unless the route's table says 201 or 202. */
  readonly status?: 200 | 201 | 202;
  /** The stream's revision behind the command; left out where there is no one stream. */
  readonly revision?: number | undefined;
  /** Covers what the answer reports. */
  readonly token: ConsistencyToken;
};

export type QueryAnswer<B> = {
  readonly body: B;
  /** The revision that the row reflects: one contact, conversation or wallet. */
  readonly revision?: number | undefined;
  /** What all read models of the answer have seen; left out only for reads from streams. */
  readonly token?: ConsistencyToken | undefined;
};

/** Sets status, `ETag` and `Consistency-Token`, and gives the body back: `return sendCommand(reply, …)` with `@Res({ passthrough: true })`. */
export const sendCommand = <B>(reply: FastifyReply, { body, status = 200, revision, token }: CommandAnswer<B>): B => {
  void reply.status(status);
  return withHeaders(reply, body, revision, token);
};

/** The same for queries, also those that are asked by POST. */
export const sendQuery = <B>(reply: FastifyReply, { body, revision, token }: QueryAnswer<B>): B => {
  void reply.status(200);
  return withHeaders(reply, body, revision, token);
};

/** What a refusal reports is covered too. */
export const withToken = (reply: FastifyReply, token: ConsistencyToken): void => {
  void reply.header('consistency-token', encodeToken(token));
};

const withHeaders = <B>(
  reply: FastifyReply,
  body: B,
  revision: number | undefined,
  token: ConsistencyToken | undefined,
): B => {
  if (revision !== undefined) void reply.header('etag', `"${String(revision)}"`);
  if (token !== undefined) withToken(reply, token);
  return body;
};
