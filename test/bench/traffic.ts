import { phoneOf } from '../traffic/phones.js';
import type { Random } from '../traffic/random.js';

/** A few busy conversations, many quiet ones, now and then a new customer. */
export const BUSY = 20;
const SHARE_OF_BUSY = 0.3;

const WORDS =
  'bom dia meu pedido não chegou ainda obrigado vou verificar com a transportadora the parcel arrives tomorrow please wait a moment thanks'.split(
    ' ',
  );

export const textOf = (random: Random): string =>
  Array.from({ length: 3 + random.below(20) }, () => random.pick(WORDS)).join(' ');

export type Request = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly bearer: string;
};

/** Customers by number; the number is their phone. */
export class Crowd {
  private messages = 0;

  constructor(
    private readonly random: Random,
    /** How many have written already. */
    public known: number,
    /** Keeps provider ids of several crowds apart. */
    private readonly name: string,
  ) {}

  /** One inbound body; `newcomers` is the share of those who write for the first time. */
  inbound(newcomers: number): object {
    const { random } = this;
    const number = this.known === 0 || random.chance(newcomers) ? this.known++ : this.someone();
    return this.from(number);
  }

  from(number: number): object {
    const phone = phoneOf('BR', number);
    return {
      channel: 'whatsapp',
      from: { kind: 'whatsapp', value: phone, displayName: `Customer ${number}` },
      providerMessageId: `${this.name}-${this.messages++}`,
      sentAt: new Date().toISOString(),
      content: { text: textOf(this.random) },
    };
  }

  /** The number of somebody who has written. */
  someone(): number {
    const { random } = this;
    return random.chance(SHARE_OF_BUSY) ? random.below(Math.min(BUSY, this.known)) : random.below(this.known);
  }

  lines(count: number, newcomers: number): string {
    return Array.from({ length: count }, () => JSON.stringify(this.inbound(newcomers))).join('\n');
  }
}

export type Place = { readonly conversationId: string; readonly contactId: string };
export type Bearers = Readonly<Record<'ana' | 'bruno' | 'adriana', string>>;

/** What agents do all day: mostly they write; they hand over, conclude, and rarely block. */
export class Agents {
  private readonly blocked: Place[] = [];
  private turns = 0;

  constructor(
    private readonly random: Random,
    private readonly places: readonly Place[],
    private readonly bearers: Bearers,
  ) {}

  next(): Request {
    const { random, places, bearers } = this;
    const bearer = random.chance(0.5) ? bearers.ana : bearers.bruno;
    // The last tenth is for blocks, so that nobody writes to a blocked customer by chance.
    const open = Math.floor(places.length * 0.9);
    const place = places[random.chance(SHARE_OF_BUSY) ? random.below(BUSY) : random.below(open)];
    if (place === undefined) throw new Error('no conversations');
    const { conversationId } = place;
    const dice = random.next();
    if (dice < 0.75)
      return this.post(`conversations/${conversationId}/messages`, { content: { text: textOf(random) } }, bearer);
    if (dice < 0.87) {
      // Never the present assignee by chance: the note makes no difference, the turn does.
      const assigneeId = this.turns++ % 2 === 0 ? 'ana' : 'bruno';
      return this.post(`conversations/${conversationId}/assign`, { assigneeId }, bearer);
    }
    if (dice < 0.98) return this.post(`conversations/${conversationId}/conclude`, { outcome: 'solved' }, bearer);
    const again = this.blocked.length > 50 ? this.blocked.shift() : undefined;
    if (again !== undefined) {
      return this.post(
        `contacts/${again.contactId}/unblock`,
        { confirm: true, requestedBy: 'company' },
        bearers.adriana,
      );
    }
    const other = places[open + random.below(places.length - open)] ?? place;
    this.blocked.push(other);
    return this.post(`contacts/${other.contactId}/block`, { confirm: true, reasonCode: 'abuse' }, bearer);
  }

  private post(path: string, body: object, bearer: string): Request {
    return { method: 'POST', path: `/v1/${path}`, body: JSON.stringify(body), bearer };
  }
}
