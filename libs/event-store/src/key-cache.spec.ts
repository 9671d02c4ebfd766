import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { until } from '../../../test/fixtures/until.js';
import { keyCache } from './key-cache.js';
import { unwrap, wrap } from './key-wrapping.js';

it('a key leaves the memory when its time is over, though nobody asks for it', async () => {
  const keys = keyCache<Buffer>(10, 20);
  keys.set('one', randomBytes(32));
  expect(keys.size).toBe(1);
  await until(() => keys.size === 0);
});

it('an unwrapped key shares its memory with nothing', () => {
  const [outer, key] = [randomBytes(32), randomBytes(32)];
  const unwrapped = unwrap(outer, wrap(outer, key, 'a context'), 'a context');
  expect(unwrapped).toEqual(key);
  expect(unwrapped.buffer.byteLength).toBe(key.length);
});
