// Everything that is registered, once: what is stored, what decides, what is folded, what reacts.
import { accessDecider, accessEvents } from '#audit';
import {
  addressClaims,
  blockedContacts,
  blockFilter,
  hiddenMessages,
  keptMessages,
  quarantinedDays,
} from '#block-filter';
import {
  contactCard,
  contactDecider,
  contactEvents,
  duplicates,
  erasures,
  identityDecider,
  identityEvents,
  identityHolders,
  ignoredDecider,
  ignoredEvents,
  mergesDecider,
  mergesEvents,
} from '#contacts';
import {
  assignmentHistory,
  conversationDecider,
  conversationEvents,
  outbound,
  readMarkerDecider,
  readMarkerEvents,
  readMarkers,
  refusals,
  refusedDecider,
  refusedEvents,
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
  mergesDecider,
  conversationDecider,
  readMarkerDecider,
  refusedDecider,
  staffDecider,
  settingsDecider,
  walletDecider,
  walletContactDecider,
  walletNameDecider,
  walletCodeDecider,
  bulkDecider,
  accessDecider,
];

export const storedTypes: readonly EventDefinitions[] = [
  contactEvents,
  identityEvents,
  ignoredEvents,
  mergesEvents,
  conversationEvents,
  readMarkerEvents,
  refusedEvents,
  staffEvents,
  settingsEvents,
  walletEvents,
  walletContactEvents,
  walletNameEvents,
  walletCodeEvents,
  bulkEvents,
  accessEvents,
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
  keptMessages,
  quarantinedDays,
  addressClaims,
  blockFilter,
  assignmentHistory,
  outbound,
  readMarkers,
  refusals,
  duplicates,
  identityHolders,
  staffList,
  walletList,
  walletContacts,
] as unknown as readonly Projection[];

export const policies: readonly Policy[] = allPolicies;
