// Streams of any length: pages are read as their facts are asked for, and nothing of them is kept.
import { describe, expect, it } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import type { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { contactEvents, ignoredEvents } from '#contacts';
import { createCodec, Streams, type CommandRunner, type EventReader, type StoredEvent } from '#event-store';
import { streamName, type Position } from '#kernel';
import { at, asked, callers } from '#kernel/given';
import { memoryKeyVault } from '../../../test/fixtures/memory-key-vault.js';
import { AuditExports } from './audit-exports.adapter.js';
import { BlockHistories } from './block-histories.adapter.js';
import { Replays } from './replays.adapter.js';
import { NDJSON, sendText } from './streaming.adapter.js';

const LENGTH = 100_000;
const PAGE = 1_000;
const stream = streamName('contact', 'acme', 'carla');

const fact = (of: string, revision: number, type: string, data: Record<string, unknown>): StoredEvent => ({
  id: `00000000-0000-7000-8000-${String(revision).padStart(12, '0')}`,
  type,
  schemaVersion: 1,
  stream: of,
  revision,
  position: String(revision).padStart(20, '0') as Position,
  data,
  metadata: { tenant: 'acme', schemaVersion: '1', occurredAt: at('10:00') } as StoredEvent['metadata'],
  recordedAt: at('10:00'),
});
/** Registered, then blocked for every second thousand of facts, and in between tags. */
const contactFact = (revision: number): StoredEvent => {
  if (revision === 0)
    return fact(stream, 0, 'ContactRegistered', {
      contactId: 'carla',
      displayName: 'Carla',
      identities: [],
      registeredAt: at('10:00'),
    });
  const blockId = `b${String(Math.floor(revision / 2_000))}`;
  const said = { contactId: 'carla', blockId };
  if (revision % 2_000 === 1)
    return fact(stream, revision, 'ContactBlocked', { ...said, blockedAt: at('10:00'), expiresAt: null });
  if (revision % 2_000 === 1_001)
    return fact(stream, revision, 'ContactUnblocked', { ...said, unblockedAt: at('10:00'), durationMs: 0 });
  return fact(stream, revision, revision % 2 === 0 ? 'ContactTagged' : 'ContactUntagged', {
    contactId: 'carla',
    tag: 'vip',
  });
};
const ignoredFact = (revision: number): StoredEvent =>
  fact(streamName('ignored', 'acme', 'carla'), revision, 'BlockedMessageIgnored', {
    blockId: `b${String(revision % 50)}`,
    channel: 'whatsapp',
    conversationId: 'conv',
  });

/** A log that makes its facts when it is asked for them. */
const endless = () => {
  const read = { pages: 0 };
  const pages = async function* (make: (revision: number) => StoredEvent): AsyncGenerator<readonly StoredEvent[]> {
    for (let from = 0; from < LENGTH; from += PAGE) {
      read.pages += 1;
      yield Array.from({ length: PAGE }, (_, n) => make(from + n));
    }
  };
  const store: Pick<EventReader, 'readStream' | 'readAll' | 'head'> = {
    readStream: (name, { direction } = {}) => {
      const make = name.startsWith('ignored-') ? ignoredFact : contactFact;
      if (direction !== 'backwards') return pages(make);
      return (async function* () {
        yield [make(LENGTH - 1)];
      })();
    },
    readAll: () => pages(contactFact),
    head: async () => ({ position: 'z' as Position, id: 'z', recordedAt: at('10:00') }),
  };
  return { read, store, streams: new Streams(store, createCodec([contactEvents, ignoredEvents], memoryKeyVault())) };
};

describe('of a stream of 100,000 facts', () => {
  it('a replay reads no page before its facts are asked for, and stops where nobody asks', async () => {
    const { read, streams } = endless();
    let taken = 0;
    for await (const step of new Replays(streams).of('acme', 'carla', LENGTH - 1, {})) {
      expect(step.revision).toBe(taken++);
      if (taken % PAGE === 1) expect(read.pages).toBe(Math.ceil(taken / PAGE));
      if (taken === 3 * PAGE + 1) break;
    }
    expect(read.pages).toBe(4);
  });

  it('a block history counts 100,000 ignored messages, and gives each episode when its end is read', async () => {
    const { read, streams } = endless();
    const facts = { placesOf: async () => [], kinOf: async () => [] } as unknown as ConversationFactsReader;
    const history = await new BlockHistories(streams, facts).of('acme', 'carla', at('12:00'));
    expect(history?.revision).toBe(LENGTH - 1);
    const before = read.pages;
    let episodes = 0;
    for await (const { ignored, facts: own, endedHow } of history!.episodes) {
      expect([ignored, own.length, endedHow]).toEqual([{ whatsapp: 2_000 }, 2, 'unblocked']);
      episodes += 1;
      expect(read.pages - before).toBe(2 * episodes);
    }
    expect(episodes).toBe(50);
  });

  it('an export is recorded whole before its first line, and its lines are read as they are taken', async () => {
    const { read, store } = endless();
    const recorded: unknown[] = [];
    const runner = {
      execute: async (_decider: unknown, _id: string, command: { data: unknown }) => recorded.push(command.data),
    } as unknown as CommandRunner;
    const lines = await new AuditExports(store, runner).begin(
      { from: null, to: null },
      asked(callers.auditor, at('12:00')),
    );
    expect(recorded).toEqual([expect.objectContaining({ count: LENGTH, from: null, to: null })]);
    const before = read.pages;
    let taken = 0;
    for await (const _line of lines) if (++taken === 10) break;
    expect(read.pages - before).toBe(1);
  });
});

describe('an answer that is made while it is sent', () => {
  const replyTo = (): { readonly reply: FastifyReply; readonly sent: () => Readable } => {
    let body: Readable | undefined;
    const reply = {
      status: () => reply,
      type: () => reply,
      send: (given: Readable) => {
        body = given;
      },
    } as unknown as FastifyReply;
    return { reply, sent: () => body! };
  };

  it('waits for a client that does not read', async () => {
    let made = 0;
    const lines = async function* () {
      for (;;) yield `${String(++made).padStart(999)}\n`;
    };
    const { reply, sent } = replyTo();
    await sendText(reply, NDJSON, lines());
    const body = sent();
    body.once('readable', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const held = made;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made).toBe(held);
    expect(held).toBeLessThan(1_000);
    body.destroy();
  });

  it('is refused like any other where it fails before its first part, and cut where it fails later', async () => {
    const failing = async function* (parts: number): AsyncGenerator<string> {
      for (let n = 0; n < parts; n++) yield 'x'.repeat(70_000);
      throw new Error('the log is gone');
    };
    await expect(sendText(replyTo().reply, NDJSON, failing(0))).rejects.toThrow('the log is gone');
    const { reply, sent } = replyTo();
    await sendText(reply, NDJSON, failing(2));
    await expect(async () => {
      for await (const _ of sent());
    }).rejects.toThrow('the log is gone');
  });
});
