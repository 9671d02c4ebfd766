import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createCommandRunner,
  LogTail,
  openSqliteEventStore,
  type CommandRunner,
  type EventStore,
  type LoadOptions,
  type SqliteEventStore,
  type SubscriptionItem,
} from '#event-store';
import { Command, decider, reject, unheard, type CommandMetadata, type Event, type Rejection } from '#kernel';
import { passthrough } from '../../../test/doubles/memory-event-store.js';
import { until } from '../../../test/fixtures/until.js';

type DoorEvent =
  | Event<'DoorLocked', object>
  | Event<'DoorUnlocked', object>
  | Event<'DoorPassed', object>
  | Event<'DoorPainted', object>;
class Lock extends Command<object> {
  readonly type = 'Lock';
}
class Unlock extends Command<object> {
  readonly type = 'Unlock';
}
class Paint extends Command<object> {
  readonly type = 'Paint';
}
class Pass extends Command<{ locked: boolean }> {
  readonly type = 'Pass';
}
const door = decider({
  category: 'door',
  commands: [Lock, Unlock, Pass, Paint],
  opens: ['DoorPainted'],
  idOf: () => '1',
  initial: { locked: false, passed: 0 },
  evolve: (state: { locked: boolean; passed: number }, event: DoorEvent) => {
    switch (event.type) {
      case 'DoorLocked':
        return { ...state, locked: true };
      case 'DoorUnlocked':
        return { ...state, locked: false };
      case 'DoorPassed':
        return { ...state, passed: state.passed + 1 };
      case 'DoorPainted':
        return state;
      default:
        return unheard(state, event);
    }
  },
  decide: (command, state): readonly DoorEvent[] | Rejection<'door-locked'> => {
    switch (command.type) {
      case 'Lock':
        return state.locked ? [] : [{ type: 'DoorLocked', data: {} }];
      case 'Unlock':
        return state.locked ? [{ type: 'DoorUnlocked', data: {} }] : [];
      case 'Paint':
        return [{ type: 'DoorPainted', data: {} }];
      case 'Pass':
        return command.data.locked ? reject('door-locked') : [{ type: 'DoorPassed', data: {} }];
    }
  },
});

const metadata = (): CommandMetadata => ({
  commandId: randomUUID(),
  correlationId: 'r',
  causationId: 'r',
  tenant: 't',
  caller: { id: 'ana', kind: 'staff', role: 'agent', access: 'all' },
  now: '2026-01-01T12:00:00.000Z',
  requestHash: 'h',
});

describe('folds that hear what others append', () => {
  const codec = passthrough('DoorLocked', 'DoorUnlocked', 'DoorPassed', 'DoorPainted');
  let folder: string;
  let store: SqliteEventStore;
  /** Of this process: its store counts what is read, and what it hears can be held up. */
  let runner: CommandRunner;
  let other: CommandRunner;
  let tail: LogTail;
  let reads: string[];
  let looks: number;
  let deaf: PromiseWithResolvers<undefined> | null;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portaria-'));
    store = openSqliteEventStore({ path: join(folder, 'events.db') });
    reads = [];
    looks = 0;
    deaf = null;
    const own: EventStore = {
      ...store,
      readStream: (...args: Parameters<EventStore['readStream']>) => {
        reads.push(args[0]);
        return store.readStream(...args);
      },
      head: () => {
        looks += 1;
        return store.head();
      },
      async *subscribe(options: Parameters<EventStore['subscribe']>[0]): AsyncGenerator<SubscriptionItem> {
        for await (const item of store.subscribe(options)) {
          await deaf?.promise;
          yield item;
        }
      },
    };
    tail = new LogTail(own);
    await tail.start();
    runner = createCommandRunner({ store: own, codec, tail });
    other = createCommandRunner({ store, codec });
  });
  afterEach(async () => {
    deaf?.resolve(undefined);
    await tail.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const lock = (by: CommandRunner, id: string) => by.execute(door, id, new Lock({}, metadata()), metadata());
  const unlock = (by: CommandRunner, id: string) => by.execute(door, id, new Unlock({}, metadata()), metadata());
  /** Through the door `id`, unless the door of the house is locked. */
  const pass = (by: CommandRunner, id: string) =>
    by.execute(
      door,
      id,
      async (_state, recent) =>
        new Pass({ locked: (await by.load(door, 't', 'house', recent)).state.locked }, metadata()),
      metadata(),
    );
  const load = async (id: string, options: LoadOptions) => (await runner.load(door, 't', id, options)).state;

  it('are trusted for as long as own appends prove that all was heard', async () => {
    await load('house', {});
    await new Promise((resolve) => setTimeout(resolve, 500));
    const beganAt = performance.now();
    const { position } = await lock(runner, '1');
    expect(await tail.reached(position!, 20_000)).toBe(true);
    reads = [];
    // Older than this since it was read, and younger since the append that was heard.
    looks = 0;
    await load('house', { maxAgeMs: performance.now() - beganAt + 400 });
    expect([reads, looks]).toEqual([[], 0]);
    await load('house', { maxAgeMs: -1 });
    expect([reads, looks]).toEqual([[], 1]);
  });

  it('go on with what others append, unread', async () => {
    await load('1', {});
    await load('house', {});
    await lock(other, 'house');
    const { position } = await lock(runner, '2');
    reads = [];
    expect(await load('house', { behind: position! })).toMatchObject({ locked: true });
    expect(await load('1', { behind: position! })).toMatchObject({ passed: 0 });
    expect(reads).toEqual([]);
  });

  it('recognise what another process was told', async () => {
    await load('house', {});
    const told = metadata();
    const { position } = await other.execute(door, 'house', new Lock({}, told), told);
    await load('house', { behind: position! });
    expect(await runner.execute(door, 'house', new Lock({}, told), told)).toMatchObject({ repeated: true });
  });

  it('are read where a fact takes a key to be folded, and only there', async () => {
    await load('1', {});
    await load('house', {});
    await other.execute(door, 'house', new Paint({}, metadata()), metadata());
    await lock(other, 'house');
    const { position } = await lock(runner, '2');
    reads = [];
    expect(await load('house', { behind: position! })).toMatchObject({ locked: true });
    expect(await load('1', { behind: position! })).toMatchObject({ passed: 0 });
    expect(reads).toEqual(['door-t.house']);
  });

  it('are as present as the moment of the question, by one look at the log for all who ask', async () => {
    const doors = Array.from({ length: 20 }, (_, n) => String(n));
    for (const id of doors) await load(id, {});
    for (const id of doors) await lock(other, id);
    [reads, looks] = [[], 0];
    const states = await Promise.all(doors.map((id) => load(id, {})));
    expect(states.every(({ locked }) => locked)).toBe(true);
    expect(reads).toEqual([]);
    expect(looks).toBeLessThanOrEqual(2);
    const since = performance.now();
    looks = 0;
    for (const id of doors) await load(id, { since });
    expect(looks).toBe(1);
  });

  it('are not as present as a look that had begun before the question', async () => {
    await load('house', {});
    const first = load('house', {});
    await lock(other, 'house');
    expect((await load('house', {})).locked).toBe(true);
    await first;
  });

  it('are read where nothing is heard in time', async () => {
    await load('house', {});
    await pass(runner, '1');
    deaf = Promise.withResolvers();
    await lock(other, 'house');
    await pass(runner, '1');
    const { position } = await runner.load(door, 't', '1', { fresh: false });
    expect(await load('house', { behind: position! })).toMatchObject({ locked: true });
    expect(await load('house', {})).toMatchObject({ locked: true });
    // Nobody waits for what somebody waited for in vain.
    looks = 0;
    expect(await load('house', {})).toMatchObject({ locked: true });
    expect(looks).toBe(0);
  });

  it('refuse nobody on what is old', async () => {
    await lock(other, 'house');
    await load('house', {});
    await pass(runner, '1');
    deaf = Promise.withResolvers();
    await unlock(other, 'house');
    expect(await pass(runner, '1')).toMatchObject({ kind: 'accepted' });
  });

  it('know a stream that grew while it was read', async () => {
    expect(tail.isBehind('door-t.9', -1)).toBe(false);
    await lock(other, '9');
    await until(() => tail.isBehind('door-t.9', -1));
    expect(tail.isBehind('door-t.9', 0)).toBe(false);
  });
});
