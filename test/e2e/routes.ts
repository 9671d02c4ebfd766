// Every route with who may call it (spec/domain.md, "Roles"), how to make what it is about, and a body that it takes.
import { randomUUID } from 'node:crypto';
import { NOWHERE, type Json, type Who } from './door.js';
import { newPhone, type Town } from './town.js';

/** What a call is made of; `path` names objects that exist. */
export type Made = {
  readonly path: string;
  readonly body?: Json;
  readonly query?: string;
  /** Another body for the same path, that would be taken as well. */
  readonly other?: Json;
};
export type Route = {
  readonly route: string;
  /** Roles that may; everybody else is refused before anything is looked at. */
  readonly roles: readonly Who[];
  /** Who of them gets another answer than success, for the right is the object's or a setting's. */
  readonly told?: Partial<Record<Who, string>>;
  /** A command whose first saying stores facts. */
  readonly stores?: true;
  /** The kind of the objects that the path names; those of another tenant are 404. */
  readonly about?: 'object' | 'nothing';
  readonly status?: 201 | 202;
  readonly make: (town: Town) => Promise<Made>;
};

const STAFF: readonly Who[] = ['agent', 'limited', 'supervisor', 'admin'];
const READERS: readonly Who[] = [...STAFF, 'auditor', 'integration'];
const EDITORS: readonly Who[] = [...STAFF, 'integration'];
const ADMIN: readonly Who[] = ['admin'];
const LEADERS: readonly Who[] = ['supervisor', 'admin'];
const AUDIT: readonly Who[] = ['supervisor', 'admin', 'auditor'];
const GATEWAY: readonly Who[] = ['integration'];
/** Those who see only their own are told that there is nothing. */
const OWN: Route['told'] = { limited: 'not-found' };

const contact =
  (rest: string, body?: Json, other?: Json): Route['make'] =>
  async (town) => ({
    path: `/v1/contacts/${(await town.contact()).contactId}${rest}`,
    ...(body === undefined ? {} : { body, other }),
  });
const conversation =
  (rest: string, body?: Json, other?: Json): Route['make'] =>
  async (town) => ({
    path: `/v1/conversations/${(await town.customer()).conversationId}${rest}`,
    ...(body === undefined ? {} : { body, other }),
  });
const list =
  (path: string, query = ''): Route['make'] =>
  async () =>
    Promise.resolve({ path, query });
const staff =
  (rest: string, body: Json, other?: Json): Route['make'] =>
  async (town) => {
    const { staffId } = await town.does('admin', 'POST', '/v1/staff', {
      name: 'New',
      role: 'agent',
      conversationAccess: 'all',
    });
    return { path: `/v1/staff/${staffId as string}${rest}`, body, other };
  };
const concluded: Route['make'] = async (town) => {
  const { conversationId } = await town.customer();
  await town.does('agent', 'POST', `/v1/conversations/${conversationId}/conclude`, {});
  return { path: `/v1/conversations/${conversationId}/reopen`, body: {} };
};
const blocked =
  (rest: string, body: Json, other?: Json): Route['make'] =>
  async (town) => {
    const { contactId } = await town.customer();
    await town.block(contactId);
    return { path: `/v1/contacts/${contactId}${rest}`, body, other };
  };
const message =
  (rest: string, more: Json, other: Json): Route['make'] =>
  async (town) => {
    const { conversationId } = await town.customer();
    const { messageId } = await town.sends('agent', conversationId);
    return {
      path: `/v1/messages/${messageId}${rest}`,
      body: { conversationId, ...more },
      other: other === null ? undefined : { conversationId, ...other },
    };
  };
const HOURS: Json = {
  timeZone: 'America/Sao_Paulo',
  weekly: { mon: [['08:00', '12:00']], fri: [['22:00', '02:00']] },
  closed: ['2026-12-25'],
};
let wallets = 0;
const walletBody = (): Json => ({
  name: `Wallet ${++wallets}`,
  code: `W-${wallets}`,
  hours: HOURS,
  responsibleId: 'bia',
});
const newWallet = async (town: Town): Promise<Json> => {
  const body = walletBody();
  return { ...body, ...(await town.does('admin', 'POST', '/v1/wallets', body)) };
};
const wallet =
  (rest: string, body?: Json, other?: Json): Route['make'] =>
  async (town) => ({
    path: `/v1/wallets/${(await newWallet(town)).walletId as string}${rest}`,
    ...(body === undefined ? {} : { body, other }),
  });
/** Agents name the conversation that they take the contact from. */
const FROM_A_CONVERSATION: Route['told'] = { agent: 'forbidden', limited: 'forbidden' };

const inbound = (text: string): Json => ({
  channel: 'whatsapp',
  from: {
    kind: 'whatsapp',
    value: '+5511987650001',
    displayName: 'Rui',
    verified: true,
    also: [{ kind: 'email', value: 'rui@example.org', verified: true }],
  },
  providerMessageId: 'route-1',
  sentAt: '2026-03-01T10:00:00Z',
  content: { text },
});

export const routes: readonly Route[] = [
  {
    route: 'POST /v1/contacts',
    roles: EDITORS,
    told: { limited: 'forbidden' },
    stores: true,
    status: 201,
    make: async () =>
      Promise.resolve({
        path: '/v1/contacts',
        body: {
          displayName: 'Nuno',
          identities: [{ kind: 'phone', value: newPhone(), verified: true }],
          tags: ['new'],
        },
        other: { displayName: 'Other' },
      }),
  },
  {
    route: 'GET /v1/contacts',
    roles: READERS,
    make: list('/v1/contacts', `search=a&tag=vip&blocked=true&walletId=${NOWHERE}&limit=10`),
  },
  { route: 'GET /v1/contacts/{id}', roles: READERS, told: OWN, make: contact('') },
  {
    route: 'PATCH /v1/contacts/{id}',
    roles: EDITORS,
    told: OWN,
    stores: true,
    make: contact('', { displayName: 'Ada', addTags: ['a'], removeTags: ['b'] }, { displayName: 'Eva' }),
  },
  {
    route: 'POST /v1/contacts/{id}/identities',
    roles: EDITORS,
    told: OWN,
    stores: true,
    status: 201,
    make: async (town) =>
      contact(
        '/identities',
        { kind: 'phone', value: newPhone(), verified: true },
        { kind: 'email', value: 'x@example.org' },
      )(town),
  },
  {
    route: 'DELETE /v1/contacts/{id}/identities/{identityId}',
    roles: EDITORS,
    told: OWN,
    stores: true,
    make: async (town) => {
      const { contactId, identityId } = await town.contact();
      return { path: `/v1/contacts/${contactId}/identities/${identityId}` };
    },
  },
  {
    route: 'GET /v1/contacts/{id}/contactability',
    roles: READERS,
    told: OWN,
    make: contact('/contactability'),
  },
  { route: 'GET /v1/contacts/{id}/refusals', roles: READERS, told: OWN, make: contact('/refusals') },
  { route: 'GET /v1/duplicates', roles: ['supervisor', 'admin', 'auditor'], make: list('/v1/duplicates', 'limit=10') },
  {
    route: 'PUT /v1/contacts/{id}/consents/{channel}',
    roles: ['supervisor', 'admin', 'integration'],
    stores: true,
    make: contact(
      '/consents/email',
      { state: 'revoked', source: 'opt_out_keyword', evidence: 'STOP', wordingVersion: '2026-01' },
      { state: 'revoked', source: 'customer' },
    ),
  },
  {
    route: 'POST /v1/contacts/{id}/block',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: async (town) => {
      const { contactId, conversationId } = await town.customer();
      const body = {
        confirm: true,
        kind: 'protection',
        scope: { channels: ['whatsapp'] },
        reasonCode: 'abuse',
        reasonText: 'insults',
        conversationId,
        notice: { text: 'Bye' },
      };
      return { path: `/v1/contacts/${contactId}/block`, body, other: { confirm: true } };
    },
  },
  {
    route: 'PATCH /v1/contacts/{id}/block',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: blocked('/block', { reasonCode: 'spam', reasonText: 'again' }, { reasonCode: 'other' }),
  },
  {
    route: 'POST /v1/contacts/{id}/unblock',
    roles: STAFF,
    told: { ...OWN, agent: 'administrator-required', supervisor: 'administrator-required' },
    stores: true,
    make: blocked(
      '/unblock',
      { confirm: true, requestedBy: 'customer', reason: 'sorry' },
      { confirm: true, requestedBy: 'company' },
    ),
  },
  {
    route: 'POST /v1/contacts/{id}/merge',
    roles: ['supervisor', 'admin'],
    stores: true,
    make: async (town) => {
      const [absorbed, another] = [await town.contact(), await town.contact()];
      return contact(
        '/merge',
        { absorbedId: absorbed.contactId, confirm: true },
        { absorbedId: another.contactId, confirm: true },
      )(town);
    },
  },
  {
    route: 'POST /v1/merges/{id}/undo',
    roles: ['supervisor', 'admin'],
    stores: true,
    make: async (town) => {
      const { contactId } = await town.contact();
      const { mergeId } = await town.does('admin', 'POST', `/v1/contacts/${contactId}/merge`, {
        absorbedId: (await town.contact()).contactId,
        confirm: true,
      });
      return { path: `/v1/merges/${mergeId as string}/undo`, body: {} };
    },
  },
  {
    route: 'POST /v1/contacts/{id}/erase',
    roles: ADMIN,
    stores: true,
    status: 202,
    make: contact(
      '/erase',
      { confirm: true, legalBasis: 'GDPR Art. 17' },
      { confirm: true, legalBasis: 'LGPD Art. 18' },
    ),
  },
  {
    route: 'GET /v1/erasures/{id}',
    roles: ['admin', 'auditor'],
    make: async (town) => ({ path: `/v1/erasures/${await town.erase((await town.contact()).contactId)}` }),
  },
  {
    route: 'GET /v1/blocked-contacts',
    roles: READERS,
    make: list('/v1/blocked-contacts', 'search=a&kind=protection&limit=10'),
  },
  { route: 'GET /v1/blocked-contacts/count', roles: READERS, make: list('/v1/blocked-contacts/count') },
  {
    route: 'POST /v1/conversations',
    roles: EDITORS,
    told: OWN,
    stores: true,
    status: 201,
    make: async (town) => {
      const { contactId, identityId } = await town.contact();
      return {
        path: '/v1/conversations',
        body: { contactId, channel: 'sms', identityId },
        other: { contactId, channel: 'sms' },
      };
    },
  },
  {
    route: 'GET /v1/conversations/live',
    roles: READERS,
    make: list('/v1/conversations/live'),
  },
  {
    route: 'GET /v1/conversations',
    roles: READERS,
    make: list('/v1/conversations', `view=all&status=open&walletId=${NOWHERE}&search=a&limit=10`),
  },
  { route: 'GET /v1/conversations/counts', roles: READERS, make: list('/v1/conversations/counts') },
  { route: 'GET /v1/conversations/{id}', roles: READERS, told: OWN, make: conversation('') },
  { route: 'GET /v1/conversations/{id}/timeline', roles: READERS, told: OWN, make: conversation('/timeline') },
  { route: 'GET /v1/conversations/{id}/assignments', roles: READERS, told: OWN, make: conversation('/assignments') },
  {
    route: 'POST /v1/conversations/{id}/messages',
    roles: EDITORS,
    told: OWN,
    stores: true,
    status: 201,
    make: conversation(
      '/messages',
      { content: { text: 'Hello' }, purpose: 'reply', viaDevice: false },
      { content: { text: 'Other' } },
    ),
  },
  {
    route: 'POST /v1/conversations/{id}/assign-to-me',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: conversation('/assign-to-me', {}),
  },
  {
    route: 'POST /v1/conversations/{id}/assign',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: conversation('/assign', { assigneeId: 'bia', expectedAssigneeId: null, note: 'hers' }, { assigneeId: 'ana' }),
  },
  {
    route: 'POST /v1/conversations/{id}/unassign',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: async (town) => {
      const { conversationId } = await town.customer();
      await town.assign(conversationId, 'bia');
      return { path: `/v1/conversations/${conversationId}/unassign`, body: {} };
    },
  },
  {
    route: 'POST /v1/conversations/{id}/conclude',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: conversation('/conclude', { outcome: 'solved' }, { outcome: 'other' }),
  },
  { route: 'POST /v1/conversations/{id}/reopen', roles: STAFF, told: OWN, stores: true, make: concluded },
  {
    route: 'POST /v1/conversations/{id}/automation/pause',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: conversation('/automation/pause', {}),
  },
  {
    route: 'POST /v1/conversations/{id}/automation/resume',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: async (town) => {
      const { conversationId } = await town.customer();
      await town.does('agent', 'POST', `/v1/conversations/${conversationId}/automation/pause`, {});
      return { path: `/v1/conversations/${conversationId}/automation/resume`, body: {} };
    },
  },
  {
    route: 'POST /v1/conversations/{id}/read',
    roles: STAFF,
    told: OWN,
    stores: true,
    make: conversation('/read', { upToOrdinal: 1 }, { upToOrdinal: 0 }),
  },
  { route: 'GET /v1/messages/outbound', roles: GATEWAY, make: list('/v1/messages/outbound', 'limit=10') },
  {
    route: 'POST /v1/messages/{messageId}/hand-over',
    roles: GATEWAY,
    stores: true,
    make: message('/hand-over', {}, null),
  },
  {
    route: 'POST /v1/messages/{messageId}/delivery',
    roles: GATEWAY,
    stores: true,
    make: message(
      '/delivery',
      { status: 'failed', reason: 'no such number', at: '2026-03-10T10:00:00Z' },
      { status: 'delivered', at: '2026-03-10T10:00:00Z' },
    ),
  },
  {
    route: 'POST /v1/messages/inbound',
    roles: GATEWAY,
    stores: true,
    about: 'nothing',
    make: async () => {
      const value = newPhone();
      const body = inbound('Oi');
      const whole = { ...body, from: { ...body.from, value, also: [] }, providerMessageId: randomUUID() };
      return Promise.resolve({
        path: '/v1/messages/inbound',
        body: whole,
        other: { ...whole, providerMessageId: randomUUID() },
      });
    },
  },
  {
    route: 'POST /v1/messages/inbound/batch',
    roles: GATEWAY,
    stores: true,
    about: 'nothing',
    make: async () => {
      const value = newPhone();
      const line = (id: string): string =>
        JSON.stringify({ ...inbound('Oi'), from: { kind: 'sms', value }, channel: 'sms', providerMessageId: id });
      const id = randomUUID();
      return Promise.resolve({ path: '/v1/messages/inbound/batch', body: `${line(id)}\n` });
    },
  },
  { route: 'GET /v1/block-filter/snapshot', roles: GATEWAY, make: list('/v1/block-filter/snapshot') },
  { route: 'GET /v1/block-filter/live', roles: GATEWAY, make: list('/v1/block-filter/live') },
  {
    route: 'GET /v1/block-filter/check',
    roles: GATEWAY,
    make: list(
      '/v1/block-filter/check',
      'channel=whatsapp&kind=phone&value=%2B5511987650001&sentAt=2026-03-10T10:00:00Z',
    ),
  },
  {
    route: 'POST /v1/block-filter/check',
    roles: GATEWAY,
    make: async () =>
      Promise.resolve({
        path: '/v1/block-filter/check',
        body: [{ channel: 'whatsapp', kind: 'phone', value: '+5511987650001', sentAt: '2026-03-10T10:00:00Z' }],
      }),
  },
  { route: 'GET /v1/staff', roles: [...STAFF, 'auditor'], make: list('/v1/staff', 'limit=10') },
  {
    route: 'POST /v1/staff',
    roles: ADMIN,
    stores: true,
    status: 201,
    make: async () =>
      Promise.resolve({
        path: '/v1/staff',
        body: { staffId: `s-${randomUUID().slice(0, 8)}`, name: 'New', role: 'agent', conversationAccess: 'all' },
      }),
  },
  {
    route: 'PUT /v1/staff/{id}/access',
    roles: ADMIN,
    stores: true,
    make: staff('/access', { conversationAccess: 'assigned_only' }, { conversationAccess: 'assigned_and_unassigned' }),
  },
  {
    route: 'PUT /v1/staff/{id}/role',
    roles: ADMIN,
    stores: true,
    make: staff('/role', { role: 'supervisor' }, { role: 'admin' }),
  },
  {
    route: 'PUT /v1/staff/{id}/availability',
    roles: ADMIN,
    stores: true,
    make: staff('/availability', { available: false }, { available: true }),
  },
  { route: 'POST /v1/staff/{id}/deactivate', roles: ADMIN, stores: true, make: staff('/deactivate', {}) },
  {
    route: 'POST /v1/wallets',
    roles: LEADERS,
    stores: true,
    status: 201,
    make: async () => Promise.resolve({ path: '/v1/wallets', body: walletBody(), other: walletBody() }),
  },
  { route: 'GET /v1/wallets', roles: [...STAFF, 'auditor'], make: list('/v1/wallets', 'limit=10') },
  { route: 'GET /v1/wallets/{id}', roles: [...STAFF, 'auditor'], make: wallet('') },
  {
    route: 'PATCH /v1/wallets/{id}',
    roles: LEADERS,
    stores: true,
    make: async (town) => {
      const { name, code } = walletBody();
      return wallet('', { name, code, hours: { ...HOURS, closed: ['2026-12-24'] } }, { code: null, hours: null })(town);
    },
  },
  {
    route: 'PUT /v1/wallets/{id}/responsible',
    roles: LEADERS,
    stores: true,
    make: wallet('/responsible', { staffId: 'ana' }, { staffId: null }),
  },
  { route: 'PUT /v1/wallets/{id}/members/{staffId}', roles: LEADERS, stores: true, make: wallet('/members/ana', {}) },
  {
    route: 'DELETE /v1/wallets/{id}/members/{staffId}',
    roles: LEADERS,
    stores: true,
    make: async (town) => {
      const { walletId } = await newWallet(town);
      const path = `/v1/wallets/${walletId as string}/members/ana`;
      await town.does('admin', 'PUT', path, {});
      return { path };
    },
  },
  { route: 'POST /v1/wallets/{id}/archive', roles: LEADERS, stores: true, make: wallet('/archive', {}) },
  {
    route: 'POST /v1/wallets/{id}/contacts',
    roles: STAFF,
    told: FROM_A_CONVERSATION,
    stores: true,
    make: async (town) => {
      const [one, other] = [await town.contact(), await town.contact()];
      return wallet('/contacts', { contactIds: [one.contactId] }, { contactIds: [other.contactId] })(town);
    },
  },
  {
    route: 'DELETE /v1/wallets/{id}/contacts/{contactId}',
    roles: STAFF,
    told: FROM_A_CONVERSATION,
    stores: true,
    make: async (town) => {
      const { walletId } = await newWallet(town);
      const { contactId } = await town.contact();
      const path = `/v1/wallets/${walletId as string}/contacts`;
      await town.does('admin', 'POST', path, { contactIds: [contactId] });
      return { path: `${path}/${contactId}` };
    },
  },
  {
    route: 'GET /v1/wallets/{id}/contacts',
    roles: [...STAFF, 'auditor'],
    make: async (town) => ({ ...(await wallet('/contacts')(town)), query: 'search=a&tag=vip&limit=10' }),
  },
  {
    route: 'GET /v1/wallets/{id}/hours',
    roles: [...STAFF, 'auditor'],
    make: async (town) => ({ ...(await wallet('/hours')(town)), query: 'at=2026-03-10T10:00:00Z' }),
  },
  {
    route: 'POST /v1/wallets/route',
    roles: GATEWAY,
    stores: true,
    about: 'nothing',
    make: async (town) => {
      const { code } = await newWallet(town);
      const { contactId, conversationId } = await town.customer();
      return { path: '/v1/wallets/route', body: { code, contactId, conversationId }, other: { code, contactId } };
    },
  },
  { route: 'GET /v1/settings', roles: ['admin', 'auditor'], make: list('/v1/settings') },
  {
    route: 'PUT /v1/settings/{key}',
    roles: ADMIN,
    stores: true,
    about: 'nothing',
    make: async (town) => {
      await town.set('region.default', 'BR');
      return { path: '/v1/settings/region.default', body: { value: 'PT' }, other: { value: 'DK' } };
    },
  },
  {
    route: 'GET /v1/audit/contacts/{id}/block-history',
    roles: AUDIT,
    make: async (town) => ({
      path: `/v1/audit/contacts/${(await town.contact()).contactId}/block-history`,
      query: 'format=ndjson',
    }),
  },
  {
    route: 'GET /v1/audit/contacts/{id}/replay',
    roles: AUDIT,
    make: async (town) => ({
      path: `/v1/audit/contacts/${(await town.contact()).contactId}/replay`,
      query: 'from=2026-03-01T00:00:00Z&to=2036-03-01T00:00:00Z&format=json&limit=10',
    }),
  },
  {
    route: 'GET /v1/audit/contacts/{id}/quarantine',
    roles: AUDIT,
    make: async (town) => ({
      path: `/v1/audit/contacts/${(await town.contact()).contactId}/quarantine`,
      query: 'reason=complaint&limit=10',
    }),
  },
  {
    route: 'GET /v1/audit/blocked-conversations.csv',
    roles: AUDIT,
    make: async (town) => {
      const { walletId } = await town.does('admin', 'POST', '/v1/wallets', { name: `Blocked ${randomUUID()}` });
      const query = `from=2026-03-01T00:00:00Z&to=2036-03-01T00:00:00Z&walletId=${walletId as string}`;
      return { path: '/v1/audit/blocked-conversations.csv', query };
    },
  },
  {
    route: 'GET /v1/audit/export',
    roles: AUDIT,
    make: list('/v1/audit/export', 'from=2026-03-01T00:00:00Z&to=2036-03-01T00:00:00Z'),
  },
  { route: 'GET /v1/ops/projections', roles: ['ops', 'auditor'], make: list('/v1/ops/projections') },
  {
    route: 'POST /v1/ops/projections/{name}/rebuild',
    roles: ['ops'],
    about: 'nothing',
    status: 202,
    make: async () => Promise.resolve({ path: '/v1/ops/projections/read_markers/rebuild', body: {} }),
  },
  {
    route: 'POST /v1/ops/projections/{name}/compare',
    roles: ['ops'],
    about: 'nothing',
    make: async () => Promise.resolve({ path: '/v1/ops/projections/staff/compare', body: {} }),
  },
  {
    route: 'GET /v1/ops/projections/{name}/parked',
    roles: ['ops', 'auditor'],
    about: 'nothing',
    make: async () => Promise.resolve({ path: '/v1/ops/projections/read_markers/parked' }),
  },
  ...(['retry', 'discard'] as const).map((act): Route => ({
    route: `POST /v1/ops/projections/{name}/parked/{sequence}/${act}`,
    roles: ['ops'],
    told: { ops: 'not-found' },
    about: 'nothing',
    make: async () =>
      Promise.resolve({
        path: `/v1/ops/projections/read_markers/parked/${'0'.repeat(32)}/${act}`,
        body: act === 'retry' ? {} : { reason: 'a bug of old' },
      }),
  })),
  {
    route: 'POST /v1/ops/projections/{name}/rollback',
    roles: ['ops'],
    about: 'nothing',
    make: async (town) => {
      await town.rebuilt('assignment_history');
      return { path: '/v1/ops/projections/assignment_history/rollback', body: {} };
    },
  },
  ...['pause', 'resume', 'promote', 'abort'].map((step): Route => ({
    route: `POST /v1/ops/rebuilds/{id}/${step}`,
    roles: ['ops'],
    about: 'nothing',
    make: async (town) => {
      const body = { autoPromote: false };
      const { rebuildId } = await town.does('ops', 'POST', '/v1/ops/projections/timeline/rebuild', body);
      return { path: `/v1/ops/rebuilds/${rebuildId as string}/${step}`, body: {} };
    },
  })),
  {
    route: 'GET /v1/ops/rebuilds/{id}',
    roles: ['ops', 'auditor'],
    about: 'nothing',
    make: async (town) => {
      const { rebuildId } = await town.does('ops', 'POST', '/v1/ops/projections/read_markers/rebuild', {});
      return { path: `/v1/ops/rebuilds/${rebuildId as string}` };
    },
  },
];

export const methodOf = ({ route }: Route): string => route.split(' ')[0] ?? '';
