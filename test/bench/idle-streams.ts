// Many who listen and hear little: what an open stream costs, and how long it takes until all were told of a change.
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { median, quantile, type Figure } from './figures.js';
import type { Row } from './rows.js';
import { level, populate, staffed, withServer } from './run.js';
import type { Server } from './server.js';
import { Crowd } from './traffic.js';

const STREAMS = 10_000;
const AT_ONCE = 100;
const HEARTBEAT_SECONDS = 15;
/** Of each half: in the first nothing happens. */
const HALF_MS = 30_000;
const COMMANDS_EACH_SECOND = 4;
const CHANGES_EVERY_MS = 5_000;
const CHANGES = HALF_MS / CHANGES_EVERY_MS;

type Half = 'lists' | 'filters';
type Reader = { readonly socket: Socket; readonly half: Half; beats: number; tail: string; seen: boolean };
type Watch = {
  readonly words: Readonly<Record<Half, string>>;
  readonly left: Record<Half, number>;
  readonly told: (half: Half) => void;
};

/** All readers in this process, each a bare socket: a stream is looked at as text, so that reading costs little. */
class Audience {
  readonly readers: Reader[] = [];
  #watch: Watch | null = null;
  lost = 0;

  constructor(private readonly server: Server) {}

  /** Resolves when it is at its place in the log: from there on nothing is missed. */
  join(half: Half, path: string, bearer: string): Promise<void> {
    const { hostname, port } = new URL(this.server.address);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      const reader: Reader = { socket, half, beats: 0, tail: '', seen: false };
      this.readers.push(reader);
      socket.setEncoding('latin1');
      socket.on('error', reject);
      socket.on('close', () => this.lost++);
      socket.on('data', (text: string) => {
        if (/(^|\n):\n/.test(text)) reader.beats++;
        if (text.includes('\nid: ')) resolve();
        this.#look(reader, text);
      });
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${bearer}\r\n\r\n`);
    });
  }

  #look(reader: Reader, text: string): void {
    const watch = this.#watch;
    if (watch === null || reader.seen) return;
    const word = watch.words[reader.half];
    const known = reader.tail + text;
    reader.tail = known.slice(-word.length);
    if (!known.includes(word)) return;
    reader.seen = true;
    if (--watch.left[reader.half] === 0) watch.told(reader.half);
  }

  /** Milliseconds from the act until every list and every filter has been told of it. */
  async told(words: Watch['words'], act: () => Promise<unknown>): Promise<Readonly<Record<Half, number>>> {
    const took: Partial<Record<Half, number>> = {};
    const left = { lists: 0, filters: 0 };
    for (const reader of this.readers) {
      Object.assign(reader, { seen: false, tail: '' });
      left[reader.half]++;
    }
    const began = performance.now();
    const all = new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`a change did not come to all within a minute: ${JSON.stringify(left)} are left`));
      }, 60_000);
      const told = (half: Half): void => {
        took[half] = performance.now() - began;
        if (Object.keys(took).length < 2) return;
        clearTimeout(limit);
        resolve();
      };
      this.#watch = { words, left, told };
    });
    await act();
    await all;
    this.#watch = null;
    return took as Record<Half, number>;
  }

  leave(): void {
    for (const { socket } of this.readers) socket.destroy();
  }
}

/** Commands at a steady pace, whatever the answers take, until the work is done. Answers how long each took, in milliseconds. */
const paced = async (
  command: (turn: number) => Promise<unknown>,
  work: Promise<unknown>,
): Promise<readonly number[]> => {
  const times: number[] = [];
  const running: Promise<unknown>[] = [];
  const over = new AbortController();
  const done = work.finally(() => {
    over.abort();
  });
  for (let turn = 0; !over.signal.aborted; turn++) {
    const began = performance.now();
    running.push(command(turn).then(() => times.push(performance.now() - began)));
    await pause(1000 / COMMANDS_EACH_SECOND);
  }
  await done;
  await Promise.all(running);
  return times;
};

export const idleStreams: Row = (plan) =>
  withServer(
    {
      ...plan,
      environment: {
        LIVE_STREAMS_PER_TENANT: String(2 * STREAMS),
        LIVE_HEARTBEAT_SECONDS: String(HEARTBEAT_SECONDS),
        ...plan.environment,
      },
    },
    async (server) => {
      const { admin, gateway, bearers } = await staffed(server);
      const places = await populate(gateway, new Crowd(plan.random.fork('crowd'), 0, 'l'), 1_000);
      const [ana, changed, busy] = [await server.as('ana'), places.slice(0, CHANGES), places.slice(CHANGES)];
      const command = (turn: number): Promise<unknown> =>
        ana.post(`/v1/conversations/${busy[turn % busy.length]?.conversationId ?? ''}/messages`, {
          content: { text: 'Bom dia!' },
        });
      await level(server);
      const before = await paced(command, pause(HALF_MS / 3));
      await level(server);
      const [bare, began] = [server.memory().rss, performance.now()];
      const audience = new Audience(server);
      try {
        for (let open = 0; open < STREAMS; open += AT_ONCE) {
          await Promise.all(
            Array.from({ length: AT_ONCE }, (_, n) =>
              n % 2 === 0
                ? audience.join('lists', '/v1/conversations/live', n % 4 === 0 ? bearers.ana : bearers.bruno)
                : audience.join('filters', '/v1/block-filter/live', bearers.gateway),
            ),
          );
        }
        const opening = performance.now() - began;
        await pause(2_000);
        const idle = { memory: server.memory().rss, cpu: server.cpu().main };
        const beats = audience.readers.map((reader) => reader.beats);
        await pause(HALF_MS);
        const busyShare = (100 * (server.cpu().main - idle.cpu)) / HALF_MS;
        const changes: Readonly<Record<Half, number>>[] = [];
        const changing = async (): Promise<void> => {
          for (const { contactId, conversationId } of changed) {
            const words = { lists: conversationId, filters: contactId };
            changes.push(
              await audience.told(words, () => admin.post(`/v1/contacts/${contactId}/block`, { confirm: true })),
            );
            await pause(CHANGES_EVERY_MS);
          }
        };
        const during = await paced(command, changing());
        const heard = audience.readers.map((reader, at) => reader.beats - (beats[at] ?? 0));
        const figure = (
          name: string,
          unit: string,
          values: readonly number[],
          better: Figure['better'] = 'less',
        ): Figure => ({
          row: 'idle-streams',
          name,
          unit,
          values,
          better,
        });
        return [
          figure('streams open', 'in all', [audience.readers.length], 'more'),
          figure('  of these lost', 'in all', [audience.lost]),
          figure('  opened, each at its place in the log', '/s', [(1000 * STREAMS) / opening], 'more'),
          figure('  memory for each', 'KiB', [((idle.memory - bare) * 1024) / STREAMS]),
          figure('  the HTTP thread computes while only heartbeats go out', '% of the time', [busyShare]),
          figure('  heartbeats that the fewest got', 'in a minute', [Math.min(...heard)], 'more'),
          figure(`${String(COMMANDS_EACH_SECOND)} commands/s without streams, p50`, 'ms', [median(before)]),
          figure('  p99', 'ms', [quantile(before, 0.99)]),
          figure('  beside the open streams, p50', 'ms', [median(during)]),
          figure('  p99', 'ms', [quantile(during, 0.99)]),
          figure(
            'block asked for → all 5,000 lists told',
            'ms',
            changes.map(({ lists }) => lists),
          ),
          figure(
            '  → all 5,000 filters told',
            'ms',
            changes.map(({ filters }) => filters),
          ),
        ];
      } finally {
        audience.leave();
      }
    },
  );
