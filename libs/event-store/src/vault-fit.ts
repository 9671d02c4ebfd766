import type { Position } from '#kernel';
import type { EventReader } from './port.js';
import { isSealed } from './sealing.js';
import { KeyMissing, type KeyVault } from './vault.js';

/** How well a vault and a log fit together: facts looked at, keys that seal their values, and those of them that the vault never had. */
export type VaultFit = { readonly facts: number; readonly keys: number; readonly missing: readonly string[] };

/** Looks for the key of every sealed value of the log, or of a part of it; opens no value. `told` hears of progress. */
export const fitOf = async (
  log: Pick<EventReader, 'readAll'>,
  vault: Pick<KeyVault, 'openingKey'>,
  part: { readonly after: Position | null; readonly limit?: number } = { after: null },
  told: (facts: number) => void = () => undefined,
): Promise<VaultFit> => {
  const keys = new Set<string>();
  const missing: string[] = [];
  let facts = 0;
  const { after, limit = Number.POSITIVE_INFINITY } = part;
  for await (const page of log.readAll({ after, lean: true })) {
    for (const { data } of page) {
      for (const key of keysIn(data)) {
        if (keys.has(key)) continue;
        keys.add(key);
        if (!(await isKnown(vault, key))) missing.push(key);
      }
    }
    facts += page.length;
    told(facts);
    if (facts >= limit) break;
  }
  return { facts, keys: keys.size, missing };
};

const keysIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return isSealed(value) ? [value.k] : Object.values(value).flatMap(keysIn);
};

/** A destroyed key is known: it was had, and erased. */
const isKnown = async (vault: Pick<KeyVault, 'openingKey'>, key: string): Promise<boolean> => {
  try {
    await vault.openingKey(key);
    return true;
  } catch (error) {
    if (error instanceof KeyMissing) return false;
    throw error;
  }
};
