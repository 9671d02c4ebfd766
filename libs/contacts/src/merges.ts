// The one place of a tenant where merges are decided: no cycles, and nobody is absorbed twice. What follows is carried out on the contacts' streams.
import { Map as ImmutableMap } from 'immutable';
import { Command, decider, defineEvents, later, reject, unheard, type Event, type Rejection } from '#kernel';

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type MergesEvent =
  | Event<
      'MergeRequested',
      { mergeId: string; survivorId: string; absorbedId: string; requestedBy: string; requestedAt: string }
    >
  | Event<'MergeUndone', { mergeId: string; undoneBy: string; undoneAt: string }>;

// ── State ───────────────────────────────────────────────────────────────────────────────────────────────────────────
export type DecidedMerge = {
  readonly mergeId: string;
  readonly survivorId: string;
  readonly absorbedId: string;
  readonly requestedBy: string;
  /** Counts the tenant's merges, from 1. */
  readonly no: number;
  /** Who undid it, `null` while it stands. */
  readonly undoneBy: string | null;
};

export type Merges = {
  readonly byId: ImmutableMap<string, DecidedMerge>;
  /** The ids of the merges that a contact is a side of, oldest first. */
  readonly ofContact: ImmutableMap<string, readonly string[]>;
  readonly lastTime: string;
};

const initial: Merges = { byId: ImmutableMap(), ofContact: ImmutableMap(), lastTime: '' };

/** The merges that a contact is a side of, oldest first, undone ones too. */
export const mergesOf = (merges: Merges, contactId: string): readonly DecidedMerge[] =>
  (merges.ofContact.get(contactId) ?? [])
    .map((mergeId) => merges.byId.get(mergeId))
    .filter((merge) => merge !== undefined);

/** The merge that absorbed a contact and stands. */
export const mergeThatAbsorbed = (merges: Merges, contactId: string): DecidedMerge | undefined =>
  mergesOf(merges, contactId).find((merge) => merge.absorbedId === contactId && merge.undoneBy === null);

// ── Evolve ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const evolve = (state: Merges, event: MergesEvent): Merges => {
  switch (event.type) {
    case 'MergeRequested': {
      const { mergeId, survivorId, absorbedId, requestedBy, requestedAt } = event.data;
      const merge = { mergeId, survivorId, absorbedId, requestedBy, no: state.byId.size + 1, undoneBy: null };
      const also = (of: Merges['ofContact'], contactId: string): Merges['ofContact'] =>
        of.set(contactId, [...(of.get(contactId) ?? []), mergeId]);
      return {
        byId: state.byId.set(mergeId, merge),
        ofContact: also(also(state.ofContact, survivorId), absorbedId),
        lastTime: later(state.lastTime, requestedAt),
      };
    }
    case 'MergeUndone': {
      const { mergeId, undoneBy, undoneAt } = event.data;
      const merge = state.byId.get(mergeId);
      const byId = merge === undefined ? state.byId : state.byId.set(mergeId, { ...merge, undoneBy });
      return { ...state, byId, lastTime: later(state.lastTime, undoneAt) };
    }
    default:
      return unheard(state, event);
  }
};

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────
export class MergeContacts extends Command<{
  readonly mergeId: string;
  readonly survivorId: string;
  readonly absorbedId: string;
  readonly confirm: boolean;
  /** Do both contacts exist? */
  readonly known: boolean;
  /** Was one of them erased? */
  readonly erased: boolean;
  /** Does the survivor stand at another revision than the request saw? */
  readonly stale: boolean;
}> {
  readonly type = 'MergeContacts';
}
export class UndoMerge extends Command<{
  readonly mergeId: string;
  readonly stale: boolean;
  /** Was one of the contacts erased since? */
  readonly erased: boolean;
}> {
  readonly type = 'UndoMerge';
}

export type MergesRejection =
  | 'not-found'
  | 'confirmation-required'
  | 'revision-stale'
  | 'contact-merged'
  | 'contact-erased'
  | 'merge-superseded'
  | 'invalid-request';

type Decision = readonly MergesEvent[] | Rejection<MergesRejection>;

// ── Decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const decide = (command: MergeContacts | UndoMerge, state: Merges): Decision =>
  command.type === 'MergeContacts' ? merge(command, state) : undo(command, state);

const merge = ({ data, metadata }: MergeContacts, state: Merges): Decision => {
  const { mergeId, survivorId, absorbedId } = data;
  if (survivorId === absorbedId) {
    return reject('invalid-request', { errors: [{ path: 'absorbedId', message: 'must be another contact' }] });
  }
  if (!data.known) return reject('not-found');
  if (!data.confirm) return reject('confirmation-required');
  if (data.stale) return reject('revision-stale');
  if (data.erased) return reject('contact-erased');
  const earlier = mergeThatAbsorbed(state, absorbedId);
  if (earlier?.survivorId === survivorId || state.byId.has(mergeId)) return [];
  // Whoever was absorbed neither survives nor is absorbed again, so that every chain ends.
  if (earlier !== undefined || mergeThatAbsorbed(state, survivorId) !== undefined) return reject('contact-merged');
  const requestedAt = later(metadata.now, state.lastTime);
  return [
    {
      type: 'MergeRequested',
      data: { mergeId, survivorId, absorbedId, requestedBy: metadata.caller.id, requestedAt },
    },
  ];
};

const undo = ({ data, metadata }: UndoMerge, state: Merges): Decision => {
  const { mergeId } = data;
  const decided = state.byId.get(mergeId);
  if (decided === undefined) return reject('not-found');
  if (data.stale) return reject('revision-stale');
  if (decided.undoneBy !== null) return [];
  if (data.erased) return reject('contact-erased');
  const buildsOnIt = mergesOf(state, decided.survivorId).some(
    (other) => other.no > decided.no && other.undoneBy === null,
  );
  if (buildsOnIt) return reject('merge-superseded');
  const undoneAt = later(metadata.now, state.lastTime);
  return [{ type: 'MergeUndone', data: { mergeId, undoneBy: metadata.caller.id, undoneAt } }];
};

export const mergesDecider = decider({
  category: 'merges',
  commands: [MergeContacts, UndoMerge],
  idOf: () => '',
  initial,
  evolve,
  decide,
  sizeOf: (state) => 200 + 500 * state.byId.size,
});

export const mergesEvents = defineEvents<MergesEvent>()({
  MergeRequested: { version: 1 },
  MergeUndone: { version: 1 },
});
