// Who may call what, and what of a wrong request reaches the log (nothing). Over every route that the document shows.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  clock,
  invite,
  NOWHERE,
  openDoor,
  signed,
  TENANT,
  tokenOf,
  type Answer,
  type Door,
  type Json,
  type Who,
} from './door.js';
import { methodOf, routes, type Made, type Route } from './routes.js';
import { townOf, type Town } from './town.js';

let door: Door;
let town: Town;
let foreign: Town;
let document: Json;
beforeAll(async () => {
  clock.start('2026-03-10T08:00:00Z');
  door = await openDoor();
  town = townOf(door);
  await invite(door, 'other');
  foreign = townOf(door, 'other');
  document = (await door.call({ bearer: null }, 'GET', '/openapi.json')).body;
});
afterAll(async () => {
  await door.close();
  clock.stop();
});

const EVERYBODY: readonly Who[] = ['agent', 'limited', 'supervisor', 'admin', 'auditor', 'ops', 'integration'];
const named = routes.map((route) => [route.route, route] as const);
const withBody = routes.filter((route) => methodOf(route) !== 'GET' && methodOf(route) !== 'DELETE');
const queries = routes.filter((route) => methodOf(route) === 'GET');
const lines = (route: Route): boolean => route.route.endsWith('/batch');
const typed = (route: Route): Record<string, string> =>
  lines(route) ? { 'content-type': 'application/x-ndjson' } : {};
/** Somebody whose call succeeds. */
const able = ({ roles, told = {} }: Route): Who => {
  // Where nothing of that name can be at hand, whoever may ask.
  const who = roles.find((role) => told[role] === undefined) ?? roles[0];
  if (who === undefined) throw new Error('nobody may');
  return who;
};

const call = (
  route: Route,
  who: Parameters<Door['call']>[0],
  made: Made,
  more: Parameters<Door['call']>[4] = {},
): Promise<Answer> =>
  door.call(
    who,
    methodOf(route),
    `${made.path}${made.query === undefined || made.query === '' ? '' : `?${made.query}`}`,
    made.body,
    {
      ...more,
      headers: { ...typed(route), ...more.headers },
    },
  );

/** A refusal of http-api.md: never more than that. */
const isProblem = ({ status, headers, body }: Answer): void => {
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(body).toMatchObject({
    type: `urn:portaria:problem:${body.code as string}`,
    title: expect.any(String),
    status,
    detail: expect.any(String),
    correlationId: expect.any(String),
  });
  expect(JSON.stringify(body)).not.toMatch(/ at .*\.js:\d+/);
};
const refusedWith = (answer: Answer, status: number, code: string): void => {
  expect([answer.status, answer.code]).toEqual([status, code]);
  isProblem(answer);
};

describe('the routes', () => {
  it('are all in the table of this test, which has no other', () => {
    const shown = Object.entries(document.paths as Record<string, Record<string, unknown>>)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .filter((route) => !/ \/(health\/(live|ready)|metrics)$/.test(route));
    expect(routes.map(({ route }) => route).sort()).toEqual(shown.sort());
  });

  it.each(named)('%s answers those whom the roles allow, and nobody else', async (_name, route) => {
    let made = await route.make(town);
    for (const who of EVERYBODY) {
      if (route.roles.includes(who)) made = await route.make(town);
      const told = route.roles.includes(who) ? route.told?.[who] : 'forbidden';
      const before = await door.stored();
      const seen =
        methodOf(route) === 'GET'
          ? await door.get(who, `${made.path}${made.query === undefined ? '' : `?${made.query}`}`)
          : null;
      const answer = seen ?? (await call(route, who, made));
      if (told === undefined) {
        expect([who, answer.status, answer.code]).toEqual([who, route.status ?? 200, undefined]);
      } else {
        expect([who, answer.status, answer.code]).toEqual([who, told === 'not-found' ? 404 : 403, told]);
        isProblem(answer);
        expect(await door.stored()).toBe(before);
      }
    }
  });

  it.each(named)('%s is closed without a token, to strangers and to those who left', async (_name, route) => {
    const made = await route.make(town);
    const before = await door.stored();
    refusedWith(await call(route, { bearer: null }, made), 401, 'unauthenticated');
    refusedWith(await call(route, 'stranger', made), 403, 'forbidden');
    refusedWith(await call(route, 'gone', made), 403, 'staff-inactive');
    const asAdmin = await signed({ sub: 'gone', tenant: TENANT, role: 'admin' });
    refusedWith(await call(route, { bearer: asAdmin }, made), 403, 'staff-inactive');
    expect(await door.stored()).toBe(before);
  });

  it('know nothing of another tenant\u2019s things: they are 404 [R13]', async () => {
    const before = new Set<string>();
    for (const route of routes) {
      if (route.about === 'nothing' || !route.route.includes('{')) continue;
      const theirs = await route.make(foreign);
      const head = await door.stored();
      const answer = await call(route, able(route), theirs);
      expect([route.route, answer.status, answer.code]).toEqual([route.route, 404, 'not-found']);
      expect(await door.stored()).toBe(head);
      before.add(route.route);
    }
    expect(before.size).toBeGreaterThan(20);
    const theirs = await foreign.customer();
    refusedWith(
      await door.call('agent', 'POST', '/v1/conversations', { contactId: theirs.contactId, channel: 'whatsapp' }),
      404,
      'not-found',
    );
    const own = await town.customer();
    const body = { confirm: true, conversationId: theirs.conversationId };
    refusedWith(await door.call('agent', 'POST', `/v1/contacts/${own.contactId}/block`, body), 404, 'not-found');
    // Lists hold nothing of theirs, and an address that both know is two people.
    for (const list of ['/v1/contacts', '/v1/conversations', '/v1/staff', '/v1/blocked-contacts']) {
      const { text } = await door.get('admin', `${list}?limit=200`);
      expect(text).not.toContain(theirs.contactId);
    }
    await foreign.block(theirs.contactId);
    expect((await town.writes(theirs.phone, 'Oi')).disposition).toBe('displayed');
    const verdict = await door.get(
      'integration',
      `/v1/block-filter/check?channel=whatsapp&kind=phone&value=${encodeURIComponent(theirs.phone)}`,
    );
    expect(verdict.body.verdict).toBe('display');
  });

  it.each(named.filter(([name]) => name.includes('{')))(
    '%s finds nothing under an id that nobody has, or that is none',
    async (_name, route) => {
      const made = await route.make(town);
      const wrong = ['PUT /v1/settings/{key}'].includes(route.route) ? 'setting-unknown' : 'not-found';
      const before = await door.stored();
      const [from] =
        /[0-9a-f]{8}-[0-9a-f-]{27}|s-[0-9a-f]+|region\.default|read_markers|assignment_history|staff(?=\/compare)/.exec(
          made.path,
        ) ?? [''];
      const ids = route.route.includes('identityId') ? [NOWHERE, 'no-id'] : [NOWHERE, 'no-id', '%00', 'a'.repeat(300)];
      for (const id of ids) {
        const answer = await call(route, able(route), { ...made, path: made.path.replace(from, id) });
        expect([id, [404, 400].includes(answer.status), answer.code]).toEqual([
          id,
          true,
          id === '%00' ? expect.stringMatching(/not-found|invalid-request/) : wrong,
        ]);
        isProblem(answer);
      }
      expect(await door.stored()).toBe(before);
    },
  );
});

describe('tokens', () => {
  const get = (bearer: string | null, headers: Record<string, string> = {}): Promise<Answer> =>
    door.call({ bearer }, 'GET', '/v1/staff', undefined, { headers });

  it('that are none, of another key, run out, of no tenant or of an unknown role are refused', async () => {
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const payload = Buffer.from(JSON.stringify({ sub: 'adm', tenant: TENANT })).toString('base64url');
    const whole = await tokenOf('admin');
    const bad = [
      'x',
      `${none}.${payload}.`,
      whole.slice(0, -3),
      `${whole.split('.')[0] ?? ''}.${payload}.${whole.split('.')[2] ?? ''}x`,
      await signed({ sub: 'adm', tenant: TENANT }, 'another secret of thirty-two bytes!!'),
      await signed({ sub: 'adm', tenant: TENANT, exp: 1 }),
      await signed({ sub: 'adm', tenant: TENANT, nbf: 4_000_000_000 }),
      await signed({ sub: 'adm' }),
      await signed({ tenant: TENANT }),
      await signed({ sub: 'adm', tenant: 'Not A Tenant' }),
      await signed({ sub: 'adm.x', tenant: TENANT }),
      await signed({ sub: 'adm', tenant: TENANT, role: 'agent' }),
      await signed({ sub: 'adm', tenant: TENANT, role: 'supervisor' }),
      await signed({ sub: 'adm', tenant: TENANT, role: 'root' }),
      await signed({ sub: 'adm', tenant: TENANT, role: 7 }),
    ];
    for (const [index, bearer] of bad.entries()) {
      const answer = await get(bearer);
      expect([index, answer.status, answer.code, answer.headers.get('www-authenticate')]).toEqual([
        index,
        401,
        'unauthenticated',
        'Bearer',
      ]);
      isProblem(answer);
    }
    refusedWith(await get(null, { authorization: 'Basic YTpi' }), 401, 'unauthenticated');
    expect((await get(whole)).status).toBe(200);
  });

  it('give a role by claim or record, and a role changed holds for the next request', async () => {
    await town.does('admin', 'POST', '/v1/staff', {
      staffId: 'riser',
      name: 'Rita',
      role: 'agent',
      conversationAccess: 'all',
    });
    const bearer = await signed({ sub: 'riser', tenant: TENANT });
    const settings = (): Promise<Answer> => door.call({ bearer }, 'GET', '/v1/settings');
    refusedWith(await settings(), 403, 'forbidden');
    await town.does('admin', 'PUT', '/v1/staff/riser/role', { role: 'admin' });
    expect((await settings()).status).toBe(200);
    await town.does('admin', 'POST', '/v1/staff/riser/deactivate', {});
    refusedWith(await settings(), 403, 'staff-inactive');
  });
});

// ── Bad input ───────────────────────────────────────────────────────────────────────────────────────────────────────
type Schema = Json;
const resolved = (schema: Schema): Schema => {
  // What may be null besides is as it would be alone.
  const [alone, nothing] = (schema?.anyOf ?? []) as Schema[];
  if (nothing?.type === 'null') {
    const whole = resolved(alone);
    return { ...whole, type: [whole.type, 'null'].flat() };
  }
  return schema?.$ref === undefined
    ? schema?.allOf?.length === 1
      ? resolved(schema.allOf[0])
      : schema
    : resolved(document.components.schemas[(schema.$ref as string).split('/').at(-1) ?? '']);
};
const bodySchema = (route: Route): Schema => {
  const [method, path] = route.route.split(' ') as [string, string];
  return resolved(document.paths[path][method.toLowerCase()].requestBody.content['application/json'].schema);
};

/** The body with the value at `path` replaced; `undefined` takes it away. */
const changed = (body: Json, path: readonly (string | number)[], value: unknown): Json => {
  const copy = structuredClone(body);
  const parent = path.slice(0, -1).reduce<Json>((inner, key): unknown => inner[key], copy);
  const last = path.at(-1) ?? '';
  if (value === undefined) Reflect.deleteProperty(parent as object, last);
  else parent[last] = value;
  return copy;
};

type Mistake = readonly [what: string, body: Json];
/** What can be wrong with a body, by its schema: each value of another type, too long, out of its list; each field that must be there missing; fields that nobody knows. */
const mistakes = (whole: Json, given: Schema, at: readonly (string | number)[] = []): readonly Mistake[] => {
  const schema = resolved(given);
  const value = at.reduce<Json>((inner, key): unknown => inner?.[key], whole);
  const where = at.join('.');
  const put = (what: string, wrong: unknown): Mistake => [
    `${where}: ${what}`,
    at.length === 0 ? wrong : changed(whole, at, wrong),
  ];
  const found: Mistake[] = [];
  const types = [schema.type].flat() as readonly (string | undefined)[];
  const is = (type: string): boolean => types.includes(type);
  const isText = is('string');
  if (types[0] !== undefined && at.length > 0) {
    for (const wrong of [
      isText ? 7 : 'text',
      is('boolean') ? 1 : true,
      is('object') ? [] : { a: 1 },
      is('array') ? {} : [1],
    ]) {
      found.push(put(`is ${JSON.stringify(wrong)}`, wrong));
    }
    if (schema.nullable !== true && !is('null')) found.push(put('is null', null));
  }
  if (isText) {
    if (schema.maxLength !== undefined) found.push(put('is too long', 'x'.repeat(Number(schema.maxLength) + 1)));
    if (schema.minLength === 1) found.push(put('is empty', ''));
    if (schema.enum !== undefined) found.push(put('is none of its list', 'fax'));
    if (schema.pattern !== undefined) found.push(put('does not match', 'No Such Ä!'));
    if (schema.format === 'uuid') found.push(put('is no id', 'abc'));
    if (schema.format === 'date-time')
      found.push(
        put('has no zone', '2026-03-10T10:00:00'),
        put('is no time', '2026-02-30T10:00:00Z'),
        put('is a date', '2026-03-10'),
      );
    found.push(put('has U+0000', 'a\u0000b'), put('has half a pair', 'a\ud800'));
  }
  if (is('integer')) found.push(put('is a fraction', 1.5), put('is below', -1), put('is beyond', 3_000_000_000));
  if (is('array')) {
    if (schema.maxItems !== undefined)
      found.push(put('is too long a list', Array<unknown>(Number(schema.maxItems) + 1).fill(value?.[0] ?? 'x')));
    if (Array.isArray(value) && value.length > 0) found.push(...mistakes(whole, schema.items, [...at, 0]));
  }
  if (schema.properties !== undefined) {
    for (const [name, inner] of Object.entries(schema.properties as Record<string, Schema>)) {
      if (value?.[name] === undefined) continue;
      found.push(...mistakes(whole, inner, [...at, name]));
      if ((schema.required as string[] | undefined)?.includes(name) === true)
        found.push([`${where}: lacks ${name}`, changed(whole, [...at, name], undefined)]);
    }
    found.push([`${where}: has a field that nobody knows`, changed(whole, [...at, 'surplus'], 1)]);
  }
  return found;
};

describe('a wrong request is refused, and nothing of it is stored:', () => {
  const silently = async (route: Route, work: (made: Made, who: Who) => Promise<void>): Promise<void> => {
    const made = await route.make(town);
    const before = await door.stored();
    await work(made, able(route));
    expect(await door.stored()).toBe(before);
  };

  it.each(withBody.filter((route) => !lines(route)).map((route) => [route.route, route] as const))(
    '%s, the fields of its body',
    async (_name, route) => {
      await silently(route, async (made, who) => {
        const schema = bodySchema(route);
        const all = mistakes(made.body, schema);
        // A route without fields has only those that nobody knows.
        expect(all.length).toBeGreaterThan(0);
        for (const [what, body] of all) {
          if (route.route.startsWith('PUT /v1/settings')) continue;
          const answer = await call(route, who, { ...made, body });
          expect([what, answer.status, answer.code]).toEqual([what, 400, 'invalid-request']);
          expect([what, (answer.body.errors as Json[] | undefined)?.length]).not.toEqual([what, undefined]);
        }
      });
    },
  );

  it.each(withBody.map((route) => [route.route, route] as const))('%s, its body as a whole', async (_name, route) => {
    await silently(route, async (made, who) => {
      const send = (body: unknown, type?: string): Promise<Answer> =>
        call(route, who, { ...made, body }, type === undefined ? {} : { headers: { 'content-type': type } });
      const deep = `${'['.repeat(60)}${']'.repeat(60)}`;
      const bytes = Buffer.from([0x7b, 0x22, 0x61, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
      if (!lines(route)) {
        for (const body of [
          '{"a":',
          bytes,
          deep,
          `{"a":${deep}}`,
          '"text"',
          '7',
          'null',
          '{"__proto__":{"a":1}}',
          '{"a":1e999}',
          '{"a":"\\u0000"}',
        ]) {
          const answer = await send(body);
          expect([String(body).slice(0, 20), answer.status, answer.code]).toEqual([
            String(body).slice(0, 20),
            400,
            'invalid-request',
          ]);
        }
        refusedWith(await send('{}', 'application/x-ndjson'), 415, 'unsupported-media-type');
        refusedWith(await send(`{"a":"${'a'.repeat(3 * 1024 * 1024)}"}`), 413, 'body-too-large');
      } else {
        refusedWith(await send(bytes), 400, 'invalid-request');
        refusedWith(await send('{}', 'application/json'), 415, 'unsupported-media-type');
        refusedWith(await send('{}\n'.repeat(10_001)), 400, 'invalid-request');
        const answer = await send(`{"a":\nnull\n[]\n{}\n${deep}\n"x"\n`);
        expect(answer.status).toBe(200);
        expect(
          answer.text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line).code as string),
        ).toEqual(Array(6).fill('invalid-request'));
      }
      for (const type of ['text/plain', 'nonsense']) refusedWith(await send('{}', type), 415, 'unsupported-media-type');
    });
  });

  it.each(routes.filter((route) => methodOf(route) !== 'GET').map((route) => [route.route, route] as const))(
    '%s, its headers',
    async (_name, route) => {
      await silently(route, async (made, who) => {
        for (const headers of [
          { 'idempotency-key': 'no-uuid' },
          { 'if-match': '7' },
          { 'if-match': '*' },
          { 'if-match': '"-1"' },
          { 'idempotency-key': '' },
        ]) {
          const answer = await call(route, who, made, { headers });
          expect([headers, answer.status, answer.code]).toEqual([headers, 400, 'invalid-request']);
        }
      });
    },
  );

  it.each(queries.map((route) => [route.route, route] as const))('%s, its query', async (_name, route) => {
    await silently(route, async (made, who) => {
      const parameters = (document.paths[route.route.slice(4)].get.parameters ?? []) as Json[];
      const isList = parameters.some(({ name }) => name === 'limit');
      const wrong: (readonly [string, string])[] = [
        ['after=garbage', 'token-invalid'],
        [`after=${Buffer.from('[1,"log"]').toString('base64url')}`, 'token-invalid'],
        [`after=${Buffer.from('[1,7,7]').toString('base64url')}`, 'token-invalid'],
        ['after=', 'token-invalid'],
        ['wait=-1', 'invalid-request'],
        ['wait=30001', 'invalid-request'],
        ['wait=soon', 'invalid-request'],
        ['surplus=1', 'invalid-request'],
        ['after=a&after=b', 'invalid-request'],
        ['surplus=%ff', 'invalid-request'],
        ['wait=%00', 'invalid-request'],
      ];
      if (isList) {
        wrong.push(
          ['limit=0', 'invalid-request'],
          ['limit=201', 'invalid-request'],
          ['limit=many', 'invalid-request'],
          ['cursor=garbage', 'cursor-invalid'],
          ['cursor=', 'cursor-invalid'],
          [`cursor=${Buffer.from('[1,"AAAAAAAAAAAAAAAA","a","b"]').toString('base64url')}`, 'cursor-invalid'],
          [`cursor=${'A'.repeat(9000)}`, 'cursor-invalid'],
        );
      }
      for (const [query, code] of wrong) {
        const name = query.split('=')[0] ?? '';
        const rest = (made.query ?? '').split('&').filter((part) => part !== '' && !part.startsWith(`${name}=`));
        const answer = await call(route, who, { ...made, query: [...rest, query].join('&') });
        expect([query, answer.status, answer.code]).toEqual([query, 400, code]);
        isProblem(answer);
      }
      for (const part of (made.query ?? '')
        .split('&')
        .filter((one) => one !== '' && !/^(search|value|tag|reason|limit)=/.test(one))) {
        const [name = ''] = part.split('=');
        const query = (made.query ?? '').replace(part, `${name}=Nonsense`);
        const answer = await call(route, who, { ...made, query });
        expect([query, answer.status, answer.code]).toEqual([query, 400, 'invalid-request']);
      }
      for (const name of ['search', 'value'].filter((one) => (made.query ?? '').includes(`${one}=`))) {
        const query = (made.query ?? '').replace(new RegExp(`${name}=[^&]*`), `${name}=${'x'.repeat(400)}`);
        const answer = await call(route, who, { ...made, query });
        expect([name, answer.status, answer.code]).toEqual([name, 400, 'invalid-request']);
      }
    });
  });

  it('a cursor of another list, other filters or another reader', async () => {
    for (let n = 0; n < 3; n++) await town.customer();
    const { nextCursor } = (await door.get('agent', '/v1/conversations?limit=1')).body;
    expect(nextCursor).toEqual(expect.any(String));
    for (const [who, path] of [
      ['agent', '/v1/conversations?limit=1&view=mine'],
      ['agent', '/v1/conversations?limit=1&status=open'],
      ['colleague', '/v1/conversations?limit=1'],
      ['agent', '/v1/contacts?limit=1'],
      ['agent', '/v1/blocked-contacts?limit=1'],
      ['agent', '/v1/staff?limit=1'],
    ] as const) {
      refusedWith(await door.get(who, `${path}&cursor=${nextCursor as string}`), 400, 'cursor-invalid');
    }
    expect((await door.get('agent', `/v1/conversations?limit=1&cursor=${nextCursor as string}`)).status).toBe(200);
  });

  it('addresses that are none, kinds that do not fit, and pasts that are none', async () => {
    const { contactId } = await town.contact();
    const before = await door.stored();
    const value = async (body: Json): Promise<Answer> => door.call('integration', 'POST', '/v1/messages/inbound', body);
    const inbound = (channel: string, kind: string, address: string): Json => ({
      channel,
      from: { kind, value: address },
      providerMessageId: 'p',
      content: { text: 't' },
    });
    for (const [body, path] of [
      [inbound('whatsapp', 'phone', '123'), 'from.value'],
      [inbound('whatsapp', 'phone', 'not a phone'), 'from.value'],
      [inbound('email', 'email', 'nobody'), 'from.value'],
      [inbound('email', 'phone', '+5511987650001'), 'from.kind'],
      [inbound('telegram', 'whatsapp', '+5511987650001'), 'from.kind'],
      [inbound('sms', 'whatsapp', '+5511987650001'), 'from.kind'],
    ] as const) {
      const answer = await value(body);
      refusedWith(answer, 400, 'invalid-request');
      expect(answer.body.errors).toMatchObject([{ path }]);
    }
    const registered = await door.call('agent', 'POST', '/v1/contacts', {
      displayName: 'A',
      identities: [
        { kind: 'phone', value: '+5511987650001' },
        { kind: 'phone', value: '12' },
      ],
    });
    refusedWith(registered, 400, 'invalid-request');
    expect(registered.body.errors).toMatchObject([{ path: 'identities[1].value' }]);
    refusedWith(
      await door.call('agent', 'POST', `/v1/contacts/${contactId}/identities`, { kind: 'email', value: '@' }),
      400,
      'invalid-request',
    );
    const verdict = await door.call('integration', 'POST', '/v1/block-filter/check', [
      { channel: 'sms', kind: 'phone', value: '7' },
    ]);
    refusedWith(verdict, 400, 'invalid-request');
    const many = Array.from({ length: 10_001 }, () => ({ channel: 'sms', kind: 'phone', value: '+5511987650001' }));
    refusedWith(await door.call('integration', 'POST', '/v1/block-filter/check', many), 400, 'invalid-request');
    expect(await door.stored()).toBe(before);
    await town.set('block.allowExpiry', true);
    const past = await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, {
      confirm: true,
      expiresAt: '2026-03-01T00:00:00Z',
    });
    refusedWith(past, 400, 'invalid-request');
    expect(past.body.errors).toMatchObject([{ path: 'expiresAt' }]);
  });

  it('settings that are none, values that they do not take, and staff ids that are taken', async () => {
    const before = await door.stored();
    for (const [key, value] of [
      ['block.unblockBy', 'everybody'],
      ['block.unblockBy', null],
      ['block.unblockBy', { a: 1 }],
      ['block.reason', 7],
      ['block.requireConfirm', 'true'],
      ['region.default', 'Brasil'],
      ['block.unblockBy', 'x'.repeat(10_000)],
    ] as readonly (readonly [string, unknown])[]) {
      const answer = await door.call('admin', 'PUT', `/v1/settings/${key}`, { value });
      expect([key, value, answer.status, answer.code]).toEqual([key, value, 422, 'setting-value-refused']);
    }
    for (const body of [{}, { value: 'admin', surplus: 1 }, []])
      refusedWith(await door.call('admin', 'PUT', '/v1/settings/block.unblockBy', body), 400, 'invalid-request');
    for (const key of ['nothing', '__proto__', 'constructor', 'toString'])
      refusedWith(await door.call('admin', 'PUT', `/v1/settings/${key}`, { value: 1 }), 404, 'setting-unknown');
    refusedWith(
      await door.call('admin', 'POST', '/v1/staff', {
        staffId: 'ana',
        name: 'A',
        role: 'admin',
        conversationAccess: 'all',
      }),
      409,
      'staff-exists',
    );
    refusedWith(await door.call('ops', 'POST', '/v1/ops/projections/nothing/rebuild', {}), 404, 'not-found');
    expect(await door.stored()).toBe(before);
  });

  it('whatever JSON comes, no route breaks', async () => {
    for (const route of withBody.filter((one) => !lines(one))) {
      const made = await route.make(town);
      const keys = Object.keys((Array.isArray(made.body) ? made.body[0] : made.body) as object);
      const body = fc.oneof(
        fc.jsonValue({ maxDepth: 3 }),
        fc.dictionary(fc.constantFrom(...keys, 'x'), fc.jsonValue({ maxDepth: 2 })),
        fc.array(fc.dictionary(fc.constantFrom(...keys, 'x'), fc.jsonValue({ maxDepth: 2 })), { maxLength: 2 }),
      );
      for (const wrong of fc.sample(body, { numRuns: 12, seed: 7 })) {
        const answer = await call(route, able(route), { ...made, body: JSON.stringify(wrong) });
        expect([route.route, JSON.stringify(wrong), answer.status < 500]).toEqual([
          route.route,
          JSON.stringify(wrong),
          true,
        ]);
      }
    }
  });
});
