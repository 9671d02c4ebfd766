// What the running server says of itself, for doctor.
import { answerOf, connect, Refused, Unreachable, type Client } from '#client';
import { ConfigurationError, readRemoteConfiguration, type Variables } from '#platform/configuration';
import { projectionsOf } from './commands/projections.js';
import { good, problem, warning, type Finding } from './doctor.js';
import { failureOf } from './failure.js';
import { duration } from './terminal.js';

/** Beyond it tokens are refused as not yet valid, and messages stand in the wrong order. */
const SKEW_MS = 5_000;
const LAG_SECONDS = 30;

/** Is it there, ready, on time, and how are its read models? A server that is not there is no problem of its own: doctor works without. */
export async function* examineServer(variables: Variables | undefined): AsyncGenerator<Finding> {
  let url: string;
  let token: string | null;
  try {
    ({ url, token } = readRemoteConfiguration(variables));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const mistake of error.mistakes) yield problem('server', mistake, 'mend it: docs/configuration.md');
    return;
  }
  const heard: string[] = [];
  const began = Date.now();
  const server = connect({
    url,
    ...(token === null ? {} : { token }),
    fetch: async (request) => {
      const response = await fetch(request, { signal: AbortSignal.timeout(10_000) });
      heard.push(response.headers.get('date') ?? '');
      return response;
    },
  });
  try {
    await answerOf(server.GET('/health/live'));
  } catch (error) {
    yield error instanceof Unreachable
      ? warning(
          'server',
          error.message,
          'start it, or set PORTARIA_URL, if it should run; what is above was looked at without it',
        )
      : problem('server', failureOf(error).message, 'look whether PORTARIA_URL is the address of Portaria');
    return;
  }
  yield good('server', `${url} answers`);
  const [date = ''] = heard;
  if (date !== '') yield clock(Date.parse(date), began);
  yield* readiness(server);
  if (token === null)
    yield warning(
      'read models',
      'not asked: PORTARIA_TOKEN is not set',
      'set it to a token of the role ops or auditor',
    );
  else yield* states(server);
}

/** The header has whole seconds, and was written between asking and now. */
const clock = (theirs: number, asked: number): Finding => {
  const skew = Math.max(asked - (theirs + 1_000), theirs - Date.now(), 0);
  return skew <= SKEW_MS
    ? good('clock', 'agrees with the server’s')
    : problem('clock', `differs from the server’s by ${duration(skew / 1000)}`, 'let NTP or chrony keep both clocks');
};

async function* readiness(server: Client): AsyncGenerator<Finding> {
  try {
    await answerOf(server.GET('/health/ready'));
    yield good('ready', 'the server takes requests');
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { notReady = {} } = (error.problem ?? {}) as { notReady?: Readonly<Record<string, string>> };
    const reasons = Object.entries(notReady).map(([name, reason]) => `${name}: ${reason}`);
    yield problem(
      'ready',
      reasons.join('; ') || error.message,
      'wait if it has just started; otherwise its log says more',
    );
  }
}

async function* states(server: Client): AsyncGenerator<Finding> {
  try {
    const items = await projectionsOf(server);
    const troubled = items.filter(
      ({ state, lagSeconds, parkedSequences }) => state !== 'live' || lagSeconds > LAG_SECONDS || parkedSequences > 0,
    );
    for (const { name, state, lagSeconds, parkedSequences, rebuild } of troubled) {
      if (state !== 'live') yield problem('read models', `${name} is ${state}`, ADVICE[state](name, rebuild !== null));
      if (lagSeconds > LAG_SECONDS)
        yield warning(
          'read models',
          `${name} is ${duration(lagSeconds)} behind`,
          'watch it: portaria-ops projections --watch',
        );
      if (parkedSequences > 0)
        yield warning(
          'read models',
          `${name} has ${String(parkedSequences)} keys with parked events`,
          `look at them: portaria-ops parked list ${name}`,
        );
    }
    if (troubled.length === 0) yield good('read models', `all ${String(items.length)} are live and level`);
  } catch (error) {
    yield problem(
      'read models',
      failureOf(error).message,
      'with a token of the role ops or auditor doctor sees their states',
    );
  }
}

const ADVICE = {
  failed: (name: string, isBuilding: boolean) =>
    isBuilding
      ? 'it is being built: portaria-ops projections --watch'
      : `deploy a mended fold, then: portaria-ops rebuild ${name} --watch`,
  paused: () => 'deploy the newer code that wrote the facts, or look at what is parked',
  detached: () => 'it belongs to other code: deploy that, or leave it to be dropped',
  live: () => '',
} as const;
