// npm run demo [-- --seed N]: a working day against the running server, through HTTP only.
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { Refused } from '#client';
import { developmentSecret } from '../traffic/tokens.js';
import { play } from './play.js';

const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
const address = (environment['PORTARIA_URL'] ?? `http://127.0.0.1:${environment['PORT'] ?? '3000'}`).replace(/\/$/, '');
const dataDir = environment['DATA_DIR'] ?? './data';

const failed = (sentence: string): never => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
};

const seedOf = (): string => {
  try {
    const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } });
    return values.seed;
  } catch {
    process.stderr.write('Usage: npm run demo -- [--seed N]\n');
    process.exit(2);
  }
};

const seed = seedOf();
const answers = await fetch(`${address}/health/live`).then(
  ({ ok }) => ok,
  () => false,
);
if (!answers) {
  failed(`No Portaria answers on ${address}: start it first, in another terminal, with: npm start`);
}
const secret = environment['AUTH_JWT_SECRET'] ?? developmentSecret(dataDir);
if (secret === null) {
  failed(
    `The demo signs its own tokens with the secret that a server in development keeps in its data folder, and ${dataDir} has none: set DATA_DIR to the server's folder.`,
  );
} else {
  try {
    await play(address, secret, seed);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    failed(
      error.status === 401
        ? `The server on ${address} does not know the secret in ${dataDir}: set DATA_DIR to the server's folder.`
        : `The demo stopped: ${error.message}`,
    );
  }
}
