// Everything that is registered, once: what is stored, what decides, what is folded, what reacts.
import { addressClaims, blockedContacts, blockFilter, hiddenMessages } from '#block-filter';
import {
  contactCard,
  contactDecider,
  contactEvents,
  erasures,
  identityDecider,
  identityEvents,
  ignoredDecider,
  ignoredEvents,
} from '#contacts';
import {
  assignmentHistory,
  conversationDecider,
  conversationEvents,
  outbound,
  readMarkerDecider,
  readMarkerEvents,
  readMarkers,
  timeline,
} from '#conversations';
import { logEvents } from '#event-store';
import { inbox } from '#inbox';
import type { AnyDecider, EventDefinitions, Policy, Projection } from '#kernel';
import { policies as allPolicies } from '#policies';
import { opsEvents } from '#projections';
import { settingsDecider, settingsEvents } from '#settings';
import { staffDecider, staffEvents, staffList } from '#staff';
import {
  bulkDecider,
  bulkEvents,
  walletCodeDecider,
  walletCodeEvents,
  walletContactDecider,
  walletContactEvents,
  walletContacts,
  walletDecider,
  walletEvents,
  walletList,
  walletNameDecider,
  walletNameEvents,
} from '#wallets';

export const deciders: readonly AnyDecider[] = [
  contactDecider,
  identityDecider,
  ignoredDecider,
  conversationDecider,
  readMarkerDecider,
  staffDecider,
  settingsDecider,
  walletDecider,
  walletContactDecider,
  walletNameDecider,
  walletCodeDecider,
  bulkDecider,
];

export const storedTypes: readonly EventDefinitions[] = [
  contactEvents,
  identityEvents,
  ignoredEvents,
  conversationEvents,
  readMarkerEvents,
  staffEvents,
  settingsEvents,
  walletEvents,
  walletContactEvents,
  walletNameEvents,
  walletCodeEvents,
  bulkEvents,
  logEvents,
  opsEvents,
];

export const projections = [
  inbox,
  timeline,
  contactCard,
  erasures,
  blockedContacts,
  hiddenMessages,
  addressClaims,
  blockFilter,
  assignmentHistory,
  outbound,
  readMarkers,
  staffList,
  walletList,
  walletContacts,
] as unknown as readonly Projection[];

export const policies: readonly Policy[] = allPolicies;
