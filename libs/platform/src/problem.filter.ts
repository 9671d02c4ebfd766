import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toProblem } from './exceptions.js';
import type { Logger } from './logging.js';
import type { Problem } from './problem.js';

/** Every exception below a route, in a hook, a parser or the router becomes an RFC 9457 answer here. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerException(this.logger, exception, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/** Logs what is a bug or an outage; the client gets neither stack nor cause. */
export const answerException = (
  logger: Logger,
  exception: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void => {
  const problem = toProblem(exception);
  const { correlationId } = request;
  if (problem.code === 'internal') {
    logger.error({ err: exception, correlationId, route: request.routeOptions.url }, 'a bug');
  } else if (problem.status === 503 && problem !== exception) {
    logger.warn({ err: exception, correlationId }, problem.code);
  }
  // An answer that has begun cannot be turned into a refusal: cut it, so that nobody takes it for whole.
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  sendProblem(reply, problem, correlationId);
};

export const sendProblem = (reply: FastifyReply, problem: Problem, correlationId: string): void => {
  if (problem.retryAfterSeconds !== null) void reply.header('retry-after', String(problem.retryAfterSeconds));
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  // An answer half prepared may have said other things of its body.
  for (const header of ['etag', 'content-length', 'content-disposition']) void reply.removeHeader(header);
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((body: string) => body)
    .send(JSON.stringify(problem.toBody(correlationId)));
};
