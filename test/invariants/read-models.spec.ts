// What the read models may never do, whatever happened: show what is hidden, ask for more than the facts, mix tenants.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { projections } from '#apps/registry';
import {
  CountConversations,
  CountConversationsHandler,
  ListConversations,
  ListConversationsHandler,
  type ConversationRow,
} from '#inbox/conversations.query';
import { GetTimeline, GetTimelineHandler } from '#inbox/timeline.query';
import { callers } from '#kernel/given';
import { FreshFold } from '../fixtures/fresh-fold.js';
import { fresh, start } from '../fixtures/engine.js';
import { compare, type History, type World } from '../reference-model/index.js';
import type { Gatehouse } from './gatehouse.js';
import { plans, type Planned } from './plans.js';
import { operationsOf, play, played, runs, TENANT, TIMEOUT, withGatehouse } from './run.js';
import { textOf } from './wishes.js';

const BLOCKING: Planned = {
  mix: { receive: 30, block: 8, unblock: 8, changeBlock: 4, conclude: 4, send: 4, register: 0, edit: 0 },
};
const OTHER = 'beta';

describe('read models', () => {
  it(
    'show no message of a covered time, nowhere, and count it for those alone who may know [I4]',
    () =>
      fc.assert(
        fc.asyncProperty(plans({ ...BLOCKING, steps: 20 }), async (plan) => {
          const { gatehouse, history, world } = await withGatehouse(plan.seed, 2, async (open) => ({
            gatehouse: open,
            history: await played(open, plan),
            world: await open.world(TENANT),
          }));
          await queried(gatehouse, (seen) => {
            for (const text of hiddenTexts(history, world)) expect(seen.everything).not.toContain(text);
            expect(seen.conversations.length).toBe(world.conversations.size);
            expect(seen.counted).toBe(world.conversations.size);
            for (const row of seen.conversations)
              expect(row).toMatchObject(expectedOf(row.conversationId, world, history));
            for (const { conversationId, asAgent, asSupervisor, shown, marked } of seen.timelines) {
              for (const text of marked) expect(keptTexts(history)).toContain(text);
              const messages = world.conversations.get(conversationId)?.messages ?? [];
              const displayed = messages.filter(({ state }) => state !== 'hidden').map(({ messageId }) => messageId);
              expect([...shown].sort()).toEqual([...displayed].sort());
              expect(asAgent).toBeNull();
              expect(asSupervisor).toBe(hiddenIn(conversationId, world, history));
            }
          });
        }),
        runs(6),
      ),
    TIMEOUT,
  );

  it(
    'are what the facts say: neither the time of folding nor a setting changes a row [I18]',
    () =>
      fc.assert(
        fc.asyncProperty(plans({ mix: { changeSetting: 10, block: 6 } }), async (plan) => {
          const gatehouse = await withGatehouse(plan.seed, 2, async (open) => {
            await played(open, plan);
            return open;
          });
          const facts = gatehouse.log.log;
          // By now the clock is the machine's again.
          const later = new FreshFold(projections, gatehouse.codec);
          await later.add(facts);
          expect(later.contents()).toEqual(gatehouse.fold.contents());
          const unset = new FreshFold(projections, gatehouse.codec);
          await unset.add(facts.filter(({ type }) => type !== 'OrgSettingChanged'));
          expect(unset.contents()).toEqual(gatehouse.fold.contents());
        }),
        runs(10),
      ),
    TIMEOUT,
  );

  it(
    'of one tenant know nothing of another, with whom everything has the same name [I19]',
    () =>
      fc.assert(
        fc.asyncProperty(plans({ atOnce: 1, steps: 20 }), plans({ atOnce: 1, steps: 20 }), async (own, others) => {
          const alone = await withGatehouse(own.seed, 1, async (gatehouse) => {
            await played(gatehouse, own);
            return gatehouse.world(TENANT);
          });
          await withGatehouse(
            own.seed,
            1,
            async (gatehouse) => {
              for (const [at, step] of own.steps.entries()) {
                await play(gatehouse, step, TENANT);
                // The other tenant asks for its own things, and for those of this one.
                const foreign = operationsOf(gatehouse, { ...step, focus: at }, await gatehouse.world(TENANT));
                for (const { operation } of foreign) {
                  const { wish } = operation;
                  if (!('contactId' in wish || 'conversationId' in wish)) continue;
                  const stood = (await gatehouse.facts(OTHER)).length;
                  const outcome = await gatehouse.ask(OTHER, operation);
                  expect({ wish, code: outcome?.accepted === false ? outcome.code : outcome }).toEqual({
                    wish,
                    code: expect.stringMatching(/^(not-found|forbidden|staff-inactive)$/),
                  });
                  expect((await gatehouse.facts(OTHER)).length).toBe(stood);
                }
                const others_ = others.steps[at];
                if (others_ !== undefined) await play(gatehouse, { ...others_, wait: 0 }, OTHER);
              }
              const now = new Date(gatehouse.clock.now()).toISOString();
              expect(compare(await gatehouse.world(TENANT), alone, now)).toEqual([]);
              const only = new FreshFold(projections, gatehouse.codec);
              await only.add(gatehouse.log.log.filter(({ stream }) => stream.includes(`-${TENANT}`)));
              for (const { name } of projections) {
                const rows = gatehouse.fold.rows(name).filter((row) => row['tenant'] === TENANT);
                expect({ name, rows }).toEqual({ name, rows: only.rows(name) });
              }
            },
            [TENANT, OTHER],
          );
        }),
        runs(8),
      ),
    TIMEOUT,
  );
});

/** What customers wrote and nobody is to see. */
const hiddenTexts = ({ steps }: History, world: World): readonly string[] => {
  const displayed = new Set(
    [...world.conversations.values()].flatMap(({ messages }) =>
      messages.filter(({ state }) => state === 'displayed').map(({ messageId }) => messageId),
    ),
  );
  return steps
    .flatMap(({ asked }) => asked)
    .filter(({ operation, outcome }) => {
      if (operation.wish.do !== 'receive' || outcome?.accepted !== true) return false;
      const { disposition, messageId } = outcome.answer;
      return disposition !== 'displayed' || !displayed.has(messageId as string);
    })
    .map(({ commandId }) => textOf(commandId));
};

/** What may stand in a timeline, marked: it came under a block that began in the mode receive. */
const keptTexts = ({ steps, facts }: History): readonly string[] => {
  const modes = new Map(
    facts.filter(({ type }) => type === 'ContactBlocked').map(({ data }) => [data.blockId, data.policy.inboundMode]),
  );
  const raced = new Set(
    facts
      .filter(({ type, data }) => type === 'MessageHidden' && modes.get(data.blockId) === 'receive')
      .map(({ data }) => data.messageId as string),
  );
  return steps
    .flatMap(({ asked }) => asked)
    .filter(({ outcome }) => {
      if (outcome?.accepted !== true) return false;
      const { disposition, messageId } = outcome.answer;
      return disposition === 'received_while_blocked' || raced.has(messageId as string);
    })
    .map(({ commandId }) => textOf(commandId));
};

const hiddenIn = (conversationId: string, world: World, { facts }: History): number =>
  facts.filter(({ type, data }) => type === 'BlockedMessageIgnored' && data.conversationId === conversationId).length +
  (world.conversations.get(conversationId)?.messages ?? []).filter(({ state }) => state === 'hidden').length;

/** The row of a conversation, as its displayed messages make it. */
const expectedOf = (conversationId: string, world: World, { facts }: History): Partial<ConversationRow> => {
  const conversation = world.conversations.get(conversationId);
  if (conversation === undefined) throw new Error(`${conversationId} is in the inbox only`);
  const opened = facts.find(({ type, subject }) => type === 'ConversationOpened' && subject === conversationId);
  const displayed = conversation.messages.filter(({ state }) => state !== 'hidden');
  const times = displayed.map(({ sentAt, at }) => (sentAt !== null && sentAt < at ? sentAt : at));
  const { status, assigneeId, automation } = conversation;
  return {
    ...{ status, assigneeId, automation },
    lastDisplayedAt: [opened?.data.openedAt as string, ...times].reduce((a, b) => (b > a ? b : a)),
    unread: displayed.filter(({ direction }) => direction === 'inbound').length,
  };
};

type Seen = {
  readonly conversations: readonly ConversationRow[];
  readonly counted: number;
  readonly timelines: readonly {
    readonly conversationId: string;
    readonly shown: readonly string[];
    /** The texts that are marked as sent while blocked. */
    readonly marked: readonly (string | undefined)[];
    readonly asAgent: number | null;
    readonly asSupervisor: number | null;
  }[];
  /** All that was answered, in one text. */
  readonly everything: string;
};

/** Folds the log into real tables, and asks the queries as people do. Nobody of them has read anything. */
const queried = async (gatehouse: Gatehouse, look: (seen: Seen) => void): Promise<void> => {
  const { codec, log } = gatehouse;
  const run = start(log, fresh(), { codec, projections });
  try {
    const models = (await run.read()) as never;
    const after = (await log.head())?.position ?? null;
    const consistency = { after, waitMs: 30_000 };
    const page = { limit: 200 };
    const { agent, supervisor } = callers;
    const list = new ListConversationsHandler(models, codec);
    const timeline = new GetTimelineHandler(models, codec);
    const counts = await new CountConversationsHandler(models).execute(
      new CountConversations(TENANT, supervisor, consistency),
    );
    const { value: conversations } = await list.execute(
      new ListConversations(TENANT, { ...supervisor, id: 'nobody' }, { view: 'all' }, page, consistency),
    );
    const timelines = [];
    const said: unknown[] = [conversations];
    for (const { conversationId } of conversations.items) {
      const of = (caller: typeof agent) =>
        timeline.execute(new GetTimeline(TENANT, caller, conversationId, 'asc', page, consistency));
      const [asAgent, asSupervisor] = [(await of(agent)).value, (await of(supervisor)).value];
      // What was sent while blocked is kept in the timeline alone, where the episode began in the mode receive, and marked.
      const [unmarked, ofSupervisor] = [asAgent, asSupervisor].map(({ items }) =>
        items.filter(({ sentWhileBlocked }) => sentWhileBlocked !== true),
      );
      said.push(unmarked, ofSupervisor);
      timelines.push({
        conversationId,
        marked: asAgent.items
          .filter(({ sentWhileBlocked }) => sentWhileBlocked === true)
          .map((one) => (one.content as { readonly text?: string } | null)?.text),
        shown: (unmarked ?? []).flatMap(({ messageId }) => (messageId === undefined ? [] : [messageId])),
        asAgent: asAgent.hiddenCount,
        asSupervisor: asSupervisor.hiddenCount,
      });
    }
    const { open, concluded } = counts.value.all;
    look({
      conversations: conversations.items,
      counted: open + concluded,
      timelines,
      everything: JSON.stringify(said),
    });
  } finally {
    await run.stop();
  }
};
