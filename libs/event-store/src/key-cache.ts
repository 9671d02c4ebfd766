import { LRUCache } from 'lru-cache';
import { KEY_CACHE_MS } from './vault.js';

/** Keys that this process may use for `ttl` milliseconds. Then they leave its memory, whether somebody asks for them again or not. */
export const keyCache = <V extends object | string>(max: number, ttl = KEY_CACHE_MS): LRUCache<string, V> =>
  new LRUCache({ max, ttl, ttlAutopurge: true });
