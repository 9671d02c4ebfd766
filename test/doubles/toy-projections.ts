import { integer, json, nullable, projection, text, type Event } from '#kernel';

export type Told = Event<'Told', { id: string; from: string; to: string; amount: number; words: string }>;
export type Erased = Event<'Erased', { id: string; from: string }>;
export type Toy = Told | Erased;

/** One row a person: sums; an erasure deletes it. */
export const people = projection<Toy>()({
  name: 'people',
  version: 1,
  table: {
    key: ['person'],
    columns: { count: integer, total: integer, last: nullable(text), seen: json<string[]>() },
    indexes: [['total desc', 'person']],
  },
  keyOf: (event) =>
    event.type === 'Told' ? [{ person: event.data.from }, { person: event.data.to }] : { person: event.data.from },
  on: {
    Told: (row, event) => ({
      count: (row?.count ?? 0) + 1,
      total: (row?.total ?? 0) + event.data.amount,
      last: event.data.words,
      seen: [...(row?.seen ?? []).slice(-2), event.data.id],
    }),
    Erased: () => null,
  },
});

/** One row a saying. */
export const sayings = projection<Toy>()({
  name: 'sayings',
  version: 1,
  table: {
    key: ['id'],
    columns: { from: text, words: text, at: text, place: json<{ a: number; b?: number }>() },
    indexes: [['from', 'at']],
  },
  keyOf: (event) => ({ id: event.data.id }),
  on: {
    Told: (_row, event) => ({
      from: event.data.from,
      words: event.data.words,
      at: event.recordedAt,
      place: { a: event.data.amount },
    }),
    Erased: () => null,
  },
});

/** Two key columns; the row takes the stream's revision. */
export const pairs = projection<Toy>()({
  name: 'pairs',
  version: 1,
  revisionOf: 'talk',
  table: { key: ['from', 'to'], columns: { count: integer, revision: integer }, indexes: [] },
  keyOf: (event) => (event.type === 'Told' ? { from: event.data.from, to: event.data.to } : null),
  on: { Told: (row) => ({ count: (row?.count ?? 0) + 1, revision: 0 }), Erased: (row) => row },
});

export const toys = [people, sayings, pairs];
