import type { Operation, Outcome } from './operations.js';
import { Observer } from './observe.js';
import { callerOf, DEFAULTS, latest, setting, type Caller, type SettingKey, type Time, type World } from './world.js';

/** A stored fact of one tenant, opened. */
export type Fact = {
  readonly type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- facts of all streams; the storage format is what is looked at
  readonly data: any;
  readonly stream: string;
  readonly category: string;
  readonly subject: string;
  readonly revision: number;
  readonly commandId: string;
  readonly commandType: string;
  readonly actor: string;
  readonly actorKind: string;
  /** By the clock of the process that took the command. */
  readonly occurredAt: Time;
};

/** Times that somebody else's clock gave, or that lie ahead. */
const NOT_OWN: readonly string[] = ['sentAt', 'expiresAt', 'at'];

/** A fact's own time, which its stream takes for its clock. */
export const timeOf = ({ data }: Fact): Time | undefined => {
  const key = Object.keys(data).find((name) => name.endsWith('At') && !NOT_OWN.includes(name) && data[name] !== null);
  return key === undefined ? undefined : (data[key] as Time);
};

export const said = ({ stream, revision, type }: Fact): string => `${type} at ${String(revision)} of ${stream}`;

export type Asked = {
  readonly operation: Operation;
  readonly commandId: string;
  /** `null` where the process died before it answered. */
  readonly outcome: Outcome | null;
};

/** What was asked at once, and where the log stood before it and behind what the policies made of it. */
export type Step = {
  readonly asked: readonly Asked[];
  readonly from: number;
  readonly to: number;
  /** By the clock when the policies had run. */
  readonly at: Time;
};

/** All that happened to one tenant. `facts` in log order. */
export type History = { readonly facts: readonly Fact[]; readonly steps: readonly Step[] };

/** Values that a command of the step may have found: two that run at once may be decided in either order. */
export type Around = {
  readonly setting: (key: SettingKey) => readonly unknown[];
  readonly roles: (id: string) => readonly Caller['role'][];
  /** Has nothing of this step changed what the contact's blocks cover? Then every command of the step had to know. */
  readonly isSettled: (contactId: string) => boolean;
};

export type Visit = {
  /** A fact, and the world behind those before it. */
  readonly fact?: (fact: Fact, before: World, around: Around, step: Step) => void;
  /** A step that is over, and the world behind it. */
  readonly step?: (step: Step, after: World) => void;
};

/** Goes through a history from its beginning, fact by fact. The worlds are valid during the call only. */
export const walk = ({ facts, steps }: History, { fact: onFact, step: onStep }: Visit): void => {
  const observer = new Observer();
  let last: Time = '';
  for (const step of steps) {
    const own = facts.slice(step.from, step.to);
    const around = aroundOf(own, observer.world);
    for (const fact of own) {
      onFact?.(fact, observer.world, around, step);
      observer.add(fact);
      last = latest(last, timeOf(fact) ?? null);
    }
    // No earlier than what was recorded by a clock ahead.
    onStep?.({ ...step, at: latest(step.at, last) }, observer.world);
  }
};

const COVERAGE: readonly string[] = [
  'ContactBlocked',
  'ContactBlockChanged',
  'ContactUnblocked',
  'ContactBlockExpired',
  'ContactIdentityAttached',
  'ContactIdentityDetached',
  'ContactAbsorbed',
  'ContactsMerged',
  'ContactsUnmerged',
  'ContactRestored',
];

const aroundOf = (facts: readonly Fact[], start: World): Around => {
  const settings = new Map(Object.keys(DEFAULTS).map((key) => [key, [setting(start, key as SettingKey)]]));
  const roles = new Map<string, Caller['role'][]>();
  for (const id of [...start.staff.keys(), 'founder', 'gateway']) {
    const caller = callerOf(start, id);
    roles.set(id, typeof caller === 'string' ? [] : [caller.role]);
  }
  const unsettled = new Set<string>();
  for (const { type, data, subject } of facts) {
    if (type === 'OrgSettingChanged') settings.get(data.key)?.push(data.newValue);
    if (type === 'StaffMemberInvited') roles.set(subject, [data.role]);
    if (type === 'StaffRoleChanged') roles.get(subject)?.push(data.new);
    if (COVERAGE.includes(type)) unsettled.add(subject);
  }
  return {
    setting: (key) => settings.get(key) ?? [],
    roles: (id) => roles.get(id) ?? ['system'],
    isSettled: (contactId) => !unsettled.has(contactId),
  };
};
