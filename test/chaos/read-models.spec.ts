// Read models that follow a log whose server drops, cuts, forgets and repeats: their rows are those of the facts that stand in the log.
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projections, storedTypes } from '#apps/registry';
import { type Codec, createCodec, createCommandRunner, type EventReader, type StoredEvent } from '#event-store';
import { positionOf } from '#event-store/eventstoredb/stored-event';
import { type Command, type Position } from '#kernel';
import { type Content, createEngine } from '#projections';
import { openSqliteRowStore } from '#read-store';
import type { AppendFault, FakeLog } from '../fakes/eventstoredb/index.js';
import { numbers, until, World } from '../fixtures/event-store-db-world.js';
import { FreshFold, liveContents } from '../fixtures/fresh-fold.js';
import { memoryKeyVault } from '../fixtures/memory-key-vault.js';
import { deciders } from '../registry.js';
import { type Random, randomOf } from '../traffic/random.js';

/** 20,000 in the run that is asked for by hand (CHAOS=20000); `npm test` has two shared cores. */
const commands = Number(process.env['CHAOS'] ?? 2_000);
const seed = process.env['CHAOS_SEED'] ?? '7';
const writers = 16;

const folder = mkdtempSync(join(tmpdir(), 'portaria-chaos-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const appendFault = (random: Random): AppendFault => {
  const dice = random.next();
  // The rarer faults cost a time limit each.
  if (dice < 0.002) return 'forget';
  if (dice < 0.004) return 'commit-silently';
  if (dice < 0.008) return 'commit-and-drop';
  if (dice < 0.05) return { answerAfterMs: random.next() * 30 };
  if (dice < 0.09) return { commitAfterMs: random.next() * 30 };
  return 'ok';
};

/** From now on everything that can happen to a subscription happens, until stopped. */
const misbehave = ({ fake }: World, random: Random): (() => void) => {
  const { misbehaviour } = fake;
  const [ofAppends, ofReads, ofTime] = [random.fork('appends'), random.fork('reads'), random.fork('time')];
  misbehaviour.append = () => appendFault(ofAppends);
  misbehaviour.read = (kind) => (kind === 'subscription' && ofReads.chance(0.1) ? 'unavailable' : 'ok');
  const timer = setInterval(() => {
    misbehaviour.repeatsAtSeam = ofTime.below(20);
    misbehaviour.dropSubscriptionsAfter = ofTime.chance(0.5) ? 1 + ofTime.below(300) : null;
    ofTime.pick([
      fake.drop,
      () => {
        fake.cutConsumers();
      },
      () => {
        fake.muteConsumers();
      },
    ])();
  }, 150);
  return () => {
    clearInterval(timer);
    misbehaviour.append = () => 'ok';
    misbehaviour.read = () => 'ok';
    misbehaviour.dropSubscriptionsAfter = null;
  };
};

/** Commands of all rooms, random but the same for the same seed, in ever new tenants that several writers share. */
const traffic = (): readonly {
  readonly decider: (typeof deciders)[number]['decider'];
  readonly command: Command<unknown>;
}[] => {
  const kinds = deciders.map(({ decider, commands: of }) => ({
    decider,
    sample: fc.sample(of, { numRuns: Math.ceil(commands / deciders.length), seed: Number(seed) }),
  }));
  return numbers(commands).map((n) => {
    const { decider, sample } = kinds[n % kinds.length]!;
    const { constructor, data, metadata } = sample[Math.floor(n / kinds.length)]!;
    const commandId = randomUUID();
    const tenant = `t${String(Math.floor(n / 250))}`;
    const Said = constructor as new (data: unknown, metadata: unknown) => Command<unknown>;
    return { decider, command: new Said(data, { ...metadata, commandId, tenant }) };
  });
};

/** What stands in the server's log of ours, read past the adapter. */
const factsOf = (log: FakeLog): readonly StoredEvent[] =>
  log.records.flatMap((record) => {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
    if (record.metadata.length === 0) return [];
    const metadata = JSON.parse(text(record.metadata)) as StoredEvent['metadata'];
    const { id, type, stream, revision, position } = record;
    return [
      {
        id,
        type,
        schemaVersion: Number(metadata.schemaVersion),
        stream,
        revision,
        position: positionOf({ commit: position, prepare: position }),
        data: JSON.parse(text(record.data)) as StoredEvent['data'],
        metadata,
        recordedAt: new Date(record.created).toISOString(),
      },
    ];
  });

/** Follows the log into a file of its own. */
const follower = (events: EventReader, codec: Codec, name: string) => {
  const rows = openSqliteRowStore(join(folder, name));
  const abort = new AbortController();
  const failed: string[] = [];
  let at: Position | null = null;
  const engine = createEngine({
    events,
    codec,
    rows,
    projections,
    logId: 'log',
    onCheckpoint: (position) => (at = position),
    onFailed: (projection, error) => failed.push(`${projection}: ${error.message}`),
  });
  const running = engine.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
    await rows.close();
  };
  return {
    failed,
    reached: (position: Position): boolean => at !== null && at >= position,
    stop,
    contents: (): Promise<Readonly<Record<string, Content>>> =>
      rows.snapshot((view) => liveContents(view, projections)),
  };
};

describe('read models over a server that drops, cuts, forgets and repeats', () => {
  it(`hold what a fresh fold of the log holds, behind ${String(commands)} commands of ${String(writers)} writers`, async () => {
    const world = await World.start();
    const categories = deciders.map(({ decider }) => decider.category);
    const store = world.open({
      categories,
      appendTimeoutMs: 400,
      readPatienceMs: 20_000,
      watchdogMs: 50,
      watchdogGraceMs: 50,
    });
    const codec = createCodec(storedTypes, memoryKeyVault());
    // Two runners are two processes to each other.
    const runners = [createCommandRunner({ store, codec }), createCommandRunner({ store, codec })];
    const followers = [follower(store, codec, 'from-the-beginning.db')];
    // It follows before anything goes wrong; a build would read the log in pages until it is level.
    await until(() => world.fake.openSubscriptions > 0, 30_000);
    const well = misbehave(world, randomOf(seed));

    const waiting = [...traffic()].entries();
    let said = 0;
    const writer = async (n: number): Promise<void> => {
      for (const [, { decider, command }] of waiting) {
        // One that must build what stands already, and then follow.
        if (++said === commands / 2) followers.push(follower(store, codec, 'later.db'));
        // A caller whose command failed says it again, under the same id.
        for (let attempt = 0; attempt < 10; attempt += 1) {
          try {
            const id = decider.idOf(command);
            await runners[n % 2]!.execute(decider, id, command, command.metadata);
            break;
          } catch {
            // Unknown, or busy.
          }
        }
      }
    };
    await Promise.all(numbers(writers).map(writer));
    well();

    const facts = factsOf(world.fake.log);
    const last = facts.at(-1)!.position;
    await until(() => followers.every(({ reached }) => reached(last)), 60_000);
    const fold = new FreshFold(projections, codec);
    await fold.add(facts);
    const expected = fold.contents();
    // Each has something to be wrong about.
    expect(Object.entries(expected).filter(([, { rows }]) => rows === 0)).toEqual([]);
    expect(followers).toHaveLength(2);
    for (const { failed, contents } of followers) {
      expect(failed).toEqual([]);
      expect(await contents()).toEqual(expected);
    }
    expect(store.metrics().resubscriptions).toBeGreaterThan(5);
    expect(store.metrics().unknownOutcomes).toBeGreaterThan(0);
    await Promise.all(followers.map(({ stop }) => stop()));
    await world.close();
  }, 900_000);
});
