import type { StoredEvent } from '#event-store';
import { streamName } from '#kernel';
import { TENANT } from '../traffic/tokens.js';
import type { Acknowledged } from './shift.js';

export type Verdict = {
  /** Acknowledged commands whose fact is not in the log. */
  readonly lost: readonly string[];
  /** Commands whose fact is there more than once. */
  readonly doubled: readonly string[];
};

/** Which fact a command stores, by the last word of its path; a command that must not find it done is marked. */
const facts: Readonly<Record<string, { readonly types: readonly string[]; readonly always: boolean }>> = {
  inbound: { types: ['MessageReceived', 'BlockedMessageIgnored'], always: true },
  messages: { types: ['MessageSendRequested'], always: true },
  assign: { types: ['ConversationAssigned'], always: false },
  conclude: { types: ['ConversationConcluded'], always: false },
  block: { types: ['ContactBlocked'], always: false },
  unblock: { types: ['ContactUnblocked'], always: false },
};
/** What is stored only once, whoever asked: the field of the fact and of the answer that names it. */
const names: Readonly<Record<string, string>> = {
  ConversationAssigned: 'assignmentNo',
  ContactBlocked: 'blockId',
  ContactUnblocked: 'blockId',
  MessageSendRequested: 'messageId',
};
const categories: Readonly<Record<string, string>> = { conversations: 'conversation', contacts: 'contact' };

const types = new Set(Object.values(facts).flatMap((fact) => fact.types));

/** What the log holds of the commands: fed with every fact, then asked about those that were acknowledged. */
export class Ledger {
  readonly #stored = new Map<string, number>();
  readonly #named = new Map<string, number>();
  readonly #ends = new Map<string, number>();

  add(page: readonly StoredEvent[]): void {
    for (const { type, stream, revision, data, metadata } of page) {
      this.#ends.set(stream, revision);
      if (!types.has(type)) continue;
      count(this.#stored, `${metadata.commandId} ${type}`);
      const name = names[type];
      if (name !== undefined) count(this.#named, `${stream} ${type} ${String(data[name])}`);
    }
  }

  verdict(acknowledged: readonly Acknowledged[]): Verdict {
    const lost: string[] = [];
    const doubled: string[] = [];
    for (const one of acknowledged) {
      const [, , kind = '', id = ''] = one.path.split('/');
      const of = facts[one.path.split('/').at(-1) ?? ''];
      if (of === undefined) throw new Error(`nothing is known of ${one.path}`);
      const stored = of.types.reduce((sum, type) => sum + (this.#stored.get(`${one.key} ${type}`) ?? 0), 0);
      const line = `${one.path} ${one.key}: ${JSON.stringify(one.body)}`;
      if (stored > 1) doubled.push(line);
      if (stored === 0 && of.always) lost.push(line);
      const category = categories[kind];
      if (category === undefined) continue;
      const stream = streamName(category, TENANT, id);
      const isBehind = one.revision > (this.#ends.get(stream) ?? -1);
      const named = of.types.flatMap((type) => {
        const name = names[type];
        return name === undefined ? [] : [this.#named.get(`${stream} ${type} ${String(one.body[name])}`) ?? 0];
      });
      if (isBehind || named.includes(0)) lost.push(line);
      if (named.some((times) => times > 1)) doubled.push(line);
    }
    return { lost: [...new Set(lost)], doubled: [...new Set(doubled)] };
  }
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
