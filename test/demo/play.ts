import { answerOf } from '#client';
import { randomOf } from '../traffic/random.js';
import { customerNamed, customersOf, type Customer } from './cast.js';
import { notify } from './consent.js';
import { day, deliver, night, quarrels } from './day.js';
import { Desk, refusalOf } from './desk.js';
import { rebuildMeanwhile } from './rebuild.js';
import { chapter, exactly, number, say, table } from './tables.js';
import { wallets } from './wallets.js';
import { countsOf, showAssignments, showBlocked, showMyChats, showTimeline, showUnassigned } from './views.js';

const CUSTOMERS = 320;
const SECOND = 1000;

/** The whole day. `seed` decides who says what; each run has customers of its own. Throws Refused. */
export const play = async (address: string, secret: string, seed: string): Promise<void> => {
  const began = performance.now();
  const random = randomOf(seed);
  const run = Date.now().toString(36);
  const desk = await Desk.open(address, secret);
  await desk.invite();

  chapter(`A working day at the gatehouse  (${address}, seed ${seed})`);
  say('Hours are played in seconds; everything goes through the HTTP API, nothing is written behind its back.');
  const customers = customersOf(CUSTOMERS, random, run);
  const early = customers.filter(({ index }) => index % 3 === 0);
  await night(desk, early);
  await day(desk, customers, ({ index }) => index % 3 === 0);
  await quarrels(
    desk,
    customers.filter(({ index }) => index % 40 === 7),
  );
  const marcos = customerNamed('Marcos Teixeira', random, run);
  const story = new Story(desk, marcos);
  await story.before();
  summary(desk, await story.countsNow());

  chapter('1  Who answers whom');
  const after = story.token;
  await showMyChats('ana', desk.as('ana'), after, 'What is assigned to her.');
  await showMyChats(
    'carla',
    desk.as('carla'),
    after,
    'She may see only what somebody gave her, and nothing else exists for her.',
  );
  await showUnassigned(desk.as('ana'), after);

  await story.tell();

  chapter('5  The blocked list');
  await showBlocked(desk.as('sofia'), story.token);

  chapter('6  What the company begins needs a consent');
  await notify(desk, customerNamed('Helena Prado', random, run));
  await wallets(desk, customerNamed('Ivo Ramos', random, run), run, story.token);

  chapter('8  The inbox is rebuilt from the facts while the day goes on');
  await rebuildMeanwhile(
    desk,
    customers.filter(({ index }) => index % 4 === 1),
  );

  say(
    `\nPlayed in ${((performance.now() - began) / SECOND).toFixed(1)} s. Run it again, or with another day: npm run demo -- --seed 2`,
  );
};

const summary = ({ tally }: Desk, all: { readonly open: number; readonly concluded: number }): void => {
  table(
    [
      ['What happened in this run', 46],
      ['', 9],
      ['What became of it', 54],
    ],
    (
      [
        ['messages that agents were shown', 'displayed', 'each exactly once'],
        ['deliveries repeated by the provider', 'duplicate', 'recognised: nothing happened a second time'],
        ['messages that came minutes late', 'delivered late', 'stand where they belong in time'],
        ['messages of blocked customers', 'ignored', 'never shown, only counted'],
        ['answers by agents', 'answered', 'only to customers who wrote'],
        ['… that the gateway delivered', 'delivered to customers', 'what waited when a block came was cancelled'],
        ['conversations claimed', 'claimed', 'by the one who was first'],
        [
          '… two agents at the same moment',
          'lost a race for a conversation',
          'one got it, the other was told who has it',
        ],
        ['transfers to a colleague', 'transferred', 'with a note'],
        ['conversations concluded', 'concluded', 'assignee released, robot back'],
        ['blocks with a last word', 'blocked with a last word', 'the notice is the only message that still went out'],
        ['blocks without', 'blocked without a word', ''],
      ] as const
    ).map(([what, count, became]) => [what, number(tally.of(count)), became]),
  );
  say(
    `The server now holds ${number(all.open)} open and ${number(all.concluded)} concluded conversations of the tenant "demo".`,
  );
};

/** One customer, before, during and after a block. */
class Story {
  /** Covers everything that has happened so far. */
  token = '';
  private conversationId = '';
  private contactId = '';
  private blockedAt = '';

  constructor(
    private readonly desk: Desk,
    private readonly customer: Customer,
  ) {}

  countsNow() {
    return countsOf(this.desk.as('sofia'), this.token).then(({ all }) => all);
  }

  /** Ends with a command of which the token covers all before it. */
  async before(): Promise<void> {
    const { desk, customer } = this;
    const { contactId, conversationId = '' } = await desk.arrives(customer, {
      text: 'Bom dia, minha entrega não chegou.',
    });
    this.contactId = contactId;
    this.conversationId = conversationId;
    await desk.claims('ana', conversationId);
    await desk.says('ana', conversationId, 'Bom dia, Marcos! Vou verificar com a transportadora.');
    const second = await desk.arrives(customer, { text: 'É a terceira vez! Bando de incompetentes.' });
    await deliver(desk, second.token);
    await desk.transfers('ana', 'bruno', conversationId, 'Está alterado, conhece você');
    await desk.says('bruno', conversationId, 'Marcos, aqui é o Bruno. A entrega sai hoje, sem custo.');
    const third = await desk.arrives(customer, { text: 'Vou aí na loja quebrar tudo!' });
    await deliver(desk, third.token);
    await desk.says('bruno', conversationId, 'Calma, Marcos. Posso te ligar?');
    const last = await desk.arrives(customer, { text: 'Não me ligue, eu sei onde vocês ficam.' });
    this.token = last.token;
  }

  async tell(): Promise<void> {
    const { desk, customer, conversationId } = this;
    chapter('2  Marcos Teixeira, before the block: as Bruno sees the conversation');
    await showTimeline(desk.as('bruno'), customer.name, conversationId, this.token);
    say('Who answered him:');
    await showAssignments(desk.as('bruno'), conversationId, this.token);

    const path = { id: this.contactId };
    const blocked = await answerOf(
      desk.as('bruno').POST('/v1/contacts/{id}/block', {
        params: { path },
        body: {
          confirm: true,
          kind: 'protection',
          reasonCode: 'threat',
          reasonText: 'Ameaçou a loja',
          conversationId,
          notice: { text: 'Marcos, depois dessa ameaça encerramos o contato por aqui.' },
        },
      }),
    );
    this.token = blocked.token ?? '';
    const { body: card } = await answerOf(
      desk.as('sofia').GET('/v1/contacts/{id}', { params: { path, query: { wait: 20_000, after: this.token } } }),
    );
    this.blockedAt = card.block?.blockedAt ?? '';
    const during = await this.written([
      ['Duvido!', 'now'],
      ['Respondam!!!', 'now'],
      ['Vou processar vocês.', 'now'],
      ['Estou falando sério.', 'before the block'],
    ]);

    chapter('3  During the block: Bruno blocked him, with a last word');
    say('What Marcos wrote since, and what the gatehouse made of it:');
    table(
      [
        ['Marcos wrote', 50],
        ['Sent', 32],
        ['Outcome', 36],
      ],
      during,
    );
    say('What the staff is shown – the block concluded the conversation, and nothing written under it is there:');
    const hidden = await showTimeline(desk.as('sofia'), customer.name, conversationId, this.token);
    say(`Sofia, a supervisor, is told that ${String(hidden)} messages are hidden; agents are not told even that.`);
    await this.refusals();

    const unblocked = await answerOf(
      desk.as('adriana').POST('/v1/contacts/{id}/unblock', {
        params: { path },
        body: { confirm: true, requestedBy: 'customer', reason: 'Pediu desculpas por carta' },
      }),
    );
    this.token = unblocked.token ?? '';
    const afterwards = await this.written([
      ['Boa tarde. Peço desculpas, podemos conversar?', 'now'],
      ['Ainda estou esperando!', 'during the block'],
    ]);

    chapter('4  After the block: Adriana, the administrator, ended it at his request');
    table(
      [
        ['Marcos wrote', 50],
        ['Sent', 32],
        ['Outcome', 36],
      ],
      afterwards,
    );
    say('The conversation from the block on:');
    const still = await showTimeline(desk.as('sofia'), customer.name, conversationId, this.token, this.blockedAt);
    say(
      `What he wrote while he was blocked never appears, not even what arrives now: ${String(still)} messages stay hidden. His new message reopened the conversation; it waits in Unassigned.`,
    );
  }

  /** The time at which a message was sent decides, not that at which it arrives. */
  private async written(
    all: readonly (readonly [text: string, sent: 'now' | 'before the block' | 'during the block'])[],
  ) {
    const rows: (readonly [string, string, string])[] = [];
    for (const [text, sent] of all) {
      const moment = new Date(
        sent === 'now' ? Date.now() : Date.parse(this.blockedAt) + (sent === 'before the block' ? -1 : 1),
      );
      const { disposition, token } = await this.desk.arrives(this.customer, { text, sentAt: moment });
      this.token = token;
      rows.push([
        text,
        sent === 'now' ? exactly(moment.toISOString()) : `${sent}, arrived now`,
        disposition === 'ignored' ? 'hidden: nobody is shown it' : 'shown to the staff',
      ]);
    }
    return rows;
  }

  private async refusals(): Promise<void> {
    const { desk, conversationId } = this;
    const params = { path: { id: conversationId } };
    const tries = [
      ['Ana writes to him', () => desk.says('ana', conversationId, 'Marcos?')],
      [
        'Sofia, her supervisor, reopens the conversation',
        () => answerOf(desk.as('sofia').POST('/v1/conversations/{id}/reopen', { params, body: {} })),
      ],
      [
        'Bruno, who blocked him, ends the block',
        () =>
          answerOf(
            desk.as('bruno').POST('/v1/contacts/{id}/unblock', {
              params: { path: { id: this.contactId } },
              body: { confirm: true, requestedBy: 'company' },
            }),
          ),
      ],
      [
        'The robot answers',
        () =>
          answerOf(
            desk.gateway.POST('/v1/conversations/{id}/messages', { params, body: { content: { text: 'Olá!' } } }),
          ),
      ],
    ] as const;
    const rows: (readonly [string, string])[] = [];
    for (const [what, attempt] of tries) rows.push([what, await refusalOf(attempt)]);
    table(
      [
        ['What is tried meanwhile', 52],
        ['The answer', 40],
      ],
      rows,
    );
  }
}
