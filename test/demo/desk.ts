import { randomUUID } from 'node:crypto';
import { Client, Refused, type Answer } from '../traffic/client.js';
import { tokenOf } from '../traffic/tokens.js';
import { STAFF, type Customer, type StaffId } from './cast.js';

export type Received = {
  readonly disposition: 'displayed' | 'ignored' | 'duplicate';
  readonly contactId: string;
  readonly conversationId?: string;
};
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
      new Client(address, await tokenOf(secret, subject, role));
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
      await this.unless(['staff-exists'], () => this.as('adriana').post('/v1/staff', member));
    }
  }

  /** A message from the provider, as the gateway posts it. */
  async arrives(customer: Customer, arrival: Arrival): Promise<ReceivedNow> {
    const { body, token } = await this.gateway.post<Received>('/v1/messages/inbound', inbound(customer, arrival));
    this.count(body);
    return { ...body, token: token ?? '' };
  }

  /** Many at once, as after a night or an outage. */
  async arriveTogether(
    all: readonly { readonly customer: Customer; readonly arrival: Arrival }[],
  ): Promise<readonly Received[]> {
    const bodies = all.map(({ customer, arrival }) => inbound(customer, arrival));
    const { body } = await this.gateway.lines<Received>('/v1/messages/inbound/batch', bodies);
    for (const received of body) this.count(received);
    return body;
  }

  async says(staffId: StaffId, conversationId: string, text: string): Promise<void> {
    // Who answers has read; a marker beyond the end stands at the end.
    await this.as(staffId).post(`/v1/conversations/${conversationId}/read`, { upToOrdinal: 1_000_000 });
    await this.as(staffId).post(`/v1/conversations/${conversationId}/messages`, { content: { text } });
    this.tally.add('answered');
  }

  /** `false` if a colleague was quicker. */
  async claims(staffId: StaffId, conversationId: string): Promise<boolean> {
    const answer = await this.unless(['already-assigned'], () =>
      this.as(staffId).post(`/v1/conversations/${conversationId}/assign-to-me`),
    );
    this.tally.add(answer === null ? 'lost a race for a conversation' : 'claimed');
    return answer !== null;
  }

  async transfers(from: StaffId, to: StaffId, conversationId: string, note: string): Promise<void> {
    await this.as(from).post(`/v1/conversations/${conversationId}/assign`, {
      assigneeId: to,
      expectedAssigneeId: from,
      note,
    });
    this.tally.add('transferred');
  }

  async concludes(staffId: StaffId, conversationId: string, outcome: string): Promise<void> {
    await this.as(staffId).post(`/v1/conversations/${conversationId}/conclude`, { outcome });
    this.tally.add('concluded');
  }

  /** Runs the call; `null` if it was refused with one of these codes. */
  async unless<B>(codes: readonly string[], call: () => Promise<Answer<B>>): Promise<Answer<B> | null> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof Refused && codes.includes(error.code)) return null;
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
): object => ({
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
    if (error instanceof Refused) return `refused: ${error.code}`;
    throw error;
  }
};
