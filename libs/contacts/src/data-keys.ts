// Whose key seals what: the names under which the key vault keeps a contact's keys.

/** Seals all personal values of a contact, its conversations' among them. */
export const contactKey = (contactId: string): string => `contact:${contactId}`;

const quarantineKeys = (contactId: string): string => `contact:${contactId}:`;

/** Seals what was quarantined of a contact on a day (UTC) and is destroyed when that day's content is due; `time` is RFC 3339 UTC. */
export const quarantineKey = (contactId: string, time: string): string =>
  `${quarantineKeys(contactId)}${time.slice(0, 10)}`;

const DAY_MS = 86_400_000;

/**
 * All keys that an erasure destroys: the contact's own first, those of its quarantined days, and those of today and the days beside it, so that
 * a message that was on its way makes no new one. `existing` answers the names that begin so.
 */
export const keysToDestroy = async (
  contactId: string,
  now: string,
  existing: (prefix: string) => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const days = [-1, 0, 1].map((day) =>
    quarantineKey(contactId, new Date(Date.parse(now) + day * DAY_MS).toISOString()),
  );
  return [...new Set([contactKey(contactId), ...(await existing(quarantineKeys(contactId))), ...days])];
};
