import fc from 'fast-check';
import { ChangeSetting, SETTINGS } from '#settings/settings';
import { metadata } from './common.js';

const change = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(...Object.entries(SETTINGS))
      .chain(([key, { allowed }]) => fc.record({ key: fc.constant(key), value: fc.constantFrom<unknown>(...allowed) })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      key: fc.constantFrom('block.reason', 'block.unknown', '__proto__'),
      value: fc.constantFrom<unknown>('nonsense', true, null),
    }),
  },
);

export const settingsCommands = fc.tuple(change, metadata).map(([data, asked]) => new ChangeSetting(data, asked));
