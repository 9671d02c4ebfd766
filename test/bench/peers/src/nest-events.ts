// NestJS's EventBus as most houses use it: a class an event, an @EventsHandler for each, and a statement for each event, committed by itself.
// The bus awaits no handler, so that order is kept where the statements are sent.
import 'reflect-metadata';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CqrsModule, EventBus, EventsHandler, UnhandledExceptionBus, type IEventHandler } from '@nestjs/cqrs';
import { pagesOf, timed, type Fact, type InboxRow, type Run } from './facts.js';

/** Where the rows are: PostgreSQL or SQLite. */
export abstract class Inbox {
  abstract readonly name: string;
  /** An empty table with its indexes. */
  abstract clear(): Promise<void>;
  abstract write(sql: string, values: readonly (string | null)[]): Promise<unknown>;
  /** When all that was written is there. */
  abstract settled(): Promise<unknown>;
  abstract rows(): Promise<readonly InboxRow[]>;
  abstract close(): Promise<void>;
}

export const TABLE = `create table inbox (conversation_id text primary key, contact_id text not null, channel text not null,
  status text not null, assignee_id text, last_displayed_at text not null, last_message_id text, inbound_count integer not null)`;
export const INDEXES = [
  'create index inbox_latest on inbox (last_displayed_at desc, conversation_id desc)',
  'create index inbox_mine on inbox (assignee_id, last_displayed_at desc, conversation_id desc)',
  'create index inbox_counts on inbox (assignee_id, status)',
  'create index inbox_contact on inbox (contact_id)',
];

type Data = Readonly<Record<string, string>>;

abstract class Said {
  constructor(
    readonly conversationId: string,
    readonly data: Data,
  ) {}
  field(name: string): string {
    const value = this.data[name];
    if (value === undefined) throw new Error(`${this.constructor.name} without ${name}`);
    return value;
  }
}
class ConversationOpened extends Said {}
class MessageReceived extends Said {}
class MessageSendRequested extends Said {}
class ConversationAssigned extends Said {}
class ConversationUnassigned extends Said {}
class ConversationConcluded extends Said {}
class ConversationReopened extends Said {}
const classes = {
  ConversationOpened,
  MessageReceived,
  MessageSendRequested,
  ConversationAssigned,
  ConversationUnassigned,
  ConversationConcluded,
  ConversationReopened,
};

const SHOWN = `last_message_id = case when $2 >= last_displayed_at then $3 else last_message_id end,
  last_displayed_at = case when $2 >= last_displayed_at then $2 else last_displayed_at end`;

@EventsHandler(ConversationOpened)
class WhenOpened implements IEventHandler<ConversationOpened> {
  constructor(private readonly inbox: Inbox) {}
  handle(event: ConversationOpened): Promise<unknown> {
    return this.inbox.write(`insert into inbox values ($1, $2, $3, 'open', null, $4, null, 0)`, [
      event.conversationId,
      event.field('contactId'),
      event.field('channel'),
      event.field('openedAt'),
    ]);
  }
}

@EventsHandler(MessageReceived)
class WhenReceived implements IEventHandler<MessageReceived> {
  constructor(private readonly inbox: Inbox) {}
  handle(event: MessageReceived): Promise<unknown> {
    const [sent, received] = [event.field('sentAt'), event.field('receivedAt')];
    return this.inbox.write(`update inbox set ${SHOWN}, inbound_count = inbound_count + 1 where conversation_id = $1`, [
      event.conversationId,
      sent < received ? sent : received,
      event.field('messageId'),
    ]);
  }
}

@EventsHandler(MessageSendRequested)
class WhenAnswered implements IEventHandler<MessageSendRequested> {
  constructor(private readonly inbox: Inbox) {}
  handle(event: MessageSendRequested): Promise<unknown> {
    return this.inbox.write(`update inbox set ${SHOWN} where conversation_id = $1`, [
      event.conversationId,
      event.field('requestedAt'),
      event.field('messageId'),
    ]);
  }
}

@EventsHandler(ConversationAssigned, ConversationUnassigned)
class WhenAssigned implements IEventHandler<ConversationAssigned | ConversationUnassigned> {
  constructor(private readonly inbox: Inbox) {}
  handle(event: ConversationAssigned | ConversationUnassigned): Promise<unknown> {
    const assignee = event instanceof ConversationAssigned ? event.field('assigneeId') : null;
    return this.inbox.write('update inbox set assignee_id = $2 where conversation_id = $1', [
      event.conversationId,
      assignee,
    ]);
  }
}

@EventsHandler(ConversationConcluded, ConversationReopened)
class WhenConcluded implements IEventHandler<ConversationConcluded | ConversationReopened> {
  constructor(private readonly inbox: Inbox) {}
  handle(event: ConversationConcluded | ConversationReopened): Promise<unknown> {
    const status = event instanceof ConversationConcluded ? 'concluded' : 'open';
    return this.inbox.write('update inbox set status = $2 where conversation_id = $1', [event.conversationId, status]);
  }
}

@Injectable()
class Replay {
  failure: unknown = null;
  constructor(
    private readonly bus: EventBus,
    private readonly inbox: Inbox,
    broken: UnhandledExceptionBus,
  ) {
    broken.subscribe(({ exception }) => (this.failure ??= exception));
  }

  async run(path: string): Promise<number> {
    let count = 0;
    for await (const page of pagesOf(path, 1000)) {
      for (const fact of page) this.publish(fact);
      // Nothing else keeps a replay from filling the memory with what is yet to be written.
      await this.inbox.settled();
      count += page.length;
    }
    if (this.failure !== null) throw new Error('a handler failed', { cause: this.failure });
    return count;
  }

  private publish({ type, subject, data }: Fact): void {
    if (!Object.hasOwn(classes, type)) return;
    this.bus.publish(new classes[type as keyof typeof classes](subject, data as Data));
  }
}

@Module({})
class ReplayModule {
  static over(inbox: Inbox): DynamicModule {
    return {
      module: ReplayModule,
      imports: [CqrsModule.forRoot()],
      providers: [
        { provide: Inbox, useValue: inbox },
        ...[WhenOpened, WhenReceived, WhenAnswered, WhenAssigned, WhenConcluded, Replay],
      ],
    };
  }
}

export const nestEvents = async (
  inbox: Inbox,
  path: string,
  runs: number,
): Promise<{ readonly events: number; readonly runs: readonly Run[]; readonly rows: readonly InboxRow[] }> => {
  const app = await NestFactory.createApplicationContext(ReplayModule.over(inbox), { logger: ['error', 'warn'] });
  const replay = app.get(Replay);
  const taken: Run[] = [];
  let events = 0;
  for (let run = 0; run < runs; run++) {
    await inbox.clear();
    taken.push(
      await timed(async () => {
        events = await replay.run(path);
      }),
    );
  }
  const rows = await inbox.rows();
  await app.close();
  await inbox.close();
  return { events, runs: taken, rows };
};
