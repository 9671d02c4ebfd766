// What facts change in the lists that people look at, and what of it each of them is told [B14].
import { sees } from '#conversations';
import type { Caller, Position } from '#kernel';

/** `before`: whose the conversation was until this fact; absent where it did not change hands. */
export type LiveChange =
  | { readonly of: 'conversation'; readonly conversationId: string; readonly before?: string | null }
  /** Only for the reader: their unread count. */
  | { readonly of: 'marker'; readonly conversationId: string; readonly readerId: string }
  /** Name and block stand in the rows of all their conversations; `spreads`: the block in those of others with the same address too. */
  | { readonly of: 'contact'; readonly contactId: string; readonly spreads: boolean }
  /** What they see may be more or less now. */
  | { readonly of: 'staff'; readonly staffId: string };

type Fact = {
  readonly category: string;
  readonly subject: string;
  readonly stored: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
};

/** What may begin or end a cover: a block of any holder covers the address. */
const COVERS: ReadonlySet<string> = new Set([
  'ContactBlocked',
  'ContactBlockChanged',
  'ContactUnblocked',
  'ContactBlockExpired',
  'ContactIdentityAttached',
  'ContactIdentityDetached',
  'ContactsMerged',
  'ContactsUnmerged',
  'ContactRestored',
  'ErasureRequested',
]);

/** A message of a blocked customer is a fact of no stream that is heard here: it causes nothing [R7 H12]. */
export const liveChangesOf = ({ category, subject, stored }: Fact): readonly LiveChange[] => {
  switch (category) {
    case 'conversation': {
      const changesHands = ['ConversationAssigned', 'ConversationUnassigned'].includes(stored.type);
      const before = changesHands ? { before: (stored.data['previousAssigneeId'] ?? null) as string | null } : {};
      return [{ of: 'conversation', conversationId: subject, ...before }];
    }
    case 'readmarker': {
      const dot = subject.indexOf('.');
      return [{ of: 'marker', readerId: subject.slice(0, dot), conversationId: subject.slice(dot + 1) }];
    }
    case 'contact':
      return [{ of: 'contact', contactId: subject, spreads: COVERS.has(stored.type) }];
    case 'staff':
      return [{ of: 'staff', staffId: subject }];
    default:
      return [];
  }
};

/** A row as it is now, with what happened to it. */
export type Touched = {
  readonly conversationId: string;
  /** Of the latest change. */
  readonly position: Position;
  readonly assigneeId: string | null;
  /** Whose it was in between. */
  readonly before: readonly (string | null)[];
  /** The only ones concerned; `null`: everybody who sees it. */
  readonly readers: readonly string[] | null;
};

/** What the caller is told of it, `null` if nothing: whoever had sight of it and has no more is told so. */
export const toldOf = (caller: Caller, touched: Touched): 'changed' | 'gone' | null => {
  if (touched.readers !== null && !touched.readers.includes(caller.id)) return null;
  if (sees(caller, touched.assigneeId)) return 'changed';
  return touched.before.some((assigneeId) => sees(caller, assigneeId)) ? 'gone' : null;
};
