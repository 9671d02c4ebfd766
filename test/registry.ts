// Every decider with its stored types and a generator of commands for one of its streams. A new decider is one line here and one file in generators/.
import type fc from 'fast-check';
import type { AnyDecider, Command, CommandOf, EventDefinitions } from '#kernel';
import { accessDecider, accessEvents } from '#audit/access';
import { contactDecider, contactEvents } from '#contacts/contact';
import { identityDecider, identityEvents } from '#contacts/identity-claim';
import { ignoredDecider, ignoredEvents } from '#contacts/ignored-messages';
import { mergesDecider, mergesEvents } from '#contacts/merges';
import { conversationDecider, conversationEvents } from '#conversations/conversation';
import { readMarkerDecider, readMarkerEvents } from '#conversations/read-marker';
import { refusedDecider, refusedEvents } from '#conversations/refused-sends';
import { settingsDecider, settingsEvents } from '#settings/settings';
import { staffDecider, staffEvents } from '#staff/staff-member';
import { contactCommands, identityCommands, ignoredCommands, mergesCommands } from './generators/contacts.js';
import { conversationCommands, readMarkerCommands, refusedCommands } from './generators/conversations.js';
import { bulkDecider, bulkEvents } from '#wallets/bulk';
import { walletDecider, walletEvents } from '#wallets/wallet';
import { walletCodeDecider, walletCodeEvents, walletNameDecider, walletNameEvents } from '#wallets/wallet-claims';
import { walletContactDecider, walletContactEvents } from '#wallets/wallet-contact';
import { accessCommands } from './generators/audit.js';
import { settingsCommands } from './generators/settings.js';
import { staffCommands } from './generators/staff.js';
import {
  bulkCommands,
  walletCodeCommands,
  walletCommands,
  walletContactCommands,
  walletNameCommands,
} from './generators/wallets.js';

export type Registered = {
  readonly decider: AnyDecider;
  readonly events: EventDefinitions;
  readonly commands: fc.Arbitrary<Command<unknown>>;
};

const registered = <D extends AnyDecider>(
  decider: D,
  events: EventDefinitions,
  commands: fc.Arbitrary<CommandOf<D> & Command<unknown>>,
): Registered => ({ decider, events, commands });

export const deciders: readonly Registered[] = [
  registered(contactDecider, contactEvents, contactCommands),
  registered(identityDecider, identityEvents, identityCommands),
  registered(ignoredDecider, ignoredEvents, ignoredCommands),
  registered(mergesDecider, mergesEvents, mergesCommands),
  registered(conversationDecider, conversationEvents, conversationCommands),
  registered(readMarkerDecider, readMarkerEvents, readMarkerCommands),
  registered(refusedDecider, refusedEvents, refusedCommands),
  registered(staffDecider, staffEvents, staffCommands),
  registered(settingsDecider, settingsEvents, settingsCommands),
  registered(walletDecider, walletEvents, walletCommands),
  registered(walletContactDecider, walletContactEvents, walletContactCommands),
  registered(walletNameDecider, walletNameEvents, walletNameCommands),
  registered(walletCodeDecider, walletCodeEvents, walletCodeCommands),
  registered(bulkDecider, bulkEvents, bulkCommands),
  registered(accessDecider, accessEvents, accessCommands),
];
