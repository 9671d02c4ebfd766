// Bytes that no honest client sends: over a socket, since a client's library would refuse to.
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp, readConfiguration } from '#platform';
import { openWorld, type World } from '../fuzz/world.js';
import { settings, ToyModule } from '../platform/toys.js';

let world: World;
let token: string;
beforeAll(async () => {
  world = await openWorld();
  token = (await world.tokenOf('founder', 'acme')) ?? '';
});
afterAll(() => world.close());

/** All that comes back until the other side closes, or says nothing more for a moment. */
const answered = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('end', done).on('close', done).on('error', done);
    socket.setTimeout(1_500, done);
  });
const say = (bytes: string | Buffer): Promise<string> => {
  const socket = connect(world.port, '127.0.0.1');
  socket.write(bytes);
  return answered(socket);
};
const request = (head: string, body = ''): string =>
  `${head}\r\nHost: a\r\n${head.includes('\nConnection:') ? '' : 'Connection: close\r\n'}Authorization: Bearer ${token}\r\n${body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json\r\n`}\r\n${body}`;
const statuses = (text: string): readonly string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);
const logged = (): readonly string[] => {
  const lines = world.takeLog();
  for (const line of lines) {
    expect(line.trimEnd()).not.toMatch(/[\n\r]/);
    expect(typeof JSON.parse(line)).toBe('object');
  }
  return lines;
};

describe('a header', () => {
  const forged = '{"level":60,"msg":"forged"}';
  it.each([
    ['a line break in the correlation id', `GET /v1/contacts HTTP/1.1\r\nX-Correlation-Id: a\r\n ${forged}`, '400'],
    ['a bare line feed', `GET /v1/contacts HTTP/1.1\r\nX-Correlation-Id: a\n${forged}`, '400'],
    ['a bare carriage return', `GET /v1/contacts HTTP/1.1\r\nUser-Agent: a\r${forged}`, '400'],
    ['U+0000', `GET /v1/contacts HTTP/1.1\r\nUser-Agent: a\u0000b`, '400'],
    ['JSON in the user agent', `GET /v1/contacts HTTP/1.1\r\nUser-Agent: ${forged}`, '200'],
    ['JSON in the correlation id', `GET /v1/contacts HTTP/1.1\r\nX-Correlation-Id: ${forged}`, '200'],
    ['a traceparent of another form', `GET /v1/contacts HTTP/1.1\r\nTraceparent: ${forged}`, '200'],
    ['line breaks in the path', `GET /v1/contacts/%0d%0a${encodeURIComponent(forged)} HTTP/1.1`, '404'],
    ['line breaks in the query', `GET /v1/contacts?search=%0d%0a${encodeURIComponent(forged)} HTTP/1.1`, '200'],
    ['16 KiB and more', `GET /v1/contacts HTTP/1.1\r\nX-Long: ${'a'.repeat(20_000)}`, '400'],
    ['two lengths', `POST /v1/contacts HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 20`, '400'],
    ['a length and chunks', `POST /v1/contacts HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked`, '400'],
    ['chunks in another spelling', `POST /v1/contacts HTTP/1.1\r\nTransfer-Encoding: xchunked`, '400'],
  ])('with %s makes no line of the log and no header of the answer', async (_name, head, status) => {
    logged();
    const answer = await say(request(head));
    expect(statuses(answer)[0]).toBe(status);
    expect(answer.split('\r\n\r\n')[0]).not.toContain('forged');
    expect(logged().join('')).not.toContain('forged');
  });

  it('in thousands is cut off', async () => {
    expect(statuses(await say(request(`GET /v1/contacts HTTP/1.1\r\n${'a: b\r\n'.repeat(5_000)}c: d`)))).toEqual([
      '400',
    ]);
  });
});

describe('an address', () => {
  it.each([
    ['a long one', `/v1/contacts?search=${'a'.repeat(15_000)}`, ['400']],
    ['a segment that is too long', `/v1/contacts/${'a'.repeat(5_000)}`, ['404']],
    ['one of another folder', '/docs/../../../../etc/passwd', ['404']],
    ['the same in code', '/docs/%2e%2e%2f%2e%2e%2fpackage.json', ['404']],
    ['an absolute one', 'http://169.254.169.254/latest/meta-data', ['404']],
    ['with a name and a password', '//user:pass@example.org/v1/contacts', ['404']],
  ])('that leads nowhere is refused: %s', async (_name, path, expected) => {
    const answer = await say(request(`GET ${path} HTTP/1.1\r\nConnection: close`));
    expect(statuses(answer)).toEqual(expected);
  });
});

describe('a body', () => {
  const post = async (body: string | Buffer, headers: Record<string, string> = {}) =>
    world.send({
      method: 'POST',
      path: '/v1/contacts',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body,
    });

  it.each(['gzip', 'deflate', 'br', 'zstd'])('that is compressed with %s is not unpacked', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    const began = process.memoryUsage().rss;
    const { status } = await post(bomb, { 'content-encoding': encoding });
    expect(status).toBe(415);
    expect(process.memoryUsage().rss - began).toBeLessThan(48 * 1024 * 1024);
  });

  it('that calls itself identity is read', async () => {
    expect((await post('{"displayName":"Ada"}', { 'content-encoding': 'identity' })).status).toBe(201);
  });

  it('with a key twice means the last for all who look at it', async () => {
    expect((await post('{"displayName":"Ada","displayName":7}')).status).toBe(400);
    expect((await post('{"displayName":7,"displayName":"Ada"}')).status).toBe(201);
  });

  it.each([0, 1, 2, 3, 8])('that reaches for a prototype %s deep changes none', async (depth) => {
    for (const key of ['__proto__', 'constructor']) {
      const inner = `{"${key}":{"polluted":true,"prototype":{"polluted":true}}}`;
      const body = '{"identities":['.repeat(depth) + inner + ']}'.repeat(depth);
      expect((await post(body)).status).toBe(400);
      expect((await post(`{"displayName":"Ada",${inner.slice(1)}`)).status).toBe(400);
    }
    // Names of a prototype's fields are unknown fields, and never more.
    for (const key of ['prototype', '__defineGetter__', 'toString', 'hasOwnProperty']) {
      const body = '{"value":{'.repeat(depth) + `"${key}":{"polluted":true}` + '}}'.repeat(depth);
      await post(depth === 0 ? `{${body}}` : body);
    }
    const query = '__proto__[polluted]=1&constructor.prototype.polluted=1&__proto__.polluted=1';
    await say(request(`GET /v1/contacts?${query} HTTP/1.1\r\nConnection: close`));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('of a request that was refused is no request of its own', async () => {
    const hidden = `GET /v1/settings HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const refused = request('POST /v1/contacts HTTP/1.1\r\nConnection: keep-alive', hidden).replace(
      `Bearer ${token}\r\nContent-Length`,
      'Bearer none\r\nContent-Length',
    );
    const behind = request('GET /health/live HTTP/1.1\r\nConnection: close');
    const answer = await say(refused + behind);
    expect(statuses(answer)[0]).toBe('401');
    expect(statuses(answer).slice(1)).toEqual(['200']);
    expect(answer).not.toContain('"items"');
  });

  it('that is no HTTP ends the connection: nothing behind it is looked at', async () => {
    const answer = await say(`rubbish\r\n\r\n${request('GET /health/live HTTP/1.1')}`);
    expect(statuses(answer)).toEqual(['400']);
  });
});

describe('a client that is slow on purpose', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await createHttpApp(ToyModule, { configuration: readConfiguration(settings), requestMs: 1_200 });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it.each([
    ['headers', 'POST /v1/toys HTTP/1.1\r\nHost: a\r\nX-Slow: '],
    ['body', 'POST /v1/toys HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n'],
  ])('is cut off while it sends its %s byte by byte', async (_name, head) => {
    const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
    const began = performance.now();
    socket.write(head);
    const drip = setInterval(() => socket.write('a'), 50);
    const answer = await answered(socket);
    clearInterval(drip);
    // Without a token a body is refused before it is read; its bytes are cut off all the same.
    expect(statuses(answer).every((status) => ['400', '401', '408'].includes(status))).toBe(true);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(socket.destroyed).toBe(true);
  });

  it('is given a minute as a rule', async () => {
    const usual = await createHttpApp(ToyModule, { configuration: readConfiguration(settings) });
    const { requestTimeout, headersTimeout } = usual.getHttpServer() as {
      requestTimeout: number;
      headersTimeout: number;
    };
    await usual.close();
    expect([requestTimeout, headersTimeout <= requestTimeout]).toEqual([60_000, true]);
  });
});
