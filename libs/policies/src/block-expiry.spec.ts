import { expect, it } from '@jest/globals';
import { BlockExpiry } from './block-expiry.adapter.js';

it('blocks that ran out are ended though one before them cannot be, and that is told', async () => {
  const rows = ['broken', 'sound'].map((contactId) => ({
    tenant: 'acme',
    contact_id: contactId,
    block_id: `of-${contactId}`,
    expires_at: '2026-03-10T10:00:00.000Z',
  }));
  const ended: string[] = [];
  const models = { query: () => Promise.resolve({ value: rows }) };
  const wishes = {
    expire: (_tenant: string, { contactId }: { readonly contactId: string }) => {
      if (contactId === 'broken') return Promise.reject(new Error('its stream cannot be read'));
      ended.push(contactId);
      return Promise.resolve(null);
    },
  };
  const timer = new BlockExpiry(
    ...([models, wishes, () => undefined] as unknown as ConstructorParameters<typeof BlockExpiry>),
  );
  await expect(timer.run()).rejects.toThrow('its stream cannot be read');
  expect(ended).toEqual(['sound']);
});
