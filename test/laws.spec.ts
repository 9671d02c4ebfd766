// What holds for every decider, whatever its rules: found over the registry, with random commands and with the golden events.
import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { isImmutable, isMap } from 'immutable';
import {
  covers,
  fold,
  intervalAt,
  isRejection,
  parseStream,
  type Command,
  type Event,
  foldRow,
  streamName,
  type EventDefinitions,
  type Projection,
  type Recorded,
  type Rejection,
} from '#kernel';
import { foldAll, recorded, type ShortEvent } from '#kernel/projected';
import { GroupCounts } from '#projections/group-counts';
import { projections } from '#apps/registry';
import { asked, at, callers } from '#kernel/given';
import { contactDecider, coverageOf, type CompleteMerge, type Contact, type ContactEvent } from '#contacts/contact';
import { conversationDecider, type ConversationCommand, type ConversationEvent } from '#conversations/conversation';
import { SAME_RUNS } from './fixtures/same-runs.js';
import { asRead, golden, hashes, projectionHashes, type Golden } from './golden.js';
import { deciders, type Registered } from './registry.js';

const RUNS = { numRuns: 60, ...SAME_RUNS };
const LENGTH = { minLength: 1, maxLength: 30, size: 'max' } as const;
const byName = deciders.map((registered) => [registered.decider.category, registered] as const);
const definitions: EventDefinitions = Object.fromEntries(deciders.flatMap(({ events }) => Object.entries(events)));
const goldenOf = ({ events }: Registered): readonly Golden[] =>
  golden.filter(({ type }) => Object.hasOwn(events, type));

/** Whoever writes to a state that somebody else may hold is stopped. Persistent maps are never written to; what they hold is frozen. */
const frozen = <T>(value: T): T => {
  if (isMap(value)) value.forEach(frozen);
  else if (typeof value === 'object' && value !== null && !isImmutable(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
};

const isPlain = (value: unknown): boolean => {
  if (isMap(value)) return value.every(isPlain);
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value === 'object' && value !== null) {
    return (
      Object.getPrototypeOf(value) === Object.prototype &&
      Object.values(value).every((inner) => inner === undefined || isPlain(inner))
    );
  }
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isSafeInteger(value);
};

const decided = (
  decider: Registered['decider'],
  command: Command<unknown>,
  state: unknown,
): readonly Event[] | null => {
  const outcome: readonly Event[] | Rejection = decider.decide(command, state);
  return isRejection(outcome) ? null : outcome;
};

type Step = {
  readonly command: Command<unknown>;
  readonly before: unknown;
  readonly events: readonly Event[];
  readonly after: unknown;
};

/** A stream's life: each command decided on the state behind those before it. */
const lived = ({ decider }: Registered, commands: readonly Command<unknown>[]): readonly Step[] => {
  let state = frozen(decider.initial as unknown);
  return commands.map((command) => {
    const before = state;
    const events = frozen(decided(decider, frozen(command), before) ?? []);
    for (const event of events) state = frozen(decider.evolve(state, event) as unknown);
    return { command, before, events, after: state };
  });
};

const eventsOf = (steps: readonly Step[]): readonly Event[] => steps.flatMap((step) => step.events);

/** When a fact happened, as it says itself. Other clocks (`sentAt`, a provider's `at`) and plans (`expiresAt`) are no such thing. */
const ownTime = (event: Event): string | null => {
  const own = Object.entries(event.data as Record<string, unknown>).filter(
    ([key]) => key.endsWith('At') && key !== 'sentAt' && key !== 'expiresAt',
  );
  return own.length === 1 ? String(own[0]?.[1]) : null;
};

const forAllLives = (registered: Registered, holds: (steps: readonly Step[]) => void): void => {
  fc.assert(
    fc.property(fc.array(registered.commands, LENGTH), (commands) => {
      holds(lived(registered, commands));
    }),
    RUNS,
  );
};

const found = (category: string): Registered => {
  const registered = deciders.find(({ decider }) => decider.category === category);
  if (registered === undefined) throw new Error(`no decider of ${category} in the registry`);
  return registered;
};

describe('golden events', () => {
  it('are there for every stored type and version', () => {
    const owed = Object.entries(definitions).flatMap(([type, { version }]) =>
      Array.from({ length: version }, (_, n) => `${type}.v${String(n + 1)}.json`),
    );
    expect(owed.filter((file) => !golden.some((one) => one.file === file))).toEqual([]);
  });
  it('are of no other type or version', () => {
    expect(
      golden
        .filter(({ type, version }) => version < 1 || version > (definitions[type]?.version ?? 0))
        .map(({ file }) => file),
    ).toEqual([]);
  });
  it('are never edited; a new one has its line in HASHES.json', () => {
    expect(Object.fromEntries(golden.map(({ file, sha256 }) => [file, sha256]))).toEqual(hashes);
  });
  it.each(golden.map((one) => [one.file, one] as const))(
    '%s lies in a stream of its room, with metadata as stored',
    (_file, { type, version, stream, metadata }) => {
      const category = deciders.find(({ events }) => Object.hasOwn(events, type))?.decider.category;
      expect(parseStream(stream)).toMatchObject({ category, tenant: metadata['tenant'] });
      expect(metadata['schemaVersion']).toBe(String(version));
      expect(Object.values(metadata).every((value) => typeof value === 'string')).toBe(true);
      for (const key of [
        '$correlationId',
        '$causationId',
        'commandId',
        'commandType',
        'actor',
        'actorKind',
        'occurredAt',
        'requestHash',
      ])
        expect(metadata).toHaveProperty([key]);
    },
  );
  it.each(golden.map((one) => [one.file, one] as const))(
    '%s names what is sealed of it, and has it',
    (_file, { type, version, personal, data }) => {
      if (version === definitions[type]?.version) expect(personal).toEqual(definitions[type].personal ?? []);
      for (const path of personal)
        expect(golden.some((one) => one.type === type && Object.hasOwn(one.data, path.split(/[[.]/)[0] ?? ''))).toBe(
          true,
        );
      expect(isPlain(data)).toBe(true);
    },
  );
});

describe.each(byName)('the decider of %s', (_category, registered) => {
  const { decider } = registered;

  it('folds any of its golden events in any state that others lead to', () => {
    const events = goldenOf(registered).map((one) => frozen(asRead(one, registered.events)));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 15 }), (prefix) => {
        const state = frozen(fold(decider.evolve, decider.initial as unknown, prefix));
        for (const event of events) expect(isPlain(decider.evolve(state, event))).toBe(true);
      }),
      RUNS,
    );
  });

  it('never skips a fact that it does not know', () => {
    const unknown = { type: 'SomethingFromTheFuture', data: {} };
    expect(() => decider.evolve(decider.initial, unknown) as unknown).toThrow(/SomethingFromTheFuture/);
    forAllLives(registered, (steps) => {
      expect(() => decider.evolve(steps.at(-1)?.after, unknown) as unknown).toThrow(/SomethingFromTheFuture/);
    });
  });

  it('said twice is stored once', () => {
    forAllLives(registered, (steps) => {
      for (const { command, after } of steps) expect(decided(decider, command, after) ?? []).toEqual([]);
    });
  });

  it('decides the same of the same, and changes neither state nor command', () => {
    forAllLives(registered, (steps) => {
      for (const { command, before, events } of steps) expect(decided(decider, command, before) ?? []).toEqual(events);
    });
  });

  it('keeps plain data, and stores it', () => {
    forAllLives(registered, (steps) => {
      for (const { after, events } of steps) {
        expect(isPlain(after)).toBe(true);
        expect(isPlain(events)).toBe(true);
        expect(JSON.parse(JSON.stringify(events))).toEqual(events);
      }
    });
  });

  it('stores nothing that its golden events do not have', () => {
    const known = new Map(
      Object.keys(registered.events).map((type) => [
        type,
        new Set(
          goldenOf(registered)
            .filter((one) => one.type === type)
            .flatMap((one) => Object.keys(asRead(one, registered.events).data as object)),
        ),
      ]),
    );
    forAllLives(registered, (steps) => {
      for (const { type, data } of eventsOf(steps))
        expect(Object.keys(data as object).filter((key) => known.get(type)?.has(key) !== true)).toEqual([]);
    });
  });

  it('never goes back in time [I0]', () => {
    forAllLives(registered, (steps) => {
      const times = eventsOf(steps)
        .map(ownTime)
        .filter((time) => time !== null);
      expect(times).toEqual([...times].sort());
    });
  });

  it('decides each of its commands in the random lives, and stores each of its facts', () => {
    const seen = new Set<string>();
    const stored = new Set<string>();
    for (const commands of fc.sample(fc.array(registered.commands, LENGTH), { numRuns: 250, seed: 1 })) {
      for (const { command, events } of lived(registered, commands)) {
        seen.add(command.type);
        for (const event of events) stored.add(event.type);
      }
    }
    expect([...seen].sort()).toEqual((decider.commands as readonly { name: string }[]).map(({ name }) => name).sort());
    expect([...stored].sort()).toEqual(Object.keys(registered.events).sort());
  });
});

describe('a contact’s life', () => {
  const registered = found('contact');

  it('has one open episode at most, and each ends once [I1]', () => {
    forAllLives(registered, (steps) => {
      let open: string | null = null;
      const started = new Set<string>();
      for (const { type, data } of eventsOf(steps) as readonly ContactEvent[]) {
        if (type === 'ContactBlocked') {
          expect(open).toBeNull();
          expect(started.has(data.blockId)).toBe(false);
          open = data.blockId;
          started.add(open);
        }
        if (type === 'ContactBlockChanged') expect(data.blockId).toBe(open);
        if (type === 'ContactUnblocked' || type === 'ContactBlockExpired') {
          expect(data.blockId).toBe(open);
          open = null;
        }
        if (type === 'ContactsMerged') {
          const { keptBlockId, endedBlockId } = data.blockOutcome;
          if (open !== null) expect(keptBlockId).toBe(open);
          expect(data.block?.blockId ?? null).toBe(keptBlockId);
          open = keptBlockId;
          for (const blockId of [keptBlockId, endedBlockId]) if (blockId !== null) started.add(blockId);
        }
        if (type === 'ContactsUnmerged' || type === 'ContactRestored') {
          if (data.block !== null && type === 'ContactsUnmerged') expect(data.block.blockId).toBe(open);
          open = data.block?.blockId ?? null;
        }
      }
    });
  });

  /** A merge holds from the moment of freezing: what it brings was another contact's until then, and stands here since its completion. */
  const mergings = (steps: readonly Step[]) =>
    steps.flatMap(({ command, events }) =>
      (events as readonly ContactEvent[])
        .filter((event) => event.type === 'ContactsMerged')
        .map(({ data }) => ({
          from: (command as CompleteMerge).data.absorbed.absorbedAt,
          to: data.mergedAt,
          moved: data.identities.map((one) => one.identityId),
        })),
    );

  it('tells of any past instant what was covered then: nothing that comes later changes it [I4]', () => {
    forAllLives(registered, (steps) => {
      const merged = mergings(steps);
      // What a restored contact gets back is the survivor's word, here any word.
      const restoredAt = steps
        .flatMap((step) => step.events as readonly ContactEvent[])
        .findLast((event) => event.type === 'ContactRestored')?.data.restoredAt;
      const events = eventsOf(steps) as readonly ContactEvent[];
      const end = fold(contactDecider.evolve, contactDecider.initial, events);
      // A frozen contact is asked through the one that absorbed it.
      if (end.status !== 'active') return;
      // All clocks are whole minutes, so between them lies every state that was.
      for (let minute = 0; minute < 60; minute += 3) {
        const then = at(`10:${String(minute).padStart(2, '0')}:30`);
        const past = fold(contactDecider.evolve, contactDecider.initial, upTo(events, then));
        if (merged.some((one) => covers(one, then)) || (restoredAt !== undefined && then < restoredAt)) continue;
        for (const { identityId } of end.identities) {
          if (merged.some((one) => then < one.to && one.moved.includes(identityId))) continue;
          for (const channel of ['whatsapp', 'sms', 'email', 'webchat', 'telegram']) {
            expect(intervalAt(coverageOf(end, identityId, channel), then)?.blockId).toBe(
              intervalAt(coverageOf(past, identityId, channel), then)?.blockId,
            );
          }
        }
      }
    });
  });

  it('covers while it is blocked, and only then [I4]', () => {
    forAllLives(registered, (steps) => {
      for (const { after } of steps as readonly (Step & { after: Contact })[]) {
        if (after.status !== 'active') continue;
        const open = after.coverage.filter((one) => one.to === null);
        expect(open.every((one) => one.blockId === after.block?.blockId)).toBe(true);
        for (const one of after.coverage) expect(one.to === null || one.from <= one.to).toBe(true);
        for (const identity of after.identities) {
          for (const channel of ['sms', 'email']) {
            const all = coverageOf(after, identity.identityId, channel);
            for (const [n, one] of all.entries())
              expect(all.slice(n + 1).some((other) => covers(other, one.from) && covers(one, other.from))).toBe(false);
          }
        }
      }
    });
  });
});

/** The facts of up to a time; one without a time of its own goes with the one before it. */
const upTo = (events: readonly ContactEvent[], then: string): readonly ContactEvent[] => {
  const later = events.findIndex((event) => {
    const time = ownTime(event);
    return time !== null && time > then;
  });
  return later === -1 ? events : events.slice(0, later);
};

describe('a conversation’s life', () => {
  const registered = found('conversation');
  const forAll = (holds: (steps: readonly Step[], events: readonly ConversationEvent[]) => void): void => {
    forAllLives(registered, (steps) => {
      holds(steps, eventsOf(steps) as readonly ConversationEvent[]);
    });
  };

  it('has 0 or 1 assignee, numbered upwards, each engaged once at most [B1 B18 B22 I6]', () => {
    forAll((_steps, events) => {
      let assignee: string | null = null;
      let no = 0;
      const engaged = new Set<number>();
      for (const { type, data } of events) {
        if (type === 'ConversationAssigned') {
          expect(data).toMatchObject({ previousAssigneeId: assignee, assignmentNo: no + 1 });
          expect(data.assigneeId).not.toBe(assignee);
          assignee = data.assigneeId;
          no = data.assignmentNo;
        }
        if (type === 'ConversationUnassigned') {
          expect(data).toMatchObject({ previousAssigneeId: assignee, assignmentNo: no });
          expect(assignee).not.toBeNull();
          assignee = null;
        }
        if (type === 'AssigneeEngaged') {
          expect(data).toMatchObject({ assigneeId: assignee, assignmentNo: no });
          expect(engaged.has(no)).toBe(false);
          engaged.add(no);
        }
        if (type === 'ConversationConcluded') expect(data.assigneeAtConclusion).toBe(assignee);
      }
    });
  });

  it('numbers its messages and its sessions, and says no state twice [I17]', () => {
    forAll((_steps, events) => {
      let [ordinal, session, status, automation] = [0, 1, 'open', 'running'];
      for (const { type, data } of events) {
        if (type === 'MessageReceived' || type === 'MessageSendRequested') expect(data.ordinal).toBe(++ordinal);
        if (type === 'ConversationReopened') {
          expect([status, data.sessionNo]).toEqual(['concluded', ++session]);
          status = 'open';
        }
        if (type === 'ConversationConcluded') {
          expect([status, data.sessionNo]).toEqual(['open', session]);
          status = 'concluded';
        }
        if (type === 'AutomationPaused' || type === 'AutomationResumed') {
          const next = type === 'AutomationPaused' ? 'paused' : 'running';
          expect(automation).not.toBe(next);
          automation = next;
        }
      }
    });
  });

  it('starts, assigns, reopens and sends nothing while a block covers, but its last word [R4 R5 R7 I2 I3]', () => {
    forAll((steps) => {
      for (const { command, events } of steps) {
        const { covers: all } = (command as ConversationCommand).data.facts;
        const covered = (time: string): boolean => intervalAt(all, time) !== null;
        for (const { type, data } of events as readonly ConversationEvent[]) {
          if (type === 'ConversationAssigned') expect(covered(data.assignedAt)).toBe(false);
          if (type === 'ConversationReopened') expect(covered(data.reopenedAt)).toBe(false);
          if (type === 'ConversationOpened' && data.openedBy !== 'customer') expect(covered(data.openedAt)).toBe(false);
          if (type === 'MessageSendRequested' && data.purpose !== 'block_notice' && !data.viaDevice)
            expect(covered(data.requestedAt)).toBe(false);
        }
        if (
          command.type === 'ReceiveInboundMessage' &&
          events.some((event) => event.type === 'ConversationOpened' && covered(ownTime(event) ?? ''))
        ) {
          expect(events.at(-1)).toMatchObject({ type: 'ConversationConcluded', data: { cause: 'contact_blocked' } });
        }
      }
    });
  });

  it('owes a block nothing more once it was enforced: no message of during it is shown, nothing waits, nothing of during it is assigned or open [I3 I4]', () => {
    forAll((steps) => {
      for (const { command, after } of steps) {
        const { facts, conversationId } = (command as ConversationCommand).data;
        const state = after as ReturnType<typeof conversationDecider.evolve>;
        if (state.status === 'unknown' || facts.covers.length === 0) continue;
        const { metadata } = command;
        const enforce = {
          type: 'EnforceBlock',
          data: { conversationId, facts },
          metadata: asked(callers.system, metadata.now),
        } as ConversationCommand;
        const events = decided(registered.decider, enforce, state) as readonly ConversationEvent[];
        const end = fold(conversationDecider.evolve, state, events);
        if (end.status === 'unknown') throw new Error('a conversation is not forgotten');
        const cover = intervalAt(facts.covers, end.lastTime > metadata.now ? end.lastTime : metadata.now);
        for (const message of end.inbound.values()) {
          const time =
            message.sentAt !== null && message.sentAt < message.receivedAt ? message.sentAt : message.receivedAt;
          if (intervalAt(facts.covers, time) !== null) expect(message.hidden).toBe(true);
        }
        if (cover === null) continue;
        expect(end.assigneeId === null || end.assignedAt < cover.from).toBe(true);
        expect(end.status === 'concluded' || (!cover.closeOpen && end.sessionSince < cover.from)).toBe(true);
        expect(
          end.queued.every((messageId) =>
            facts.covers.some((one) => one.blockId === end.outbound.get(messageId)?.blockId),
          ),
        ).toBe(true);
      }
    });
  });
});

// ── Read models ─────────────────────────────────────────────────────────────────────────────────────────────────────
type Row = Readonly<Record<string, unknown>>;
type Rows = ReadonlyMap<string, { readonly key: Row; readonly row: Row }>;

/** Folds recorded facts into rows that stand already, as the engine does batch by batch. Whoever writes to what it was given is stopped. */
const foldOn = (projection: Projection, before: Rows, events: readonly Recorded[]): Rows => {
  const rows = new Map(before);
  for (const event of events) {
    if (!Object.hasOwn(projection.on, event.type)) continue;
    for (const key of projection.keysOf(frozen(event))) {
      const id = JSON.stringify([event.tenant, ...projection.table.key.map((name) => key[name])]);
      const row = foldRow(projection, rows.get(id)?.row ?? null, event, frozen(key));
      if (row === null) rows.delete(id);
      else rows.set(id, { key: { tenant: event.tenant, ...key }, row: frozen(row) });
    }
  }
  return rows;
};
/** As rows come back from a store: nothing but their JSON. */
const stored = (rows: Rows): Rows =>
  new Map([...rows].map(([id, row]) => [id, JSON.parse(JSON.stringify(row)) as { key: Row; row: Row }]));
const bytesOf = (rows: Rows): string =>
  JSON.stringify(
    [...rows.values()]
      .map(({ key, row }) => sortedKeys({ ...key, ...row }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  );
const sortedKeys = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sortedKeys)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, sortedKeys(inner)]),
        )
      : value;
const NONE: Rows = new Map();

/** The golden events that a read model hears, in the order in which their rooms tell them: what begins a row stands before what changes it. */
const storyOf = ({ on }: Projection): readonly ShortEvent[] =>
  Object.keys(definitions)
    .filter((type) => Object.hasOwn(on, type))
    .flatMap((type) => golden.filter((one) => one.type === type))
    .map((one) => ({ ...asRead(one, definitions), stream: one.stream, at: one.metadata['occurredAt'] ?? '' }));

/** Lives of streams of all deciders in two tenants, their facts mixed as a log mixes them. */
const log: fc.Arbitrary<readonly Recorded[]> = fc
  .tuple(
    fc.tuple(
      ...deciders.flatMap((registered) =>
        ['acme', 'other'].map((tenant) =>
          fc.array(registered.commands, { maxLength: 12 }).map((commands) => lifeOf(registered, tenant, commands)),
        ),
      ),
    ),
    fc.array(fc.nat(1000), { minLength: 200, maxLength: 200 }),
  )
  .map(([lives, picks]) => {
    const queues = lives.map((life) => [...life]);
    const mixed: ShortEvent[] = [];
    for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
      const open = queues.filter((queue) => queue.length > 0);
      const next = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift();
      if (next !== undefined) mixed.push(next);
    }
    return recorded(mixed);
  });
const lifeOf = (registered: Registered, tenant: string, commands: readonly Command<unknown>[]): readonly ShortEvent[] =>
  lived(registered, commands).flatMap(({ command, events }) =>
    events.map((event) => ({
      ...event,
      stream: streamName(registered.decider.category, tenant, registered.decider.idOf(command)),
    })),
  );

describe.each(projections.map((projection) => [projection.name, projection] as const))(
  'the projection %s',
  (name, projection) => {
    it('hears only what is stored', () => {
      expect(Object.keys(projection.on).filter((type) => !Object.hasOwn(definitions, type))).toEqual([]);
    });

    it('folds any of the golden events in any order into whole rows', () => {
      fc.assert(
        fc.property(fc.shuffledSubarray([...recorded(storyOf(projection))]), (events) => {
          for (const { key, row } of foldOn(projection, NONE, events).values()) {
            expect(
              Object.keys(row)
                .filter((column) => column !== 'revision')
                .sort(),
            ).toEqual(
              Object.keys(projection.table.columns)
                .filter((column) => column !== 'revision')
                .sort(),
            );
            for (const part of projection.table.key) expect([part, typeof key[part]]).toEqual([part, 'string']);
            for (const [column, { type, nullable }] of Object.entries(projection.table.columns)) {
              const value = row[column];
              const fits =
                value === null
                  ? nullable
                  : type === 'text'
                    ? typeof value === 'string'
                    : type === 'integer'
                      ? Number.isSafeInteger(value)
                      : value !== undefined;
              expect([column, value, fits]).toEqual([column, value, true]);
            }
          }
        }),
        RUNS,
      );
    });

    it('gives the same rows live and built anew, however the log is cut into batches [I18]', () => {
      fc.assert(
        fc.property(log, fc.array(fc.nat(60), { maxLength: 8 }), (events, sizes) => {
          const whole = bytesOf(foldOn(projection, NONE, events));
          expect(bytesOf(foldOn(projection, NONE, events))).toBe(whole);
          let live = NONE;
          for (const event of events) live = stored(foldOn(projection, live, [event]));
          expect(bytesOf(live)).toBe(whole);
          let rebuilt = NONE;
          const rest = [...events];
          for (const size of [...sizes, rest.length])
            rebuilt = stored(foldOn(projection, rebuilt, rest.splice(0, size + 1)));
          expect(bytesOf(rebuilt)).toBe(whole);
        }),
        { numRuns: 25, ...SAME_RUNS },
      );
    });

    it('counts its groups from what changed as it would count them anew', () => {
      fc.assert(
        fc.property(log, fc.array(fc.nat(9), { maxLength: 8 }), (events, sizes) => {
          const kept = new GroupCounts(projection, 1);
          let rows = NONE;
          const rest = [...events];
          for (const size of [...sizes, rest.length]) {
            const next = foldOn(projection, rows, rest.splice(0, size + 1));
            for (const id of new Set([...rows.keys(), ...next.keys()])) {
              const [before, after] = [rows.get(id), next.get(id)];
              const tenant = String((after ?? before)?.key['tenant']);
              kept.change(tenant, before?.row ?? null, after?.row ?? null);
            }
            rows = next;
          }
          const anew = new GroupCounts(projection, 1);
          for (const { key, row } of rows.values()) anew.change(String(key['tenant']), null, row);
          const [sum, fresh] = [kept, anew].map((counts) =>
            counts
              .deltas()
              .map((one) => JSON.stringify(one))
              .sort(),
          );
          expect(sum).toEqual(fresh);
          expect(anew.deltas().reduce((sum, { row }) => sum + row.n, 0)).toBe(
            projection.counts === null ? 0 : rows.size,
          );
        }),
        { numRuns: 25, ...SAME_RUNS },
      );
    });

    it('lets no fact of one tenant touch another\u2019s rows [I19]', () => {
      fc.assert(
        fc.property(log, (events) => {
          const together = foldOn(projection, NONE, events);
          const apart = new Map([
            ...foldOn(
              projection,
              NONE,
              events.filter(({ tenant }) => tenant === 'acme'),
            ),
            ...foldOn(
              projection,
              NONE,
              events.filter(({ tenant }) => tenant !== 'acme'),
            ),
          ]);
          expect(bytesOf(together)).toBe(bytesOf(apart));
        }),
        { numRuns: 25, ...SAME_RUNS },
      );
    });

    it('has a new version whenever the rows of the golden events are others: PROJECTIONS.json holds their hash by version', () => {
      // Behind each fact, so that what a later one overwrites counts too.
      const hash = createHash('sha256');
      let rows = NONE;
      let most = 0;
      for (const event of recorded(storyOf(projection))) {
        rows = foldOn(projection, rows, [event]);
        most = Math.max(most, rows.size);
        hash.update(bytesOf(rows)).update('\n');
      }
      expect(most).toBeGreaterThan(0);
      expect(foldAll(projection, storyOf(projection)).length).toBe(rows.size);
      // A table that older generations do not have.
      if (projection.counts !== null) hash.update(JSON.stringify(projection.counts));
      const version = String(projection.version);
      expect({ [name]: { [version]: hash.digest('hex') } }).toEqual({
        [name]: { [version]: projectionHashes[name]?.[version] },
      });
      expect(Math.max(...Object.keys(projectionHashes[name] ?? {}).map(Number))).toBe(projection.version);
    });
  },
);

it('PROJECTIONS.json names no read model that is not there', () => {
  expect(Object.keys(projectionHashes).sort()).toEqual(projections.map(({ name }) => name).sort());
});
