import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const env = {
  PATH: process.env['PATH'],
  NODE_ENV: 'test',
  LOG_LEVEL: 'error',
  LOG_FORMAT: 'json',
  AUTH_JWT_SECRET: 'a secret of at least thirty-two bytes',
  KEY_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'),
};

type Started = {
  readonly child: ChildProcess;
  readonly said: () => string;
  /** Its exit code, once all that it said has been read. */
  readonly ended: Promise<number | null>;
};
const start = (more: Record<string, string> = {}): Started => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'draining-app.js')], { env: { ...env, ...more } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  // Listened to from the start: its connections end together with it.
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said: () => output, ended };
};

const until = async (ready: () => boolean): Promise<void> => {
  while (!ready()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what runs at %s, closes its stores last and exits with 0',
    async (signal) => {
      const { child, said, ended } = start();
      await until(() => said().includes('listening'));
      const url = /listening (\S+)/.exec(said())?.[1] ?? '';
      const stream = await fetch(`${url}/stream`);
      const slow = fetch(`${url}/slow`).then((response) => response.text());
      await until(() => said().includes('slow began'));
      child.kill(signal);
      expect(await slow).toBe('whole');
      expect(await stream.text()).toContain('event: closing');
      expect([await ended, said()]).toEqual([0, expect.stringContaining('store closed')]);
    },
  );

  it('cuts what does not end and still exits with 0 within 10 s', async () => {
    const { child, said, ended } = start();
    await until(() => said().includes('listening'));
    const url = /listening (\S+)/.exec(said())?.[1] ?? '';
    const stubborn = await fetch(`${url}/stubborn`);
    const began = Date.now();
    child.kill('SIGTERM');
    await expect(stubborn.text()).rejects.toThrow();
    expect([await ended, Date.now() - began < 10_000]).toEqual([0, true]);
  });

  it('ends with 1 and a list where its configuration is wrong', async () => {
    const { said, ended } = start({ PORT: 'x', LOG_LEVEL: 'loud' });
    expect([await ended, said()]).toEqual([1, expect.stringMatching(/2 mistake.*\n {2}PORT .*\n {2}LOG_LEVEL /)]);
  });
});
