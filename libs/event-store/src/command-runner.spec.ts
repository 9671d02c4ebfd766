import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AppendOutcomeUnknown,
  Busy,
  type Codec,
  CodeTooOld,
  createCodec,
  createCommandRunner,
  defineEvents,
  type EventStore,
  type Loaded,
  openSqliteEventStore,
  type Outcome,
  type SqliteEventStore,
  StoreUnavailable,
  StreamTruncated,
} from '#event-store';
import { Command, type CommandMetadata, decider, type Event, reject, type Rejection, unheard } from '#kernel';
import { collect } from '../../../test/conformance/event-store.suite.js';
import { memoryKeyVault } from '../../../test/fixtures/memory-key-vault.js';
import { SAME_RUNS } from '../../../test/fixtures/same-runs.js';

type TallyEvent =
  | Event<'TallyCounted', { by: number; note: string | undefined }>
  | Event<'TallyNamed', { name: unknown }>
  | Event<'TallySigned', { signature: string }>;
type Tally = {
  readonly sum: number;
  readonly name: unknown;
  readonly signature: string | null;
  readonly notes: readonly object[];
};

class Count extends Command<{ by: number; text?: string }> {
  readonly type = 'Count';
}
class Name extends Command<{ name: string }> {
  readonly type = 'Name';
}
class Sign extends Command<{ signature: string }> {
  readonly type = 'Sign';
}
/** A loaded fold without its function. */
const bare = ({ state, revision, position }: Loaded<typeof tally>) => ({ state, revision, position });

const tally = decider({
  category: 'tally',
  commands: [Count, Name, Sign],
  idOf: () => '1',
  initial: { sum: 0, name: null, signature: null, notes: [] },
  evolve: (state: Tally, event: TallyEvent): Tally => {
    switch (event.type) {
      case 'TallyCounted':
        return { ...state, sum: state.sum + event.data.by, notes: [...state.notes.slice(-2), event.data] };
      case 'TallyNamed':
        return { ...state, name: event.data.name };
      case 'TallySigned':
        return { ...state, signature: event.data.signature };
      default:
        return unheard(state, event);
    }
  },
  decide: (command, state): readonly TallyEvent[] | Rejection<'tally-full'> => {
    switch (command.type) {
      case 'Count':
        if (state.sum + command.data.by > 1_000_000) return reject('tally-full');
        return command.data.by === 0
          ? []
          : [{ type: 'TallyCounted', data: { by: command.data.by, note: command.data.text } }];
      case 'Name':
        return [{ type: 'TallyNamed', data: { name: command.data.name } }];
      case 'Sign':
        return state.signature === command.data.signature
          ? []
          : [{ type: 'TallySigned', data: { signature: command.data.signature } }];
    }
  },
  sealedFor: () => 'contact:1',
  opens: ['TallySigned'],
});
const definitions = defineEvents<TallyEvent>()({
  TallyCounted: { version: 1 },
  TallyNamed: { version: 1, personal: ['name'] },
  TallySigned: { version: 1, personal: ['signature'] },
});

const metadata = (more: Partial<CommandMetadata> = {}): CommandMetadata => ({
  commandId: randomUUID(),
  correlationId: 'r',
  causationId: 'r',
  tenant: 't',
  caller: { id: 'ana', kind: 'staff', role: 'agent', access: 'all' },
  now: '2026-01-01T12:00:00.000Z',
  requestHash: 'h',
  ...more,
});
const count = (by: number, more: Partial<CommandMetadata> = {}): Count => new Count({ by }, metadata(more));

describe('the command runner', () => {
  let folder: string;
  let store: SqliteEventStore;
  let codec: Codec;
  let runner: ReturnType<typeof createCommandRunner>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portaria-'));
    store = openSqliteEventStore({ path: join(folder, 'events.db') });
    codec = createCodec([definitions], memoryKeyVault());
    runner = createCommandRunner({ store, codec });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  type Run = Outcome<typeof tally>;
  const run = (command: Count | Name | Sign, id = '1', by = runner): Promise<Run> =>
    by.execute(tally, id, command, command.metadata);
  const accepted = (outcome: Run | undefined): Extract<Run, { kind: 'accepted' }> => {
    if (outcome?.kind !== 'accepted') throw new Error(`it was refused: ${JSON.stringify(outcome)}`);
    return outcome;
  };
  const withFaults = (append: EventStore['append']): ReturnType<typeof createCommandRunner> =>
    createCommandRunner({ store: { ...store, append }, codec });
  const cold = (): Promise<Loaded<typeof tally>> => createCommandRunner({ store, codec }).load(tally, 't', '1');

  it('appends what is decided, with what is known of its making', async () => {
    const command = new Count({ by: 2 }, metadata({ onBehalfOf: 'bia', traceparent: '00-1' }));
    const outcome = accepted(await run(command));
    expect(outcome).toMatchObject({ revision: 0, repeated: false, state: { sum: 2 } });
    expect(outcome.position).toBe((await store.head())?.position);
    const [stored] = await collect(store.readStream('tally-t.1'));
    expect(stored?.metadata).toEqual({
      $correlationId: 'r',
      $causationId: 'r',
      commandId: command.metadata.commandId,
      commandType: 'Count',
      actor: 'ana',
      actorKind: 'staff',
      tenant: 't',
      schemaVersion: '1',
      occurredAt: command.metadata.now,
      requestHash: 'h',
      onBehalfOf: 'bia',
      traceparent: '00-1',
    });
    expect(outcome.events[0]).toMatchObject({
      id: stored?.id,
      revision: 0,
      tenant: 't',
      subject: '1',
      data: { by: 2 },
      position: outcome.position,
    });
    expect(accepted(await run(count(3)))).toMatchObject({ revision: 1, state: { sum: 5 } });
  });

  it('answers nothing and refusals with a position that covers them', async () => {
    expect(await run(count(0))).toMatchObject({ kind: 'accepted', events: [], revision: -1, position: null });
    await run(count(1), '2');
    expect(await run(count(0))).toMatchObject({ revision: -1, position: (await store.head())?.position });
    expect(await run(count(2_000_000))).toMatchObject({ kind: 'rejected', rejection: { rejected: 'tally-full' } });
    expect(await collect(store.readStream('tally-t.1'))).toEqual([]);
  });

  it('recognises a repeat and answers it as at first, in this process and in another', async () => {
    const command = count(5);
    const first = accepted(await run(command));
    await run(count(7));
    for (const each of [runner, createCommandRunner({ store, codec })]) {
      const again = accepted(await run(command, '1', each));
      expect(again).toMatchObject({ repeated: true, revision: 0, state: { sum: 5 }, position: first.position });
      expect(again.events.map((event) => event.id)).toEqual(first.events.map((event) => event.id));
    }
    expect(await collect(store.readStream('tally-t.1'))).toHaveLength(2);
  });

  it('refuses a command id that comes with another request', async () => {
    const command = count(5);
    await run(command);
    const other = count(6, { commandId: command.metadata.commandId, requestHash: 'other' });
    expect(await run(other)).toMatchObject({ kind: 'rejected', rejection: { rejected: 'idempotency-key-reused' } });
  });

  it('does not build a command anew for a repeat', async () => {
    const command = count(5);
    await run(command);
    let built = 0;
    const build = (): Count => {
      built += 1;
      return command;
    };
    await runner.execute(tally, '1', build, command.metadata);
    expect(built).toBe(0);
  });

  it('decides again, on the new state, when another process was faster', async () => {
    const other = createCommandRunner({ store, codec });
    await run(count(1));
    await run(count(10), '1', other);
    const seen: number[] = [];
    const md = metadata();
    const outcome = await runner.execute(
      tally,
      '1',
      (state) => {
        seen.push(state.sum);
        return new Count({ by: 100 }, md);
      },
      md,
    );
    expect(seen).toEqual([1, 11]);
    expect(accepted(outcome)).toMatchObject({ revision: 2, state: { sum: 111 } });
  });

  it('reads the tail before it answers that nothing is to be done', async () => {
    const other = createCommandRunner({ store, codec });
    await run(new Sign({ signature: 'a' }, metadata()));
    await run(new Sign({ signature: 'b' }, metadata()), '1', other);
    expect(accepted(await run(new Sign({ signature: 'a' }, metadata()))).events).toHaveLength(1);
  });

  it('recognises in the tail what the same caller said to another process', async () => {
    const other = createCommandRunner({ store, codec });
    await run(count(1));
    const command = count(2);
    await run(command, '1', other);
    expect(accepted(await run(command))).toMatchObject({ repeated: true, revision: 1 });
    expect(await collect(store.readStream('tally-t.1'))).toHaveLength(2);
  });

  it('gives up as busy when it is always too late', async () => {
    const rival = createCommandRunner({ store, codec });
    await run(count(1));
    let built = 0;
    const md = metadata();
    const late = runner.execute(
      tally,
      '1',
      async () => {
        built += 1;
        await run(count(1), '1', rival);
        return new Count({ by: 1 }, md);
      },
      md,
    );
    await expect(late).rejects.toBeInstanceOf(Busy);
    expect(built).toBe(6);
  });

  it('runs the commands of one stream one after the other', async () => {
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => run(count(1))));
    expect(outcomes.map((outcome) => accepted(outcome).revision)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  it('recognises commands whose facts stand in the stream, whoever stored them', async () => {
    const command = count(1);
    const refused = count(2_000_000);
    await run(command);
    await run(refused);
    const other = createCommandRunner({ store, codec });
    for (const one of [runner, other]) {
      expect(await one.recognises(tally, 't', '1', command.metadata.commandId)).toBe(true);
      expect(await one.recognises(tally, 't', '1', refused.metadata.commandId)).toBe(false);
      expect(await one.recognises(tally, 't', '2', command.metadata.commandId)).toBe(false);
    }
  });

  it('answers what was recognised as at first, though its trace is forgotten meanwhile', async () => {
    const first = count(1);
    const answer = accepted(await run(first));
    const dayLater = new Date(Date.parse(first.metadata.now) + 25 * 3_600_000).toISOString();
    const [repeated] = await Promise.all([
      runner.repeated(tally, '1', first.metadata),
      run(new Count({ by: 1 }, { ...count(1).metadata, now: dayLater })),
    ]);
    expect(repeated).toMatchObject({ kind: 'accepted', repeated: true, revision: answer.revision });
    expect(await runner.repeated(tally, '1', first.metadata)).toBeNull();
    expect(await runner.repeated(tally, '2', first.metadata)).toBeNull();
  });

  it('says of a recognised key that it was used for something else', async () => {
    const command = count(1);
    await run(command);
    expect(await runner.repeated(tally, '1', { ...command.metadata, requestHash: 'another' })).toMatchObject({
      kind: 'rejected',
      rejection: { rejected: 'idempotency-key-reused' },
    });
  });

  it('refuses a stale If-Match once, but recognises a repeat first', async () => {
    const other = createCommandRunner({ store, codec });
    const command = count(1);
    await run(command);
    await run(count(1), '1', other);
    const next = count(1);
    let built = 0;
    const build = (): Count => {
      built += 1;
      return next;
    };
    const stale = await runner.execute(tally, '1', build, next.metadata, { expectedRevision: 5 });
    expect(stale).toMatchObject({ kind: 'rejected', rejection: { rejected: 'revision-stale' } });
    expect(built).toBe(2); // on the cached fold, then on the end of the stream
    expect(await runner.execute(tally, '1', next, next.metadata, { expectedRevision: 0 })).toMatchObject({
      rejection: { rejected: 'revision-stale' },
    });
    expect(
      accepted(await runner.execute(tally, '1', command, command.metadata, { expectedRevision: 0 })).repeated,
    ).toBe(true);
    expect(accepted(await runner.execute(tally, '1', next, next.metadata, { expectedRevision: 1 })).revision).toBe(2);
  });

  it('says what outranks a stale If-Match first', async () => {
    const ranked = createCommandRunner({ store, codec, outranksStale: (code) => code === 'tally-full' });
    const [refused, fine] = [count(2_000_000), count(1)];
    const of = (command: Count) => ranked.execute(tally, '1', command, command.metadata, { expectedRevision: 5 });
    expect(await of(refused)).toMatchObject({ rejection: { rejected: 'tally-full' } });
    expect(await of(fine)).toMatchObject({ rejection: { rejected: 'revision-stale' } });
  });

  it('trusts a fold that was read lately, and shows its own writes at once', async () => {
    const other = createCommandRunner({ store, codec });
    await run(count(1));
    await run(count(1), '1', other);
    expect((await runner.load(tally, 't', '1', { maxAgeMs: 60_000 })).revision).toBe(0);
    expect((await runner.load(tally, 't', '1', { maxAgeMs: -1 })).revision).toBe(1);
    await run(count(1));
    expect((await runner.load(tally, 't', '1', { maxAgeMs: 60_000 })).revision).toBe(2);
  });

  it('reads no tail where nobody else writes, and shows its own writes at once', async () => {
    let reads = 0;
    const counting = Object.assign(Object.create(store) as EventStore, {
      readStream: (...args: Parameters<EventStore['readStream']>) => {
        reads += 1;
        return store.readStream(...args);
      },
    });
    const sole = createCommandRunner({ store: counting, codec, soleWriter: true });
    await run(count(1), '1', sole);
    await run(count(0), '1', sole);
    await run(count(1), '1', sole);
    expect((await sole.load(tally, 't', '1')).revision).toBe(1);
    expect(reads).toBe(1);
  });

  it('never hands on a state whose facts were not stored', async () => {
    let full = true;
    const faulty = withFaults((...args) =>
      full ? Promise.reject(new StoreUnavailable('full')) : store.append(...args),
    );
    await run(count(1), '1', faulty).catch(() => undefined);
    await expect(run(count(10), '1', faulty)).rejects.toBeInstanceOf(StoreUnavailable);
    full = false;
    expect(accepted(await run(count(100), '1', faulty))).toMatchObject({ revision: 0, state: { sum: 100 } });
  });

  it.each([true, false])('finds out what became of an append without an answer (stored: %s)', async (stored) => {
    let lost = 1;
    const faulty = withFaults(async (...args) => {
      if (lost === 0) return store.append(...args);
      lost -= 1;
      if (stored) await store.append(...args);
      throw new AppendOutcomeUnknown(args[0]);
    });
    expect(accepted(await run(count(1), '1', faulty))).toMatchObject({
      revision: 0,
      repeated: false,
      state: { sum: 1 },
    });
    expect(accepted(await run(count(1), '1', faulty))).toMatchObject({ revision: 1, state: { sum: 2 } });
    expect(await collect(store.readStream('tally-t.1'))).toHaveLength(2);
  });

  it('decides again when the lost append had in truth come too late', async () => {
    let lost = true;
    const faulty = withFaults(async (...args) => {
      if (!lost) return store.append(...args);
      lost = false;
      await run(count(10));
      throw new AppendOutcomeUnknown(args[0]);
    });
    expect(accepted(await run(count(1), '1', faulty))).toMatchObject({ revision: 1, state: { sum: 11 } });
  });

  it('keeps personal values sealed, and opens those that the decider asks for, in a cached fold as in a cold one', async () => {
    await run(new Name({ name: 'Ana' }, metadata()));
    const outcome = accepted(await run(new Sign({ signature: 'A.' }, metadata())));
    expect(outcome.state).toMatchObject({ name: { $enc: 'v1', f: 'name' }, signature: 'A.' });
    expect(JSON.stringify(await collect(store.readAll({ after: null })))).not.toMatch(/Ana|A\./);
    expect(bare(await runner.load(tally, 't', '1', { fresh: false }))).toEqual(bare(await cold()));
  });

  it('stops at a fact that it does not know, and at a stream without its beginning', async () => {
    await run(count(1));
    const [event] = await collect(store.readStream('tally-t.1'));
    if (event === undefined) throw new Error('no event');
    const { schemaVersion, data, metadata: md } = event;
    await store.append('tally-t.1', { revision: 0 }, [
      { id: randomUUID(), type: 'TallyPainted', schemaVersion, data, metadata: md },
    ]);
    await store.append('tally-t.2', 'no_stream', [
      { id: randomUUID(), type: 'TallyCounted', schemaVersion: 9, data, metadata: md },
    ]);
    await expect(run(count(0))).rejects.toBeInstanceOf(CodeTooOld);
    await expect(run(count(1), '2')).rejects.toBeInstanceOf(CodeTooOld);
    const cut = createCommandRunner({
      store: { ...store, readStream: (name) => store.readStream(name, { from: 1 }) },
      codec,
    });
    await expect(run(count(1), '1', cut)).rejects.toBeInstanceOf(StreamTruncated);
  });

  describe('several commands at once', () => {
    it('decides each on the state behind those before it, in one append', async () => {
      let appends = 0;
      const counting = withFaults((...args) => {
        appends += 1;
        return store.append(...args);
      });
      const commands = [
        count(1),
        count(0),
        new Sign({ signature: 'a' }, metadata()),
        new Sign({ signature: 'a' }, metadata()),
        count(2_000_000),
        count(2),
      ];
      const outcomes = await counting.executeMany(tally, 't', '1', commands);
      expect(
        outcomes.map((o) =>
          o.kind === 'accepted' ? [o.events.length, o.revision, o.state.sum] : o.rejection.rejected,
        ),
      ).toEqual([[1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 1], 'tally-full', [1, 2, 3]]);
      const position = (await store.head())?.position;
      expect(outcomes.every((o) => o.position === position)).toBe(true);
      expect(appends).toBe(1);
      const stored = await collect(store.readStream('tally-t.1'));
      expect(stored.map((event) => event.metadata.commandId)).toEqual(
        [0, 2, 5].map((i) => commands[i]?.metadata.commandId),
      );
    });

    it('recognises repeats, of before and within', async () => {
      const [a, b] = [count(1), count(2)];
      await run(a);
      const outcomes = await runner.executeMany(tally, 't', '1', [b, a, b, count(4)]);
      expect(outcomes.map((o) => [accepted(o).repeated, accepted(o).state.sum])).toEqual([
        [false, 3],
        [true, 1],
        [true, 3],
        [false, 7],
      ]);
    });

    it('splits what is too large for one append, between commands', async () => {
      const appended: number[] = [];
      const counting = withFaults((stream, expected, events) => {
        appended.push(events.length);
        return store.append(stream, expected, events);
      });
      const commands = Array.from({ length: 10 }, () => new Count({ by: 1, text: 'x'.repeat(100_000) }, metadata()));
      const outcomes = await counting.executeMany(tally, 't', '1', commands);
      expect(outcomes.map((o) => accepted(o).revision)).toEqual(Array.from({ length: 10 }, (_, i) => i));
      expect(appended).toEqual([5, 5]);
    });

    it('decides all again after a conflict', async () => {
      await run(count(1));
      await run(count(10), '1', createCommandRunner({ store, codec }));
      const outcomes = await runner.executeMany(tally, 't', '1', [count(100), count(1000)]);
      expect(outcomes.map((o) => accepted(o).state.sum)).toEqual([111, 1111]);
    });
  });

  it('forgets a command after a day, and knows it within one', async () => {
    const early = count(1, { now: '2026-01-01T00:00:00.000Z' });
    await run(early);
    await run(count(1, { now: '2026-01-01T23:59:00.000Z' }));
    expect(accepted(await run(early)).repeated).toBe(true);
    await run(count(1, { now: '2026-01-02T00:01:00.000Z' }));
    expect(accepted(await run(early)).repeated).toBe(false);
  });

  it('has in its cache what a cold read gives, whatever two processes do', async () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant('count' as const), n: fc.nat(3) }),
      fc.record({ kind: fc.constant('name' as const), n: fc.nat(3) }),
      fc.record({ kind: fc.constant('sign' as const), n: fc.nat(3) }),
    );
    const build = ({ kind, n }: { kind: 'count' | 'name' | 'sign'; n: number }): Count | Name | Sign =>
      kind === 'count'
        ? count(n)
        : kind === 'name'
          ? new Name({ name: String(n) }, metadata())
          : new Sign({ signature: String(n) }, metadata());
    const step = fc.record({
      second: fc.boolean(),
      together: fc.boolean(),
      commands: fc.array(command, { minLength: 1, maxLength: 4 }),
    });
    const other = createCommandRunner({ store, codec });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const id = randomUUID();
        const accepteds = await Promise.all(
          steps.map(async ({ second, together, commands }) => {
            const by = second ? other : runner;
            const built = commands.map(build);
            return together
              ? by.executeMany(tally, 't', id, built)
              : Promise.all(built.map((each) => run(each, id, by)));
          }),
        );
        const coldFold = await createCommandRunner({ store, codec }).load(tally, 't', id);
        expect(bare(await runner.load(tally, 't', id))).toEqual(bare(coldFold));
        expect(bare(await other.load(tally, 't', id))).toEqual(bare(coldFold));
        const events = accepteds.flat().flatMap((outcome) => accepted(outcome).events);
        const stored = await collect(store.readStream(`tally-t.${id}`));
        expect(events.map((event) => `${String(event.revision)} ${event.id}`).sort()).toEqual(
          stored.map((event) => `${String(event.revision)} ${event.id}`).sort(),
        );
      }),
      { numRuns: 40, ...SAME_RUNS },
    );
  });
});
