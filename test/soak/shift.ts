import { randomUUID } from 'node:crypto';
import { Agent, request as ask } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Request } from '../bench/traffic.js';

/** A command that was answered with what it did. */
export type Acknowledged = {
  /** The Idempotency-Key: the command id of its facts. */
  readonly key: string;
  readonly path: string;
  /** Of the stream, behind the command. */
  readonly revision: number;
  readonly body: Readonly<Record<string, unknown>>;
};
/** When a command was due, and how long after that it was answered for good; milliseconds. */
export type Taken = { readonly due: number; readonly took: number };

type Answer = { readonly status: number; readonly etag: string; readonly body: Readonly<Record<string, unknown>> };

const CONNECTIONS = 64;
const PATIENCE_MS = 30_000;

/** Clients who give every command a key, and repeat it under that key until there is an answer that is one. */
export class Shift {
  readonly acknowledged: Acknowledged[] = [];
  readonly taken: Taken[] = [];
  /** Refusals by a rule, by their codes. */
  readonly refused = new Map<string, number>();
  /** Requests that were cut off, or answered with 429 or 5xx, and were sent again. */
  repeats = 0;
  /** Commands that are due and not answered for good. */
  waiting: () => number = () => 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  constructor(
    private readonly address: () => string,
    private readonly next: () => Request,
  ) {}

  /** So many that each ask, wait for the answer, and ask again. Returns answers in a second. */
  async closed(seconds: number): Promise<number> {
    const began = performance.now();
    const end = began + seconds * 1000;
    let answers = 0;
    await this.lanes(async () => {
      while (performance.now() < end) {
        await this.command(performance.now());
        answers++;
      }
    });
    return (answers * 1000) / (performance.now() - began);
  }

  /**
   * Commands become due at this rate, whatever has been answered; returns when all are answered. Those that wait for a connection are
   * only counted: a million of them in the agent's queue would keep the clients busier than the server.
   */
  async open(perSecond: number, seconds: number): Promise<void> {
    const began = performance.now();
    const all = Math.round(perSecond * seconds);
    const due = (): number => Math.min(all, Math.floor(((performance.now() - began) * perSecond) / 1000) + 1);
    let sent = 0;
    let answered = 0;
    this.waiting = () => due() - answered;
    await this.lanes(async () => {
      while (sent < all) {
        const at = began + (sent++ * 1000) / perSecond;
        const early = at - performance.now();
        if (early > 0) await pause(early);
        await this.command(at);
        answered++;
      }
    });
  }

  private async lanes(lane: () => Promise<void>): Promise<void> {
    await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  }

  close(): void {
    this.agent.destroy();
  }

  private async command(due: number): Promise<void> {
    const [request, key] = [this.next(), randomUUID()];
    for (let wait = 20; ; wait = Math.min(500, wait * 2)) {
      const answer = await this.send(request, key).catch(() => null);
      if (answer !== null && answer.status < 500 && answer.status !== 429) {
        this.note(request, key, answer);
        break;
      }
      this.repeats++;
      await pause(wait);
    }
    this.taken.push({ due, took: performance.now() - due });
  }

  private note({ path }: Request, key: string, { status, etag, body }: Answer): void {
    if (status < 300) {
      this.acknowledged.push({ key, path, revision: Number(etag.replaceAll('"', '')), body });
      return;
    }
    const code = `${String(status)} ${String(body['code'])}`;
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  private send({ method, path, body = '', bearer }: Request, key: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = ask(
        new URL(path, this.address()),
        {
          method,
          agent: this.agent,
          headers: {
            authorization: `Bearer ${bearer}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'idempotency-key': key,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            try {
              const said = JSON.parse(Buffer.concat(chunks).toString()) as Answer['body'];
              resolve({ status: response.statusCode ?? 0, etag: response.headers.etag ?? '', body: said });
            } catch (error) {
              reject(new Error('an answer that is no JSON', { cause: error }));
            }
          });
        },
      );
      sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error('no answer')));
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
