import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { identityOf, type Identity } from './access.js';
import { decodeToken, type ConsistencyToken } from './consistency-token.js';
import { toProblem } from './exceptions.js';
import { After } from './fields.js';
import type { Platform } from './platform.js';
import { problem } from './problem.js';
import { eachInSlices } from './slices.js';

/** Why a stream ended: `code` of its last event, `end`. Those of the problem table, and two that no answer has. */
export type EndCode = 'unauthenticated' | 'forbidden' | 'staff-inactive' | 'store-unavailable' | 'too-slow';

/** So much may wait for a reader; whoever is slower is dropped and comes again with Last-Event-ID. */
const MAX_WAITING_BYTES = 256 * 1024;

/** One event of a stream as text. `data` becomes compact JSON; `id` is what `Last-Event-ID` will say. */
export const eventText = (
  data: unknown,
  { id, event }: { readonly id?: string; readonly event?: string } = {},
): string =>
  `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

/** A stream begins behind `after`, or where it was left off: the header `Last-Event-ID`, which browsers send by themselves. */
export class LiveQuery {
  @After() readonly after?: string;
}

/** The place that a stream is to begin behind; an id that cannot be read is a place of which nothing is known. Throws Problem 400 `token-invalid`. */
export const placeOf = ({ headers }: FastifyRequest, { after }: LiveQuery): ConsistencyToken | 'unreadable' | null => {
  const place = after === undefined ? null : decodeToken(after);
  const left = headers['last-event-id'];
  if (left === undefined || left === '') return place;
  try {
    return decodeToken(String(left));
  } catch {
    return 'unreadable';
  }
};

/** Server-Sent Events to one reader. Idle it costs a socket: no timer and no listener beside that of its end. */
export class EventStream {
  #identity: Identity;
  #told: string | null = null;
  #reached: string | null = null;
  #open = true;

  constructor(
    private readonly request: FastifyRequest,
    private readonly raw: ServerResponse,
    private readonly ended: (stream: EventStream, code: EndCode | null) => void,
  ) {
    this.#identity = identityOf(request);
    raw.once('close', () => {
      this.#close(null);
    });
    raw.on('error', () => undefined);
  }

  /** Who reads, as was last asked. */
  get identity(): Identity {
    return this.#identity;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Sends whole events. A reader who let too much wait is dropped. */
  send(text: string): void {
    if (!this.#open || text === '') return;
    this.raw.write(text);
    if (this.raw.writableLength > MAX_WAITING_BYTES)
      this.end('too-slow', 'Read faster: come again with Last-Event-ID, nothing is lost');
  }

  /** Everything up to this place was sent; the next heartbeat says so where no event did. */
  reached(id: string): void {
    this.#reached = id;
  }

  /** A comment, so that both ends see that the other is there, and the place that was reached. */
  beat(): void {
    const place = this.#reached === this.#told || this.#reached === null ? '' : `id: ${this.#reached}\n`;
    this.#told = this.#reached;
    this.send(`:\n${place}\n`);
  }

  /** Asks token and staff record again. `null`: they allow it no more, and the stream has ended saying why. */
  async renewed(): Promise<Identity | null> {
    if (!this.#open) return null;
    try {
      this.#identity = await this.request.reauthenticate();
      return this.#identity;
    } catch (error) {
      const { code, message } = toProblem(error);
      this.end(code as EndCode, message);
      return null;
    }
  }

  /** The last event says why; what a reader does not fetch soon is cut by the next heartbeat but one. */
  end(code: EndCode, detail: string): void {
    if (!this.#open) return;
    this.#close(code);
    this.raw.end(eventText({ code, detail }, { event: 'end' }));
  }

  /** Lets nothing wait any longer. */
  cut(): void {
    this.raw.destroy();
  }

  #close(code: EndCode | null): void {
    if (!this.#open) return;
    this.#open = false;
    this.ended(this, code);
  }
}

/** All streams of the process: opens them within the tenant's limit, beats for all of them by one timer, ends them at the shutdown. */
export class EventStreams {
  readonly #streams = new Set<EventStream>();
  readonly #perTenant = new Map<string, number>();
  readonly #ends: Record<string, number> = {};
  #ending: EventStream[] = [];
  #timer: NodeJS.Timeout | undefined;
  #beating = false;

  constructor(private readonly platform: Platform) {
    platform.metrics.gauge('portaria_event_streams', 'Server-Sent Events: open streams', 'state', () => ({
      open: this.#streams.size,
    }));
    platform.metrics.gauge('portaria_event_streams_ended', 'Streams that were ended here, by reason', 'reason', () => ({
      ...this.#ends,
    }));
    platform.closing.addEventListener('abort', () => {
      for (const stream of this.#streams) stream.end('store-unavailable', 'The process is shutting down: come again');
    });
  }

  /** Answers with a stream: headers and a comment at once. `ended` is called once. Throws Problem 429 beyond the tenant's limit. */
  open(request: FastifyRequest, reply: FastifyReply, ended: (stream: EventStream) => void): EventStream {
    const { tenant } = identityOf(request);
    const open = this.#perTenant.get(tenant) ?? 0;
    const { perTenant } = this.platform.configuration.live;
    if (open >= perTenant)
      throw problem(
        'rate-limited',
        `The tenant has ${String(perTenant)} open streams already: close one, or ask for LIVE_STREAMS_PER_TENANT to be raised`,
      );
    const { raw } = reply.hijack();
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      // For proxies that would collect an answer before they pass it on.
      'x-accel-buffering': 'no',
    });
    this.#perTenant.set(tenant, open + 1);
    const stream = new EventStream(request, raw, (one, code) => {
      this.#forget(one, tenant, code);
      ended(one);
    });
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => void this.#beat(), this.platform.configuration.live.heartbeatMs).unref();
    // Whoever asks for the headers alone has them.
    if (request.method === 'HEAD') raw.end();
    else stream.send(':\n\n');
    return stream;
  }

  #forget(stream: EventStream, tenant: string, code: EndCode | null): void {
    this.#streams.delete(stream);
    const left = (this.#perTenant.get(tenant) ?? 1) - 1;
    if (left === 0) this.#perTenant.delete(tenant);
    else this.#perTenant.set(tenant, left);
    if (code !== null) {
      this.#ending.push(stream);
      this.#ends[code] = (this.#ends[code] ?? 0) + 1;
    }
    this.#rest();
  }

  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    for (const stream of this.#ending.splice(0)) stream.cut();
    await eachInSlices(this.#streams, async (stream) => {
      if ((await stream.renewed()) !== null) stream.beat();
    });
    this.#beating = false;
    this.#rest();
  }

  /** Without streams there is no timer. */
  #rest(): void {
    if (this.#streams.size > 0 || this.#ending.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
