import { latestPosition, type Caller, type CommandMetadata, type Hours, type Position, type Rejection } from '#kernel';
import type { CommandRunner } from '#event-store';
import { problem, rejectionToProblem, type ProblemCode } from '#platform';
import { opennessAt, type HoursSince, type Openness } from './hours.js';
import type { WalletBook } from './wallet-book.adapter.js';
import { pairOf, walletContactDecider } from './wallet-contact.js';
import type { WalletContacts } from './wallet-contacts.adapter.js';
import { walletDecider, type KnownWallet } from './wallet.js';

/** The tenant's settings that shape routing, as they are now. */
export type RoutingRules = {
  readonly onCode: 'addContact' | 'addAndAssignResponsible';
  readonly outOfHours: 'unassigned' | 'assignAnyway';
  readonly defaultHours: Hours | null;
};

/** What other contexts know and do; filled by the composition. */
export type RoutingNeighbours = {
  readonly rules: (tenant: string) => Promise<RoutingRules>;
  readonly isActive: (tenant: string, staffId: string) => Promise<boolean>;
  readonly isBlocked: (tenant: string, contactId: string, now: string) => Promise<boolean>;
  readonly contactOf: (tenant: string, caller: Caller, conversationId: string) => Promise<string | null>;
  readonly conversations: RoutedConversations;
};
export type RoutedConversations = {
  /** Does a fact of this command stand in the conversation? */
  readonly recognises: (tenant: string, conversationId: string, commandId: string) => Promise<boolean>;
  /** Assigns an unassigned conversation. Answers its assignee behind the command, whoever that is; or why it was refused. */
  readonly assign: (
    assignment: { readonly conversationId: string; readonly walletId: string; readonly assigneeId: string },
    metadata: CommandMetadata,
  ) => Promise<
    { readonly assigneeId: string | null; readonly position: Position | null } | { readonly refused: Rejection }
  >;
};

export type Route = { readonly code: string; readonly contactId: string; readonly conversationId: string | null };
/** `assigneeId`: the wallet's responsible, if the conversation is theirs now. */
export type Routed = {
  readonly walletId: string;
  readonly assigneeId: string | null;
  readonly position: Position | null;
};

/** Brings a contact into the wallet of a code, and its conversation to the responsible. Hours are read from the stream. */
export class WalletRouting {
  constructor(
    private readonly runner: CommandRunner,
    private readonly book: WalletBook,
    private readonly contacts: WalletContacts,
    private readonly neighbours: RoutingNeighbours,
  ) {}

  /** Throws Problems: an unknown code (an archived wallet's too), contact or conversation, and a blocked contact, for whom nothing is done. */
  async route({ code, contactId, conversationId }: Route, metadata: CommandMetadata): Promise<Routed> {
    const { tenant, caller, now, commandId } = metadata;
    const broughtInto = await this.broughtInto(tenant, { code, contactId }, commandId);
    const walletId = broughtInto ?? (await this.book.walletOf(tenant, { code }));
    if (walletId === null) throw problem('wallet-code-unknown');
    const assigned =
      conversationId !== null && (await this.neighbours.conversations.recognises(tenant, conversationId, commandId));
    const isRepeat = assigned || broughtInto !== null;
    if (!isRepeat) {
      if (conversationId !== null && (await this.neighbours.contactOf(tenant, caller, conversationId)) !== contactId) {
        throw problem('not-found', 'There is no such conversation of this contact');
      }
      if (await this.neighbours.isBlocked(tenant, contactId, now)) {
        throw rejectionToProblem({ rejected: 'contact-blocked', detail: { reasons: ['blocked'] } });
      }
    }
    const added = await this.contacts.add(
      { walletId, contactId, via: 'routing_code', conversationId, bulkId: null },
      metadata,
    );
    // Whoever was merged or erased since the first saying: a repeat is answered as at first.
    if (added.kind === 'rejected' && !isRepeat) {
      throw rejectionToProblem(added.rejection);
    }
    const responsibleId = conversationId === null ? null : await this.present(tenant, walletId, now);
    if (conversationId === null || (responsibleId === null && !assigned)) {
      return { walletId, assigneeId: null, position: added.position };
    }
    const outcome = await this.neighbours.conversations.assign(
      { conversationId, walletId, assigneeId: responsibleId ?? '' },
      metadata,
    );
    if ('refused' in outcome) {
      // Routing never replaces an assignee, and assigns nobody whom the settings leave out.
      if (['assignee-changed', 'assignee-not-eligible'].includes(outcome.refused.rejected)) {
        const isTheirs = outcome.refused.detail?.['assigneeId'] === responsibleId;
        return { walletId, assigneeId: isTheirs ? responsibleId : null, position: added.position };
      }
      throw rejectionToProblem(outcome.refused as Rejection<ProblemCode>);
    }
    return {
      walletId,
      assigneeId: outcome.assigneeId,
      position: latestPosition(added.position, outcome.position),
    };
  }

  /** Is the wallet open then, by its hours of then, else by the tenant's? `null`: there is no such wallet. */
  async hoursOf(tenant: string, walletId: string, at: string): Promise<Openness | null> {
    const { state } = await this.runner.load(walletDecider, tenant, walletId);
    if (state.status === 'unknown') return null;
    const { defaultHours } = await this.neighbours.rules(tenant);
    return opennessAt(effective(state, defaultHours), at);
  }

  /** The wallet into which this command brought the contact at its first saying, though another may have the code since; `null` if it is new. */
  private async broughtInto(
    tenant: string,
    { code, contactId }: Pick<Route, 'code' | 'contactId'>,
    commandId: string,
  ): Promise<string | null> {
    for (const walletId of await this.book.claimantsOf(tenant, code)) {
      const pair = pairOf(walletId, contactId);
      if (await this.runner.recognises(walletContactDecider, tenant, pair, commandId)) return walletId;
    }
    return null;
  }

  /** The responsible, if the settings and the hours let routing assign, and they still work here. */
  private async present(tenant: string, walletId: string, now: string): Promise<string | null> {
    const { onCode, outOfHours, defaultHours } = await this.neighbours.rules(tenant);
    if (onCode === 'addContact') return null;
    const { state } = await this.runner.load(walletDecider, tenant, walletId);
    if (state.status !== 'active' || state.responsibleId === null) return null;
    const isOpen = outOfHours === 'assignAnyway' || opennessAt(effective(state, defaultHours), now).open;
    return isOpen && (await this.neighbours.isActive(tenant, state.responsibleId)) ? state.responsibleId : null;
  }
}

const effective = (wallet: KnownWallet, defaultHours: Hours | null): readonly HoursSince[] =>
  wallet.hours.map(({ from, hours }) => ({ from, hours: hours ?? defaultHours }));
