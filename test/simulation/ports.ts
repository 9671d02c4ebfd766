// The log and the key vault as processes reach them: each call waits for its turn, may be lost on its way there, or its answer on the way back.
import { AppendOutcomeUnknown, StoreUnavailable, type EventStore, type KeyVault } from '#event-store';
import type { Poison } from './poison.js';
import type { Machine } from './machine.js';

const gone = (): StoreUnavailable => new StoreUnavailable('the log is gone');

/** So long after its caller was told that nothing is known an append may still come. */
const LATE_MS = 400;

export const logOf = (machine: Machine, log: EventStore, poison: Poison): EventStore => ({
  append: async (stream, expected, events) => {
    const what = `append ${stream} ${events.map(({ type }) => type).join(' ')}`;
    const [isRefused, isLost, isLate] = [0.02, 0.02, 0.02].map((share) => machine.happens(share));
    await machine.turn(what);
    if (isRefused === true) throw gone();
    if (isLate === true)
      machine.later(machine.random.below(LATE_MS), `late ${what}`, () => {
        log.append(stream, expected, events).catch(() => undefined);
      });
    if (isLost === true || isLate === true) throw new AppendOutcomeUnknown(stream);
    poison.appended(events);
    const answer = await log.append(stream, expected, events).then(
      (result) => () => result,
      (error: unknown) => () => {
        throw error;
      },
    );
    const isUnanswered = machine.happens(0.03);
    await machine.turn('answer');
    if (isUnanswered) throw new AppendOutcomeUnknown(stream);
    return answer();
  },
  appendMany: (entries) => log.appendMany(entries),
  readStream: async function* (...read) {
    await machine.turn(`read ${read[0]}`);
    if (machine.happens(0.01)) throw gone();
    yield* log.readStream(...read);
  },
  readAll: async function* (options) {
    for await (const page of log.readAll({ ...options, pageSize: 1 + machine.random.below(50) })) {
      await machine.turn('page');
      if (machine.happens(0.01)) throw gone();
      yield page;
    }
  },
  subscribe: async function* (options) {
    for await (const item of log.subscribe({ ...options, pageSize: 1 + machine.random.below(10) })) {
      await machine.turn(`hear ${item.kind}`);
      if (machine.happens(0.02)) throw new StoreUnavailable('the subscription was cut');
      yield item;
    }
  },
  head: async () => {
    await machine.turn('head');
    if (machine.happens(0.01)) throw gone();
    return log.head();
  },
  close: () => Promise.resolve(),
});

/** Every call takes a turn. */
export const vaultOf = (machine: Machine, vault: KeyVault): KeyVault => {
  const called = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    await machine.turn(`vault ${what}`);
    return call();
  };
  return {
    dataKeys: (tenant, subjects) => called('keys', () => vault.dataKeys(tenant, subjects)),
    openingKey: (keyId) => called('key', () => vault.openingKey(keyId)),
    tenantSecret: (tenant) => called('secret', () => vault.tenantSecret(tenant)),
    destroy: (tenant, subjects) => called('destroy', () => vault.destroy(tenant, subjects)),
    subjects: (tenant, prefix) => called('subjects', () => vault.subjects(tenant, prefix)),
    purge: () => called('purge', () => vault.purge()),
    rewrap: () => called('rewrap', () => vault.rewrap()),
    isEmpty: () => called('empty', () => vault.isEmpty()),
    close: () => Promise.resolve(),
  };
};
