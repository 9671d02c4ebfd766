import { Refused, Unreachable } from '#client';
import { DataFolderError, NotAnExport, TargetTaken } from '#event-store';
import { ConfigurationError } from '#platform/configuration';

/** How a command ends (source: spec/configuration.md). */
export const EXIT = {
  done: 0,
  /** The configuration or the environment: a variable, a file, a disk, a server that does not answer. */
  environment: 1,
  usage: 2,
  /** The server, or the store, refused. */
  refused: 3,
  /** What was to be verified is not as it should be. */
  unverified: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that did not do what it was asked to. The message says what happened, what is safe and what to do. */
export class Failure extends Error {
  constructor(
    readonly exitCode: ExitCode,
    /** For programs: a code of the API, or one of `configuration`, `environment`, `usage`, `unreachable`, `unverified`. */
    readonly code: string,
    message: string,
    /** What was found all the same. */
    readonly result?: object,
  ) {
    super(message);
    this.name = 'Failure';
  }
}

/** Asked in a way that cannot be meant; nothing was done. */
export const misused = (message: string): Failure => new Failure(EXIT.usage, 'usage', message);

/** The environment does not permit it. */
export const unable = (message: string, result?: object): Failure =>
  new Failure(EXIT.environment, 'environment', message, result);

export const unverified = (message: string, result?: object): Failure =>
  new Failure(EXIT.unverified, 'unverified', message, result);

/** What became of a command, whatever it threw. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  if (error instanceof Refused) return new Failure(EXIT.refused, error.code ?? 'refused', refusal(error));
  if (error instanceof Unreachable) {
    const sentence = `No Portaria answers: ${error.message}. Is it started, and is PORTARIA_URL right? Whether the command arrived is unknown; giving it again does no harm.`;
    return new Failure(EXIT.environment, 'unreachable', sentence);
  }
  if (error instanceof ConfigurationError) return new Failure(EXIT.environment, 'configuration', error.message);
  if (error instanceof NotAnExport) return unverified(error.message);
  if (error instanceof TargetTaken) return new Failure(EXIT.refused, 'target-taken', error.message);
  if (error instanceof DataFolderError) return unable(error.message);
  return unable(Error.isError(error) ? error.message : String(error));
};

const refusal = ({ call, status, problem, retryAfter, message }: Refused): string => {
  const isAudit = call.startsWith('/v1/audit/');
  const who = isAudit ? 'a supervisor, an administrator or an auditor' : 'the role ops';
  const said = (problem?.detail ?? message).replace(/\.$/, '');
  switch (status) {
    case 401:
      return `The server does not accept the token: nothing was done. Set PORTARIA_TOKEN (or PORTARIA_TOKEN_FILE) to one of ${who} that is valid and not expired.`;
    case 403:
      return `The token may not do this: nothing was done. Set PORTARIA_TOKEN to one of ${who}${isAudit ? '' : '; one of the role auditor may only look'}.`;
    case 404:
      return `There is no such thing: nothing was done (${said}). ${isAudit ? 'Ids of contacts: GET /v1/contacts?search=' : 'The names and ids that exist: portaria-ops projections'}`;
    case 409:
      return `This cannot be done as things stand: nothing was done (${said}). How they stand: portaria-ops projections`;
    case 429:
    case 503:
      return `The server cannot do this now: nothing is lost (${said}). Try again${retryAfter === null ? ' later' : ` in ${String(retryAfter)} s`}.`;
    default:
      return `The server refused: ${said}.`;
  }
};
