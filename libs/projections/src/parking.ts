import type { Position, Projection, Recorded } from '#kernel';
import { SealBroken } from '#event-store/codec';
import type { EventReader, EventStore, StoredEvent } from '#event-store/port';
import type { GenerationRow, Key, ParkedEventRow, ParkedRow, ReadSource } from '#read-store';
import type { Running } from './build.js';
import { messageOf, reasonOf, type Discards, type Generation } from './generation.js';
import { recordOpsFact } from './ops-facts.js';
import { idOf, sequenceOf } from './parked.js';

/** What operators see and do of parked events: list them, fold them again in their order, discard the first. */

export type ParkedSequence = {
  /** Opaque; the same in every generation of the projection. */
  readonly sequence: string;
  /** The values of the row's key, or `stream {name}` where an event of it cannot be read. */
  readonly key: string;
  readonly tenant: string;
  readonly firstEventId: string;
  readonly firstPosition: Position;
  readonly events: number;
  /** Why the first one is parked. */
  readonly error: string;
  readonly parkedAt: string;
};

/** How many events of a sequence were folded, how many are parked still, and why. */
export type Retried = { readonly applied: number; readonly left: number; readonly error: string | null };

type Named = Pick<Projection, 'name' | 'version'>;
/** `at`: RFC 3339 UTC. Under one command id the act is recorded once. */
type Act = {
  readonly sequence: string;
  readonly operator: { readonly id: string; readonly commandId: string };
  readonly at: string;
};
type Place = Pick<GenerationRow, 'projection' | 'generation'>;

/** What the generation that answers queries has parked, by the place of the first event; behind `after` (a sequence), `limit` at most. */
export const parkedSequences = (
  source: ReadSource,
  projection: Named,
  page: { readonly after: string | null; readonly limit: number },
): Promise<readonly ParkedSequence[]> =>
  source.snapshot(async (_db, system) => {
    const answering = (await system.generations()).find((row) => isAnswering(row, projection));
    if (answering === undefined) return [];
    const all = await system.parking.sequences(answering);
    const from = page.after === null ? 0 : all.findIndex(({ sequence }) => sequence === page.after) + 1;
    return all.slice(from, from + page.limit).map(shown);
  });

/** Has the sequence folded again and records it. Null: nothing of that name is parked. */
export const retryParked = async (
  desk: {
    readonly events: EventStore;
    readonly retry: (projection: string, sequence: string) => Promise<Retried | null>;
  },
  projection: string,
  act: Act,
): Promise<Retried | null> => {
  const { sequence, operator, at } = act;
  const retried = await desk.retry(projection, sequence);
  if (retried === null) return null;
  const { applied, left } = retried;
  await recordOpsFact(
    desk.events,
    projection,
    {
      type: 'ParkedEventsRetried',
      data: { projection, sequence, applied, left, retriedBy: operator.id, retriedAt: at },
    },
    { ...operator, kind: 'staff' },
    (stored) => stored.type === 'ParkedEventsRetried' && stored.metadata.commandId === operator.commandId,
  );
  return retried;
};

/**
 * Discards the first event of a sequence for good, in this version of the projection, and folds those behind it. The fact stands first, so that
 * whatever dies in between, a retry or a rebuild honours it. Null: nothing of that name is parked.
 */
export const discardParked = async (
  desk: {
    readonly events: EventStore;
    readonly source: ReadSource;
    readonly retry: (projection: string, sequence: string) => Promise<Retried | null>;
  },
  projection: Named,
  act: Act & { readonly reason: string },
): Promise<Retried | null> => {
  const { name, version } = projection;
  const { sequence, reason, operator, at } = act;
  if (reason.trim() === '') throw new Error('a parked event is discarded for a reason: give one');
  const first = await desk.source.snapshot(async (_db, system) => {
    const answering = (await system.generations()).find((row) => isAnswering(row, projection));
    return answering === undefined ? undefined : system.parking.sequence(answering, sequence);
  });
  if (first === undefined) return null;
  const eventId = first.first_event_id;
  await recordOpsFact(
    desk.events,
    name,
    {
      type: 'ParkedEventDiscarded',
      data: { projection: name, version, sequence, eventId, reason, discardedBy: operator.id, discardedAt: at },
    },
    { ...operator, kind: 'staff' },
    (stored) => discardIn(stored, version)?.sequence === sequence && stored.data['eventId'] === eventId,
  );
  return desk.retry(name, sequence);
};

/** What was discarded of a projection's version, as the log says. */
export const readDiscards = async (events: EventReader, { name, version }: Named): Promise<Discards> => {
  const discards = new Map<string, Set<string>>();
  for await (const page of events.readStream(`ops-${name}`)) {
    for (const stored of page) {
      const found = discardIn(stored, version);
      if (found !== null) discards.set(found.eventId, (discards.get(found.eventId) ?? new Set()).add(found.sequence));
    }
  }
  return discards;
};

/**
 * Folds a sequence of a generation again, up to the first event that fails again. A stream's events that can be read now go to their keys, which
 * are then folded one by one. Nothing else may move the generation meanwhile, and nothing folded may wait for its write. Null: nothing of that
 * name is parked.
 */
export const retrySequence = async (
  running: Running,
  generation: Generation,
  sequence: string,
): Promise<Retried | null> => {
  const found = await running.rows.aside((system) => system.parking.sequence(placeOf(generation), sequence));
  if (found === undefined) return null;
  if (found.kind === 'key') return foldAgain(running, generation, sequence);
  const { keys, ...outcome } = await readAgain(running, generation, found);
  let { applied, left, error } = outcome;
  for (const key of keys) {
    const one = await foldAgain(running, generation, key);
    if (one === null) continue;
    applied += one.applied;
    left += one.left;
    error ??= one.error;
  }
  return { applied, left, error };
};

/** One key, in one transaction: all of its events are taken out, and what cannot be folded comes back through the way that every event takes. */
const foldAgain = async (running: Running, generation: Generation, sequence: string): Promise<Retried | null> => {
  const { rows, now, seat } = running;
  const place = placeOf(generation);
  const [row, parked] = await rows.aside(async (system) => [
    await system.parking.sequence(place, sequence),
    await system.parking.events(place, sequence),
  ]);
  if (row === undefined) return null;
  const key = JSON.parse(row.key) as Key;
  let events: readonly Taken[];
  try {
    events = await eventsOf(running, generation, parked);
  } catch (error) {
    return { applied: 0, left: row.events, error: messageOf(error) };
  }
  const take = ({ event, broken }: Taken): void => {
    if (broken === null) generation.take(event, idOf(key));
    else generation.takeBroken(event, broken, idOf(key));
  };
  generation.again = true;
  try {
    generation.release(key);
    const [first, ...rest] = events;
    if (first !== undefined) take(first);
    generation.fill(await rows.load(generation.table, generation.missing));
    await rows.write(async (tx) => {
      await tx.system.own(seat);
      await tx.system.parking.release(place, sequence);
      for (const one of [null, ...rest]) {
        if (one !== null) take(one);
        generation.fold();
        await generation.write(tx, now(), true);
        generation.settle(false);
      }
    });
  } catch (error) {
    generation.forget();
    generation.parked.load(await rows.aside((system) => system.parking.sequences(place)));
    throw error;
  } finally {
    generation.again = false;
  }
  const after = await rows.aside((system) => system.parking.sequence(place, sequence));
  const left = after?.events ?? 0;
  return { applied: parked.length - left, left, error: after?.error ?? null };
};

/** A stream whose events could not be read: those that can be now are parked for their keys. Returns the keys that have events of the stream. */
const readAgain = async (
  { rows, events, codec, seat }: Running,
  generation: Generation,
  row: ParkedRow,
): Promise<Retried & { readonly keys: readonly string[] }> => {
  const place = placeOf(generation);
  const stream = (JSON.parse(row.key) as Key)[1] ?? '';
  const parked = await rows.aside((system) => system.parking.events(place, row.sequence));
  const found = await storedIn(events, parked);
  const readable: { readonly entry: ParkedEventRow; readonly keys: readonly Key[] }[] = [];
  let error: string | null = null;
  for (const entry of parked) {
    try {
      const isDiscarded = generation.discards.get(entry.event_id)?.has(row.sequence) === true;
      readable.push({ entry, keys: isDiscarded ? [] : generation.keysOf(codec.decode(existing(found, entry))) });
    } catch (caught) {
      error = reasonOf(caught);
      break;
    }
  }
  const rest = parked.slice(readable.length);
  if (readable.length === 0) return { applied: 0, left: rest.length, error, keys: [] };
  const [sequences, keys] = await rows.write(async ({ system }) => {
    await system.own(seat);
    await system.parking.release(place, row.sequence);
    const [first] = rest;
    if (first !== undefined) await system.parking.hold([startingWith(row, first, rest.length, error)], rest);
    for (const { entry, keys } of readable) {
      for (const key of keys) {
        const name = sequenceOf('key', key);
        const known = await system.parking.sequence(place, name);
        const fresh: ParkedRow = { ...row, kind: 'key', sequence: name, key: JSON.stringify(key) };
        const isFirst = known === undefined || entry.position < known.first_position;
        const start = isFirst ? startingWith(known ?? fresh, entry, 0, null) : known;
        const events = (known?.events ?? 0) + 1;
        await system.parking.hold([{ ...start, events }], [{ ...entry, sequence: name }]);
      }
    }
    return [await system.parking.sequences(place), await system.parking.touchedBy(place, stream)];
  });
  generation.forget();
  generation.parked.load(sequences);
  const others = keys.filter((name) => name !== row.sequence);
  return { applied: 0, left: rest.length, error, keys: others };
};

const startingWith = (row: ParkedRow, first: ParkedEventRow, events: number, error: string | null): ParkedRow => ({
  ...row,
  first_event_id: first.event_id,
  first_position: first.position,
  error: error ?? row.error,
  events,
});

type Taken = { readonly event: Recorded; readonly broken: SealBroken | null };

const eventsOf = async (
  { events, codec }: Running,
  { projection }: Generation,
  parked: readonly ParkedEventRow[],
): Promise<readonly Taken[]> => {
  const found = await storedIn(events, parked);
  const taken: Taken[] = [];
  for (const entry of parked) {
    const event = codec.decode(existing(found, entry));
    try {
      taken.push({ event: projection.opens.includes(event.type) ? await codec.open(event) : event, broken: null });
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      taken.push({ event, broken: error });
    }
  }
  return taken;
};

/** The parked events as the log holds them, by id. */
const storedIn = async (
  events: EventReader,
  parked: readonly ParkedEventRow[],
): Promise<ReadonlyMap<string, StoredEvent>> => {
  const found = new Map<string, StoredEvent>();
  const wanted = new Set(parked.map(({ event_id }) => event_id));
  for (const [stream, entries] of Map.groupBy(parked, (entry) => entry.stream)) {
    const revisions = entries.map(({ revision }) => revision);
    const from = Math.min(...revisions);
    const limit = Math.max(...revisions) - from + 1;
    for await (const page of events.readStream(stream, { from, limit })) {
      for (const event of page) if (wanted.has(event.id)) found.set(event.id, event);
    }
  }
  return found;
};

const existing = (found: ReadonlyMap<string, StoredEvent>, { event_id, stream }: ParkedEventRow): StoredEvent => {
  const stored = found.get(event_id);
  if (stored === undefined) throw new Error(`the event ${event_id} is not in the log any more (${stream})`);
  return stored;
};

const placeOf = ({ name, generation }: Generation): Place => ({ projection: name, generation });

const isAnswering = (row: GenerationRow, { name, version }: Named): boolean =>
  row.projection === name && row.version === version && (row.state === 'live' || row.state === 'paused');

const discardIn = (
  { type, data }: StoredEvent,
  version: number,
): { readonly eventId: string; readonly sequence: string } | null =>
  type === 'ParkedEventDiscarded' && data['version'] === version
    ? { eventId: String(data['eventId']), sequence: String(data['sequence']) }
    : null;

const shown = (row: ParkedRow): ParkedSequence => {
  const [tenant = '', ...parts] = JSON.parse(row.key) as Key;
  return {
    sequence: row.sequence,
    key: row.kind === 'stream' ? `stream ${parts.join(' ')}` : parts.join(' '),
    tenant,
    firstEventId: row.first_event_id,
    firstPosition: row.first_position as Position,
    events: row.events,
    error: row.error,
    parkedAt: row.parked_at,
  };
};
