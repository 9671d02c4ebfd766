// Everything a wallet can say and refuse. The event names and fields are the storage format: add, never edit.
// The one law: 0 or 1 responsible, who is a member as long as they are responsible. Archived, a wallet changes no more.
import {
  Command,
  decider,
  defineEvents,
  later,
  reject,
  unheard,
  type CommandMetadata,
  type Event,
  type Hours,
  type Rejection,
} from '#kernel';
import type { HoursSince } from './hours.js';

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type WalletEvent =
  | Event<
      'WalletCreated',
      {
        walletId: string;
        name: string;
        code: string | null;
        hours: Hours | null;
        responsibleId: string | null;
        createdBy: string;
        createdAt: string;
      }
    >
  | Event<'WalletRenamed', { walletId: string; oldName: string; newName: string; renamedBy: string; renamedAt: string }>
  | Event<
      'WalletCodeChanged',
      { walletId: string; oldCode: string | null; newCode: string | null; changedBy: string; changedAt: string }
    >
  | Event<
      'WalletHoursChanged',
      { walletId: string; old: Hours | null; new: Hours | null; changedBy: string; changedAt: string }
    >
  | Event<
      'WalletResponsibleChanged',
      {
        walletId: string;
        previousResponsibleId: string | null;
        responsibleId: string | null;
        changedBy: string;
        changedAt: string;
      }
    >
  | Event<'WalletMemberAdded', { walletId: string; staffId: string; addedBy: string; addedAt: string }>
  | Event<'WalletMemberRemoved', { walletId: string; staffId: string; removedBy: string; removedAt: string }>
  | Event<'WalletArchived', { walletId: string; archivedBy: string; archivedAt: string }>;

// ── State ───────────────────────────────────────────────────────────────────────────────────────────────────────────
/** What the wallet was called from an instant on. */
export type Called<T> = { readonly value: T; readonly from: string };

export type Wallet =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'active' | 'archived';
      readonly walletId: string;
      /** All names and codes that it took, the present ones last: claims are judged by them. */
      readonly names: readonly Called<string>[];
      readonly codes: readonly Called<string | null>[];
      /** Own hours one after the other; `null`: the tenant's hold. */
      readonly hours: readonly HoursSince[];
      readonly responsibleId: string | null;
      /** Those who were added; the responsible is a member besides. */
      readonly members: readonly string[];
      readonly lastTime: string;
    };
export type KnownWallet = Exclude<Wallet, { status: 'unknown' }>;

const initial = { status: 'unknown' } as Wallet;

export const nameOf = (wallet: KnownWallet): string => wallet.names.at(-1)?.value ?? '';
export const codeOf = (wallet: KnownWallet): string | null => wallet.codes.at(-1)?.value ?? null;
const presentHours = (wallet: KnownWallet): Hours | null => wallet.hours.at(-1)?.hours ?? null;

/** The members that were added, and the responsible. */
export const membersOf = (members: readonly string[], responsibleId: string | null): readonly string[] =>
  responsibleId === null || members.includes(responsibleId) ? members : [...members, responsibleId];

// ── Evolve ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const evolve = (state: Wallet, event: WalletEvent): Wallet => {
  if (event.type === 'WalletCreated') {
    const { walletId, name, code, hours, responsibleId, createdAt: from } = event.data;
    return {
      status: 'active',
      walletId,
      names: [{ value: name, from }],
      codes: [{ value: code, from }],
      hours: [{ hours, from }],
      responsibleId,
      members: [],
      lastTime: from,
    };
  }
  if (state.status === 'unknown')
    return Object.hasOwn(walletEvents, event.type) ? state : unheard(state, event as never);
  switch (event.type) {
    case 'WalletRenamed': {
      const { newName: value, renamedAt: from } = event.data;
      return { ...at(state, from), names: [...state.names, { value, from }] };
    }
    case 'WalletCodeChanged': {
      const { newCode: value, changedAt: from } = event.data;
      return { ...at(state, from), codes: [...state.codes, { value, from }] };
    }
    case 'WalletHoursChanged': {
      const { new: hours, changedAt: from } = event.data;
      return { ...at(state, from), hours: [...state.hours, { hours, from }] };
    }
    case 'WalletResponsibleChanged':
      return { ...at(state, event.data.changedAt), responsibleId: event.data.responsibleId };
    case 'WalletMemberAdded': {
      const { staffId, addedAt } = event.data;
      return { ...at(state, addedAt), members: [...state.members.filter((one) => one !== staffId), staffId] };
    }
    case 'WalletMemberRemoved': {
      const { staffId, removedAt } = event.data;
      return { ...at(state, removedAt), members: state.members.filter((one) => one !== staffId) };
    }
    case 'WalletArchived':
      return { ...at(state, event.data.archivedAt), status: 'archived' };
    default:
      return unheard(state, event);
  }
};

const at = (state: KnownWallet, time: string): KnownWallet => ({ ...state, lastTime: later(state.lastTime, time) });

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────
type About<D = object> = D & { readonly walletId: string };

/** `eligible`: is the staff member to be named an active record? `generate`: the handler finds a code that is free. */
export class CreateWallet extends Command<
  About<{
    readonly name: string;
    readonly code: string | null;
    readonly generate: boolean;
    readonly hours: Hours | null;
    readonly responsibleId: string | null;
    readonly eligible: boolean;
  }>
> {
  readonly type = 'CreateWallet';
}
/** What is absent stays; `null` takes code or hours away. */
export class EditWallet extends Command<
  About<{
    readonly name?: string;
    readonly code?: string | null;
    readonly generate: boolean;
    readonly hours?: Hours | null;
  }>
> {
  readonly type = 'EditWallet';
}
export class ChangeWalletResponsible extends Command<
  About<{ readonly responsibleId: string | null; readonly eligible: boolean }>
> {
  readonly type = 'ChangeWalletResponsible';
}
export class AddWalletMember extends Command<About<{ readonly staffId: string; readonly eligible: boolean }>> {
  readonly type = 'AddWalletMember';
}
export class RemoveWalletMember extends Command<About<{ readonly staffId: string }>> {
  readonly type = 'RemoveWalletMember';
}
export class ArchiveWallet extends Command<About> {
  readonly type = 'ArchiveWallet';
}

const commands = [
  CreateWallet,
  EditWallet,
  ChangeWalletResponsible,
  AddWalletMember,
  RemoveWalletMember,
  ArchiveWallet,
] as const;
export type WalletCommand = InstanceType<(typeof commands)[number]>;
export type WalletRejection =
  'not-found' | 'wallet-archived' | 'assignee-not-eligible' | 'responsible-cannot-be-removed';

type Decision = readonly WalletEvent[] | Rejection<WalletRejection>;

// ── Decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const decide = (command: WalletCommand, wallet: Wallet): Decision => {
  if (command.type === 'CreateWallet') return create(command, wallet);
  if (wallet.status === 'unknown') return reject('not-found');
  if (command.type === 'ArchiveWallet') return archive(command, wallet);
  if (wallet.status === 'archived') return reject('wallet-archived');
  switch (command.type) {
    case 'EditWallet':
      return edit(command, wallet);
    case 'ChangeWalletResponsible':
      return changeResponsible(command, wallet);
    case 'AddWalletMember':
      return addMember(command, wallet);
    case 'RemoveWalletMember':
      return removeMember(command, wallet);
  }
};

const create = ({ data, metadata }: CreateWallet, wallet: Wallet): Decision => {
  if (wallet.status !== 'unknown') return [];
  const { walletId, name, code, hours, responsibleId, eligible } = data;
  if (responsibleId !== null && !eligible) return reject('assignee-not-eligible');
  const { now: createdAt, caller } = metadata;
  return [
    {
      type: 'WalletCreated',
      data: { walletId, name, code, hours, responsibleId, createdBy: caller.id, createdAt },
    },
  ];
};

const edit = ({ data, metadata }: EditWallet, wallet: KnownWallet): Decision => {
  const { walletId, name, code, hours } = data;
  const [oldName, oldCode, oldHours] = [nameOf(wallet), codeOf(wallet), presentHours(wallet)];
  const { by, time } = made(metadata, wallet);
  const events: WalletEvent[] = [];
  if (name !== undefined && name !== oldName) {
    events.push({
      type: 'WalletRenamed',
      data: { walletId, oldName, newName: name, renamedBy: by, renamedAt: time },
    });
  }
  if (code !== undefined && code !== oldCode) {
    events.push({
      type: 'WalletCodeChanged',
      data: { walletId, oldCode, newCode: code, changedBy: by, changedAt: time },
    });
  }
  if (hours !== undefined && JSON.stringify(hours) !== JSON.stringify(oldHours)) {
    events.push({
      type: 'WalletHoursChanged',
      data: { walletId, old: oldHours, new: hours, changedBy: by, changedAt: time },
    });
  }
  return events;
};

const changeResponsible = ({ data, metadata }: ChangeWalletResponsible, wallet: KnownWallet): Decision => {
  const { walletId, responsibleId, eligible } = data;
  if (responsibleId === wallet.responsibleId) return [];
  if (responsibleId !== null && !eligible) return reject('assignee-not-eligible');
  const { by, time } = made(metadata, wallet);
  return [
    {
      type: 'WalletResponsibleChanged',
      data: {
        walletId,
        previousResponsibleId: wallet.responsibleId,
        responsibleId,
        changedBy: by,
        changedAt: time,
      },
    },
  ];
};

const addMember = ({ data, metadata }: AddWalletMember, wallet: KnownWallet): Decision => {
  const { walletId, staffId, eligible } = data;
  if (membersOf(wallet.members, wallet.responsibleId).includes(staffId)) return [];
  if (!eligible) return reject('assignee-not-eligible');
  const { by, time } = made(metadata, wallet);
  return [{ type: 'WalletMemberAdded', data: { walletId, staffId, addedBy: by, addedAt: time } }];
};

const removeMember = ({ data, metadata }: RemoveWalletMember, wallet: KnownWallet): Decision => {
  const { walletId, staffId } = data;
  if (wallet.responsibleId === staffId) return reject('responsible-cannot-be-removed');
  if (!wallet.members.includes(staffId)) return [];
  const { by, time } = made(metadata, wallet);
  return [{ type: 'WalletMemberRemoved', data: { walletId, staffId, removedBy: by, removedAt: time } }];
};

const archive = ({ data, metadata }: ArchiveWallet, wallet: KnownWallet): Decision => {
  if (wallet.status === 'archived') return [];
  const { by, time } = made(metadata, wallet);
  return [{ type: 'WalletArchived', data: { walletId: data.walletId, archivedBy: by, archivedAt: time } }];
};

const made = (
  { caller, now }: CommandMetadata,
  wallet: KnownWallet,
): { readonly by: string; readonly time: string } => ({
  by: caller.id,
  time: later(now, wallet.lastTime),
});

export const walletDecider = decider({
  category: 'wallet',
  commands,
  idOf: (command) => command.data.walletId,
  initial,
  evolve,
  decide,
  sizeOf: (wallet) =>
    wallet.status === 'unknown'
      ? 100
      : 500 +
        100 * (wallet.names.length + wallet.codes.length + wallet.members.length) +
        JSON.stringify(wallet.hours).length,
});

/** The stored types. */
export const walletEvents = defineEvents<WalletEvent>()({
  WalletCreated: { version: 1 },
  WalletRenamed: { version: 1 },
  WalletCodeChanged: { version: 1 },
  WalletHoursChanged: { version: 1 },
  WalletResponsibleChanged: { version: 1 },
  WalletMemberAdded: { version: 1 },
  WalletMemberRemoved: { version: 1 },
  WalletArchived: { version: 1 },
});
