import { randomUUID } from 'node:crypto';
import { answerOf, connect, Refused, type Answer, type BodyOf, type Client, type Problem, type Schemas } from '#client';
import { tokenOf } from '../traffic/tokens.js';
import { STAFF, type Customer, type StaffId } from './cast.js';

export type Received = Schemas['ReceivedAnswer'];
/** With the token that covers it, and everything that was answered before. */
export type ReceivedNow = Received & { readonly token: string };

export type Arrival = { readonly text: string; readonly sentAt?: Date; readonly providerMessageId?: string };

/** What happened in this run, for the summary. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(what: string, count = 1): void {
    this.counts.set(what, this.of(what) + count);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }
}

/** Everybody who talks to the server: the provider's gateway, the staff, operations. */
export class Desk {
  readonly tally = new Tally();

  private constructor(
    readonly gateway: Client,
    readonly ops: Client,
    private readonly staff: ReadonlyMap<StaffId, Client>,
  ) {}

  static async open(address: string, secret: string): Promise<Desk> {
    const client = async (subject: string, role?: string): Promise<Client> =>
      connect({ url: address, token: await tokenOf(secret, subject, role) });
    const staff = new Map<StaffId, Client>();
    // Adriana's role stands in her token: somebody must be able to invite the first.
    for (const { staffId, role } of STAFF)
      staff.set(staffId, await client(staffId, role === 'admin' ? role : undefined));
    return new Desk(await client('integration', 'integration'), await client('ops', 'ops'), staff);
  }

  as(staffId: StaffId): Client {
    const client = this.staff.get(staffId);
    if (client === undefined) throw new Error(`nobody is called ${staffId}`);
    return client;
  }

  /** Invites who is not there yet; a second run finds them all. */
  async invite(): Promise<void> {
    for (const member of STAFF) {
      await this.unless(['staff-exists'], () => answerOf(this.as('adriana').POST('/v1/staff', { body: member })));
    }
  }

  /** A message from the provider, as the gateway posts it. */
  async arrives(customer: Customer, arrival: Arrival): Promise<ReceivedNow> {
    const { body, token } = await answerOf(
      this.gateway.POST('/v1/messages/inbound', { body: inbound(customer, arrival) }),
    );
    this.count(body);
    return { ...body, token: token ?? '' };
  }

  /** Many at once, as after a night or an outage. */
  async arriveTogether(
    all: readonly { readonly customer: Customer; readonly arrival: Arrival }[],
  ): Promise<readonly Received[]> {
    const lines = all.map(({ customer, arrival }) => JSON.stringify(inbound(customer, arrival))).join('\n');
    const { body } = await answerOf(
      this.gateway.POST('/v1/messages/inbound/batch', {
        body: lines,
        bodySerializer: String,
        parseAs: 'text',
        headers: { 'content-type': 'application/x-ndjson' },
      }),
    );
    const received = body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Received);
    for (const one of received) this.count(one);
    return received;
  }

  async says(staffId: StaffId, conversationId: string, text: string): Promise<void> {
    // Who answers has read; a marker beyond the end stands at the end.
    const params = { path: { id: conversationId } };
    await answerOf(this.as(staffId).POST('/v1/conversations/{id}/read', { params, body: { upToOrdinal: 1_000_000 } }));
    await answerOf(this.as(staffId).POST('/v1/conversations/{id}/messages', { params, body: { content: { text } } }));
    this.tally.add('answered');
  }

  /** `false` if a colleague was quicker. */
  async claims(staffId: StaffId, conversationId: string): Promise<boolean> {
    const answer = await this.unless(['already-assigned'], () =>
      answerOf(
        this.as(staffId).POST('/v1/conversations/{id}/assign-to-me', {
          params: { path: { id: conversationId } },
          body: {},
        }),
      ),
    );
    this.tally.add(answer === null ? 'lost a race for a conversation' : 'claimed');
    return answer !== null;
  }

  async transfers(from: StaffId, to: StaffId, conversationId: string, note: string): Promise<void> {
    await answerOf(
      this.as(from).POST('/v1/conversations/{id}/assign', {
        params: { path: { id: conversationId } },
        body: { assigneeId: to, expectedAssigneeId: from, note },
      }),
    );
    this.tally.add('transferred');
  }

  async concludes(staffId: StaffId, conversationId: string, outcome: string): Promise<void> {
    await answerOf(
      this.as(staffId).POST('/v1/conversations/{id}/conclude', {
        params: { path: { id: conversationId } },
        body: { outcome },
      }),
    );
    this.tally.add('concluded');
  }

  /** Runs the call; `null` if it was refused with one of these codes. */
  async unless<B>(codes: readonly Problem['code'][], call: () => Promise<Answer<B>>): Promise<Answer<B> | null> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof Refused && error.code !== null && codes.includes(error.code)) return null;
      throw error;
    }
  }

  private count({ disposition }: Received): void {
    this.tally.add(disposition);
  }
}

const inbound = (
  { channel, from }: Customer,
  { text, sentAt = new Date(), providerMessageId = randomUUID() }: Arrival,
): BodyOf<'/v1/messages/inbound', 'post'> => ({
  channel,
  from,
  providerMessageId,
  sentAt: sentAt.toISOString(),
  content: { text },
});

/** How the server puts its refusal. */
export const refusalOf = async (attempt: () => Promise<unknown>): Promise<string> => {
  try {
    await attempt();
    return 'done';
  } catch (error) {
    if (error instanceof Refused) return `refused: ${String(error.code)}`;
    throw error;
  }
};
