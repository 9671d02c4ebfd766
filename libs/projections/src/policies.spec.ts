import { describe, expect, it } from '@jest/globals';
import type { Policy, Position } from '#kernel';
import { createPolicyRunner, policyStart, reactionId, type PolicyRunnerOptions } from '#projections';
import { StoreUnavailable } from '#event-store/port';
import { MemoryEventStore, passthrough } from '../../../test/doubles/memory-event-store.js';

const echo: Policy = { name: 'echo', hears: ['Told'], react: (event) => [{ type: 'Echo', data: event.data }] };
const count: Policy = {
  name: 'count',
  hears: ['Told', 'Erased'],
  react: () => [
    { type: 'One', data: 1 },
    { type: 'Two', data: 2 },
  ],
};
const until = async (condition: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 2000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(condition()).toBe(true);
};
const setup = (events: MemoryEventStore, over: Partial<PolicyRunnerOptions> = {}) => {
  const done: string[] = [];
  const places = new Map<string, Position | null>();
  const options: PolicyRunnerOptions = {
    events,
    codec: passthrough('Told', 'Erased'),
    policies: [echo, count],
    execute: (reaction, { policy, event, commandId }) => {
      done.push(`${policy} ${reaction.type} ${event.position.slice(-2)} ${commandId}`);
      return Promise.resolve();
    },
    checkpoints: {
      load: (policy) => Promise.resolve(places.get(policy)),
      save: (policy, position) => {
        places.set(policy, position);
        return Promise.resolve();
      },
    },
    waitUntilVisible: () => Promise.resolve(),
    startFact: policyStart(events),
    ...over,
  };
  return { done, places, options, runner: createPolicyRunner(options) };
};

describe('the policies\u2019 runner', () => {
  it('starts from the head, recorded as a fact, reacts with the same command ids, and saves its place at the stop', async () => {
    const events = new MemoryEventStore();
    await events.add('talk-a.1', 'Told', {});
    const { done, places, runner } = setup(events);
    void runner.run();
    await until(() => events.log.filter(({ type }) => type === 'PolicyStarted').length === 2);
    const at = await events.add('talk-a.1', 'Told', {});
    await until(() => done.length === 3);
    await runner.stop();
    const { id } = events.log[3] ?? { id: '' };
    expect(done).toEqual([
      `echo Echo 04 ${reactionId('echo', id)}`,
      `count One 04 ${reactionId('count', id)}`,
      `count Two 04 ${reactionId('count', id, 1)}`,
    ]);
    expect([...places]).toEqual([
      ['echo', at],
      ['count', at],
    ]);
  });

  it('starts again from its own fact when its place is lost, and from its place when it is not', async () => {
    const events = new MemoryEventStore();
    const first = setup(events);
    void first.runner.run();
    await until(() => events.log.length === 2);
    await events.add('talk-a.1', 'Told', {});
    await until(() => first.done.length === 3);
    await first.runner.stop();
    const lost = setup(events);
    void lost.runner.run();
    await until(() => lost.done.length === 3);
    await lost.runner.stop();
    expect(lost.done).toEqual(first.done);
    expect(events.log.filter(({ type }) => type === 'PolicyStarted')).toHaveLength(2);
    const again = createPolicyRunner(lost.options);
    void again.run();
    await events.add('talk-a.1', 'Erased', {});
    await until(() => lost.done.length === 5);
    await again.stop();
  });

  it('waits for the read models, repeats what may pass, and skips what cannot', async () => {
    const events = new MemoryEventStore();
    const said: string[] = [];
    let tries = 0;
    let visible = false;
    const { runner } = setup(events, {
      policies: [echo],
      waitUntilVisible: () => (visible ? Promise.resolve() : Promise.reject(new Error('not yet'))),
      execute: (reaction) => {
        expect(visible).toBe(true);
        tries++;
        if (tries <= 2) return Promise.reject(new StoreUnavailable('busy'));
        if (tries === 3) return Promise.reject(new Error('never'));
        said.push(reaction.type);
        return Promise.resolve();
      },
      log: (level, line) => said.push(`${level} ${line.includes('never') ? 'skipped' : 'again'}`),
    });
    void runner.run();
    await until(() => events.log.length === 1);
    await events.add('talk-a.1', 'Told', {});
    await events.add('talk-a.1', 'Told', {});
    await until(() => said.length > 0);
    visible = true;
    await until(() => said.includes('Echo'));
    await runner.stop();
    expect(tries).toBe(4);
    expect(said.at(-1)).toBe('Echo');
    expect(said).toContain('error skipped');
  });
});
