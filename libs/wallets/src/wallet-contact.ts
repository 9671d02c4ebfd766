// Is a contact in a wallet? One small stream a pair, so that adding 10,000 contacts is 10,000 independent appends.
import { Command, decider, defineEvents, later, reject, unheard, type Event, type Rejection } from '#kernel';

/** How a contact came into a wallet. */
export type AddedVia = 'selection' | 'conversation' | 'routing_code' | 'import' | 'merge';

export type WalletContactEvent =
  | Event<
      'WalletContactAdded',
      {
        walletId: string;
        contactId: string;
        addedBy: string;
        addedAt: string;
        via: AddedVia;
        conversationId: string | null;
        bulkId: string | null;
        /** The setting of then: with `one` the contact leaves its other wallets. */
        perContact: 'many' | 'one';
      }
    >
  | Event<
      'WalletContactRemoved',
      {
        walletId: string;
        contactId: string;
        removedBy: string;
        removedAt: string;
        conversationId: string | null;
        /** The wallet that it moved into, where a wallet is all that a contact may have. */
        movedToWalletId: string | null;
      }
    >;

/** `addedAt` and `via`: of the last addition. */
export type WalletContact = {
  readonly status: 'out' | 'in';
  readonly addedAt: string;
  readonly via: AddedVia | null;
  readonly lastTime: string;
};

const initial: WalletContact = { status: 'out', addedAt: '', via: null, lastTime: '' };

const evolve = (state: WalletContact, event: WalletContactEvent): WalletContact => {
  switch (event.type) {
    case 'WalletContactAdded': {
      const { addedAt, via } = event.data;
      return { status: 'in', addedAt, via, lastTime: later(addedAt, state.lastTime) };
    }
    case 'WalletContactRemoved':
      return { ...state, status: 'out', lastTime: later(event.data.removedAt, state.lastTime) };
    default:
      return unheard(state, event);
  }
};

type About<D> = D & { readonly walletId: string; readonly contactId: string };

export class AddWalletContact extends Command<
  About<{
    readonly via: AddedVia;
    readonly conversationId: string | null;
    readonly bulkId: string | null;
    readonly perContact: 'many' | 'one';
    /** What keeps the contact out: there is none, it was merged into another or erased; `null`: nothing does. */
    readonly obstacle: ContactObstacle | null;
  }>
> {
  readonly type = 'AddWalletContact';
}
export class RemoveWalletContact extends Command<
  About<{
    readonly conversationId: string | null;
    readonly movedToWalletId: string | null;
    /** Only what was added then: who was added again since stays. */
    readonly addedAt?: string;
    /** Only whom that brought in: who was added by a person since stays. */
    readonly via?: AddedVia;
  }>
> {
  readonly type = 'RemoveWalletContact';
}

export type ContactObstacle = 'not-found' | 'contact-merged' | 'contact-erased';

type Decision = readonly WalletContactEvent[] | Rejection<ContactObstacle>;

const decide = (command: AddWalletContact | RemoveWalletContact, state: WalletContact): Decision => {
  const { walletId, contactId, conversationId } = command.data;
  const { now, caller } = command.metadata;
  const time = later(now, state.lastTime);
  if (command.type === 'AddWalletContact') {
    const { via, bulkId, perContact, obstacle } = command.data;
    if (obstacle !== null) return reject(obstacle);
    return state.status === 'in'
      ? []
      : [
          {
            type: 'WalletContactAdded',
            data: {
              walletId,
              contactId,
              addedBy: caller.id,
              addedAt: time,
              via,
              conversationId,
              bulkId,
              perContact,
            },
          },
        ];
  }
  const { movedToWalletId, addedAt = state.addedAt, via = state.via } = command.data;
  return state.status === 'out' || addedAt !== state.addedAt || via !== state.via
    ? []
    : [
        {
          type: 'WalletContactRemoved',
          data: { walletId, contactId, removedBy: caller.id, removedAt: time, conversationId, movedToWalletId },
        },
      ];
};

export const walletContactDecider = decider({
  category: 'walletcontact',
  commands: [AddWalletContact, RemoveWalletContact],
  idOf: ({ data }) => pairOf(data.walletId, data.contactId),
  initial,
  evolve,
  decide,
});

export type Membership = { readonly walletId: string; readonly contactId: string; readonly archived: boolean };

/**
 * The wallets that an absorbed contact leaves. The survivor comes into the active ones that it is not in; where one is all that it may
 * have, its own stays, else it gets the last of the other's. `memberships`: of both, oldest first; so is the answer.
 */
export const unitedWallets = (
  memberships: readonly Membership[],
  { survivorId, absorbedId }: { readonly survivorId: string; readonly absorbedId: string },
  perContact: 'many' | 'one',
): readonly { readonly walletId: string; readonly added: boolean }[] => {
  const active = memberships.filter(({ archived }) => !archived);
  const own = active.filter(({ contactId }) => contactId === survivorId).map(({ walletId }) => walletId);
  const fitting = active.filter(({ walletId, contactId }) => contactId === absorbedId && !own.includes(walletId));
  const one = own.length > 0 ? [] : fitting.slice(-1);
  const added = (perContact === 'one' ? one : fitting).map(({ walletId }) => walletId);
  return memberships
    .filter(({ contactId }) => contactId === absorbedId)
    .map(({ walletId }) => ({ walletId, added: added.includes(walletId) }));
};

/** The part of the stream's name after the tenant. */
export const pairOf = (walletId: string, contactId: string): string => `${walletId}.${contactId}`;

export const walletContactEvents = defineEvents<WalletContactEvent>()({
  WalletContactAdded: { version: 1 },
  WalletContactRemoved: { version: 1 },
});
