import { describe, expect, it } from '@jest/globals';
import { KeyFilter } from './key-filter.js';

describe('the filter of keys', () => {
  it('never denies a key that was added, and asks in vain for few that were not, through several layers', () => {
    const filter = new KeyFilter();
    const id = (n: number): string => `acme\u0000${n.toString(16).padStart(12, '0')}-501d-aa4c`;
    for (let n = 0; n < 120_000; n++) filter.add(id(n));
    let denied = 0;
    let vain = 0;
    for (let n = 0; n < 120_000; n++) if (!filter.mayHave(id(n))) denied++;
    for (let n = 120_000; n < 220_000; n++) if (filter.mayHave(id(n))) vain++;
    expect(denied).toBe(0);
    expect(vain).toBeLessThan(2000);
  });
});
