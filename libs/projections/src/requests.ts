import { randomUUID } from 'node:crypto';
import { StoreUnavailable } from '#event-store/port';
import { ReadStoreUnusable, type RequestRow, type RowStore } from '#read-store';
import { messageOf } from './generation.js';
import type { OpsCalls } from './operations.js';
import { OpsRefused } from './options.js';

const POLL_MS = 100;
const WAIT_MS = 15_000;

export type OpsCall = {
  readonly [K in keyof OpsCalls]: { readonly name: K; readonly args: OpsCalls[K]['args'] };
}[keyof OpsCalls];

/** What became of a call, as it travels between threads and processes. `unavailable`: a store cannot be used now. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly refused: OpsRefused['reason'] | 'unavailable' | null; readonly message: string };

export const outcomeOf = async (work: () => Promise<unknown>): Promise<Outcome> => {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, refused: reasonOf(error), message: messageOf(error) };
  }
};

const reasonOf = (error: unknown): Extract<Outcome, { ok: false }>['refused'] => {
  if (error instanceof OpsRefused) return error.reason;
  return error instanceof ReadStoreUnusable || error instanceof StoreUnavailable ? 'unavailable' : null;
};

export const refusalOf = ({ refused, message }: Extract<Outcome, { ok: false }>): Error => {
  if (refused === null) return new Error(message);
  return refused === 'unavailable' ? new ReadStoreUnusable(message) : new OpsRefused(refused, message);
};

/** Between two seats, as while the read store cannot be written, and when the projector ends. */
export const noSeat = (): Error => new ReadStoreUnusable('the projector has no seat at present: ask again');

const valueOf = (outcome: Outcome): unknown => {
  if (outcome.ok) return outcome.value;
  throw refusalOf(outcome);
};

/** No process holds the live seat. */
export class NoProjector extends Error {
  constructor() {
    super('No projector answered: start one, then ask again. What was asked has not been done.');
    this.name = 'NoProjector';
  }
}

/** Asks whichever process holds the live seat, through the read store. Throws OpsRefused, or NoProjector after 15 seconds. */
export const askHolder = async (rows: RowStore, call: OpsCall): Promise<unknown> => {
  const id = randomUUID();
  await rows.aside((system) =>
    system.addRequest({
      id,
      name: call.name,
      args: JSON.stringify(call.args),
      requested_at: new Date().toISOString(),
    }),
  );
  const until = performance.now() + WAIT_MS;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const row = await rows.aside((system) => system.request(id));
    if (typeof row?.answer === 'string') return valueOf(JSON.parse(row.answer) as Outcome);
  }
  // Withdrawn, unless it was taken at this very moment.
  const last = await rows.aside(async (system) => {
    const row = await system.request(id);
    if (typeof row?.answer !== 'string')
      await system.answerRequest(
        id,
        JSON.stringify({ ok: false, refused: null, message: 'nobody answered in time' } satisfies Outcome),
        new Date().toISOString(),
      );
    return row;
  });
  if (typeof last?.answer === 'string') return valueOf(JSON.parse(last.answer) as Outcome);
  throw new NoProjector();
};

export const callOf = (row: RequestRow): OpsCall =>
  ({ name: row.name, args: JSON.parse(row.args) as unknown }) as unknown as OpsCall;
