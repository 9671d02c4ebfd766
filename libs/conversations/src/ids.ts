import { v5 } from 'uuid';

/** One conversation per (identity, channel), so that two simultaneous first messages cannot open two. */
export const conversationIdOf = (identityId: string, channel: string): string => v5(channel, identityId);

/** One message per provider's id in a conversation, so that a redelivery finds itself. `providerMessageKey` is its HMAC. */
export const messageIdOf = (conversationId: string, providerMessageKey: string): string =>
  v5(providerMessageKey, conversationId);
