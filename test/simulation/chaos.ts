// What goes wrong in a storm: processes die, sleep and come back, clocks are stepped, operators rebuild and roll back.
import { projections } from '#apps/registry';
import type { Engine, OpsCalls } from '#projections';
import type { Machine } from './machine.js';
import type { Supervised } from './processes.js';

const HOUR_MS = 3_600_000;

export type Chaos = {
  readonly machine: Machine;
  readonly all: readonly Supervised<unknown>[];
  readonly projectors: readonly Supervised<Engine>[];
  /** Are clocks stepped? */
  readonly skewed: boolean;
};

/** Plans a storm's misfortunes within so many milliseconds. */
export const misfortunes = (chaos: Chaos, withinMs: number): void => {
  const { machine } = chaos;
  const { random } = machine;
  for (let left = random.below(5); left > 0; left -= 1) {
    const how = random.next();
    machine.later(random.below(withinMs), 'misfortune', () => {
      const one = random.pick(chaos.all);
      if (how < 0.4) one.crash(random.below(3000));
      else if (how < 0.6) machine.pause(one.host, 200 + random.below(12_000));
      else if (how < 0.7 && chaos.skewed) one.host.skew = random.pick([0, 0, -HOUR_MS, HOUR_MS, -4000, 4000]);
      else operate(chaos);
    });
  }
};

/** An operator asks for something; whether it can be done, and is answered, is another matter. */
const operate = ({ machine, projectors }: Chaos): void => {
  const { random } = machine;
  const { running, host } = random.pick(projectors);
  if (running === null) return;
  const { name } = random.pick(projections);
  const how = random.next();
  machine.as(host, () => {
    const asked = <K extends keyof OpsCalls>(...call: [K, ...OpsCalls[K]['args']]): void => {
      machine.note(call.join(' '));
      running.ask(...call).catch(() => undefined);
    };
    if (how < 0.4) asked('rebuild', [name, random.pick(projections).name]);
    else if (how < 0.5) asked('rebuild', 'all');
    else if (how < 0.6) asked('compare', name);
    else asked('rollback', name);
  });
};

/** An operator has it folded again. */
export const retry = ({ machine, projectors }: Chaos, name: string, sequence: string): void => {
  const { running, host } = machine.random.pick(projectors);
  if (running === null) return;
  machine.as(host, () => {
    running.ask('retry', name, sequence).catch(() => undefined);
  });
};

/** Everybody is awake, and clocks that were stepped stay as they are. */
export const heal = ({ machine, all }: Chaos): void => {
  machine.stormy = false;
  for (const { host } of all) machine.wake(host);
};
