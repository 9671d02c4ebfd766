import { connect, type Client } from '#client';
import { readRemoteConfiguration } from '#platform/configuration';
import { EXIT, Failure } from './failure.js';
import type { Terminal } from './terminal.js';

/** For as long a server that says `Retry-After` is asked again. */
const PATIENCE_MS = 20_000;

/** The server of PORTARIA_URL, asked with PORTARIA_TOKEN. */
export const serverOf = (terminal: Terminal): Client => serverFor(terminal, 'somebody with the role ops');

/** The same for what ops may not see. */
export const auditorsServerOf = (terminal: Terminal): Client =>
  serverFor(terminal, 'a supervisor, an administrator or an auditor');

const serverFor = ({ variables }: Terminal, who: string): Client => {
  const { url, token } = readRemoteConfiguration(variables);
  if (token === null) {
    throw new Failure(
      EXIT.environment,
      'configuration',
      `PORTARIA_TOKEN is not set: give the token of ${who}, or the file that holds it in PORTARIA_TOKEN_FILE. A server in development prints one when it starts.`,
    );
  }
  return connect({ url, token, patienceMs: PATIENCE_MS });
};
