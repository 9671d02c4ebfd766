// What operators do from a shell, against the whole application.
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { answerOf, type Schemas } from '#client';
import { runChild, runHere, type Line, type Variables } from '../ops/command-line.js';
import { clock, NOWHERE, openDoor, tokenOf, type Door } from './door.js';
import { townOf } from './town.js';

let door: Door;
let ops: Variables;
beforeAll(async () => {
  clock.start(new Date().toISOString());
  door = await openDoor();
  const town = townOf(door);
  for (const text of ['Oi', 'Olá']) await town.customer().then(({ phone }) => town.writes(phone, text));
  ops = { PORTARIA_URL: door.base, PORTARIA_TOKEN: await tokenOf('ops') };
});
afterAll(async () => {
  await door.close();
  clock.stop();
});

const idIn = (text: string): string => /[0-9a-f-]{36}/.exec(text)?.[0] ?? '';
type Row = Schemas['ProjectionAnswer'];
const rowsOf = async (): Promise<readonly Row[]> =>
  (await answerOf(door.as('ops').GET('/v1/ops/projections'))).body.items;
const namesOf = (rows: readonly Row[]): readonly string[] => rows.map(({ name }) => name);
const phaseOf = async (rebuildId: string): Promise<string> =>
  (await answerOf(door.as('ops').GET('/v1/ops/rebuilds/{id}', { params: { path: { id: rebuildId } } }))).body.phase;
const reaches = async (rebuildId: string, phase: string): Promise<void> => {
  while ((await phaseOf(rebuildId)) !== phase) await new Promise((resolve) => setTimeout(resolve, 10));
};
/** One that waits to be promoted. */
const ready = async (name: string): Promise<string> => {
  const { code, out } = await runHere(ops, ['rebuild', name, '--no-promote']);
  expect(code).toBe(0);
  await reaches(idIn(out), 'ready');
  return idIn(out);
};

describe('projections', () => {
  it('is a table of all read models', async () => {
    while ((await rowsOf()).some(({ lagEvents }) => lagEvents !== 0)) await new Promise((go) => setTimeout(go, 20));
    const { code, out, err } = await runHere(ops, ['projections']);
    expect([code, err]).toEqual([0, '']);
    const [head, ...rows] = out.trimEnd().split('\n');
    expect(head).toMatch(/^READ MODEL +VERSION +STATE +BEHIND/);
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.find((row) => row.startsWith('inbox '))).toMatch(/^inbox +4 +live +level +0 +0 +1$/);
  });

  it('gives programs what the API answers', async () => {
    const { lines, last } = await runHere(ops, ['projections', '--json']);
    expect(lines()).toEqual([{ command: 'projections', ok: true, exitCode: 0, result: { items: expect.any(Array) } }]);
    expect(namesOf(last().result.items as Row[])).toEqual(namesOf(await rowsOf()));
  });

  it('draws the table anew on a terminal, over the one before', async () => {
    const twice = (out: string): boolean => out.split('READ MODEL').length === 3;
    const { code, out } = await runHere(ops, ['projections', '--watch'], twice, true);
    expect(code).toBe(0);
    const height = out.split('READ MODEL')[1]?.split('\n').length ?? 0;
    expect(out).toContain(`\u001b[${String(height - 1)}A\u001b[J`);
  });

  it('writes a line for each read model and each change off a terminal', async () => {
    const live = (out: string): boolean => /read_markers .*generation 2/.test(out);
    const watching = runHere(ops, ['projections', '--watch'], live);
    await door.rebuild('read_markers');
    const { out } = await watching;
    expect(out).not.toContain('\u001b');
    expect(out).toMatch(/^read_markers version 1: live, generation 1, level/m);
    expect(out).toMatch(/^read_markers version 1: live, generation 2, level/m);
    expect(out.match(/^staff version/gm)).toHaveLength(1);
  });
});

describe('rebuild', () => {
  it('says what it would cost and builds nothing', async () => {
    const before = (await rowsOf()).map(({ generation }) => generation);
    const { code, out, last } = await runHere(ops, ['rebuild', 'inbox', '--dry-run', '--json']);
    expect([code, out.includes('rebuildId')]).toEqual([0, false]);
    expect(last().result).toMatchObject({ events: expect.any(Number), rows: 2 });
    expect((await rowsOf()).map(({ generation }) => generation)).toEqual(before);
  });

  it('goes on without a watcher', async () => {
    const { code, out } = await runHere(ops, ['rebuild', 'inbox']);
    expect(code).toBe(0);
    expect(out).toMatch(/^rebuild [0-9a-f-]{36} runs; watch it with: portaria-ops rebuild inbox --watch\n$/);
    await reaches(idIn(out), 'done');
  });

  it('watched to its end says what became of it, in lines', async () => {
    const { code, out } = await runHere(ops, ['rebuild', 'all', '--watch']);
    expect(code).toBe(0);
    expect(out).not.toContain('\u001b');
    expect(out.trimEnd().split('\n').at(-1)).toMatch(
      /^rebuild [0-9a-f-]{36} is done: \d+ read models built anew from [\d,]+ facts, [\d,]+ rows, equal to the live ones, content hash [0-9a-f]{64}$/,
    );
    const { last } = await runHere(ops, ['rebuild', 'outbound', '--watch', '--json']);
    expect(last()).toMatchObject({ ok: true, result: { phase: 'done', result: { equal: true } } });
  });

  it('waits to be promoted if asked to, and goes live then', async () => {
    const id = await ready('timeline');
    const { out } = await runHere(ops, ['rebuild', 'timeline', '--no-promote', '--watch']);
    expect(out).toContain(`portaria-ops promote ${id} lets it go live`);
    const promoted = await runHere(ops, ['promote', id]);
    expect([promoted.code, promoted.out]).toEqual([0, expect.stringContaining(id)]);
    await reaches(id, 'done');
    const late = await runHere(ops, ['abort', id, '--json']);
    expect([late.code, late.err]).toEqual([
      3,
      expect.stringMatching(/cannot be done as things stand: nothing was done/),
    ]);
    expect(late.last().error.code).toBe('projection-state');
  });

  it('is paused, goes on, and is aborted', async () => {
    const id = await ready('contact_card');
    for (const [verb, said] of [
      ['pause', 'stands still (paused in '],
      ['resume', 'goes on ('],
      ['abort', 'is aborted ('],
    ] as const) {
      const { code, out } = await runHere(ops, [verb, id]);
      expect([code, out]).toEqual([0, expect.stringContaining(`rebuild ${id} ${said}`)]);
    }
    expect(await phaseOf(id)).toBe('aborted');
  });

  it('is rolled back to what stood by', async () => {
    await door.rebuild('staff');
    const { code, out } = await runHere(ops, ['rollback', 'staff']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^generation \d+ of staff answers queries again\n$/)]);
  });
});

describe('compare', () => {
  it('says that a fresh fold has the same rows', async () => {
    const { code, out } = await runHere(ops, ['compare', 'blocked_contacts']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^blocked_contacts: a fresh fold has 0 rows, equal to/)]);
  });
});

describe('refusals', () => {
  it.each([
    [3, 'not-found', ['rebuild', 'nothing-of-this-name'], /nothing was done.*portaria-ops projections/],
    [3, 'not-found', ['promote', NOWHERE], /nothing was done/],
    [3, 'not-found', ['pause', 'no-id-at-all'], /nothing was done/],
    [2, 'usage', ['rebuild'], /missing required argument/],
    [2, 'usage', ['projections', '--whatever'], /unknown option/],
    [2, 'usage', ['deploy'], /unknown command/],
  ] as const)('exit code %s, %s: %j', async (exitCode, code, words, sentence) => {
    const { code: exit, err, lines } = await runHere(ops, [...words, '--json']);
    expect([exit, err]).toEqual([exitCode, expect.stringMatching(sentence)]);
    expect(lines()).toEqual([
      { command: words[0], ok: false, exitCode, error: { code, message: expect.stringMatching(sentence) } },
    ]);
  });

  it('say whose token is needed', async () => {
    const asked = async (variables: Variables, ...words: string[]) => runHere({ ...ops, ...variables }, words);
    const agent = await asked({ PORTARIA_TOKEN: await tokenOf('agent') }, 'projections');
    expect([agent.code, agent.err]).toEqual([3, expect.stringMatching(/role ops/)]);
    const auditor = { PORTARIA_TOKEN: await tokenOf('auditor') };
    expect((await asked(auditor, 'projections')).code).toBe(0);
    expect((await asked(auditor, 'rebuild', 'inbox')).err).toMatch(/one of the role auditor may only look/);
    const stranger = await asked({ PORTARIA_TOKEN: 'a.b.c' }, 'projections');
    expect([stranger.code, stranger.err]).toEqual([3, expect.stringMatching(/does not accept the token/)]);
    const nobody = await runHere({ PORTARIA_URL: door.base }, ['projections']);
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringMatching(/PORTARIA_TOKEN is not set/)]);
    const mistaken = await asked({ PORTARIA_URL: 'portaria', PORTARIA_TOKEN: 'secret' }, 'projections');
    expect([mistaken.code, mistaken.err]).toEqual([
      1,
      expect.stringMatching(/PORTARIA_URL must[^]*PORTARIA_TOKEN must/),
    ]);
    expect(mistaken.err).not.toContain('secret');
  });
});

describe('a server that does not do it', () => {
  let busy: Server;
  let asked = 0;
  let until = 0;
  beforeAll(async () => {
    busy = createServer((request, response) => {
      request.resume();
      asked += 1;
      const headers = { 'content-type': 'application/problem+json', 'retry-after': asked < until ? '0' : '3600' };
      response.writeHead(503, headers);
      response.end(JSON.stringify({ code: 'store-unavailable', detail: 'The log is away.' }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => busy.once('listening', resolve));
  });
  afterAll(() => {
    busy.close();
  });
  const url = (): string => `http://127.0.0.1:${String((busy.address() as AddressInfo).port)}`;

  it('is asked again while it says when, and then tells how long to wait', async () => {
    [asked, until] = [0, 4];
    const { code, err } = await runHere({ ...ops, PORTARIA_URL: url() }, ['rebuild', 'inbox']);
    expect([code, err, asked]).toEqual([
      3,
      'The server cannot do this now: nothing is lost (The log is away). Try again in 3600 s.\n',
      4,
    ]);
  });

  it('is told from one that is not there', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => gone.once('listening', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const { code, err, last } = await runHere({ ...ops, PORTARIA_URL: `http://127.0.0.1:${String(port)}` }, [
      'projections',
      '--json',
    ]);
    expect([code, err]).toEqual([1, expect.stringMatching(/No Portaria answers: .*ECONNREFUSED.*PORTARIA_URL right/)]);
    expect(last().error.code).toBe('unreachable');
  });
});

describe('as a process of its own', () => {
  it('ends with the code, and keeps answers and complaints apart', async () => {
    const done = await runChild(ops, ['projections']);
    expect([done.code, done.out, done.err]).toEqual([0, expect.stringMatching(/^READ MODEL/), '']);
    expect(done.out).not.toContain('\u001b');
    const refused = await runChild(ops, ['rebuild', 'nothing-of-this-name']);
    expect([refused.code, refused.out, refused.err]).toEqual([3, '', expect.stringMatching(/nothing was done/)]);
    expect(await runChild(ops, ['nonsense'])).toMatchObject({ code: 2, out: '' });
    expect(await runChild({}, ['projections'])).toMatchObject({ code: 1, out: '' });
    const rebuilt = await runChild(ops, ['rebuild', 'inbox', '--watch', '--json']);
    expect([rebuilt.code, rebuilt.last().result.phase]).toEqual([0, 'done']);
  }, 60_000);

  it('explains every command with an example', async () => {
    const { out } = await runHere({}, ['--help']);
    const names = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names.filter((one) => one !== 'help')) {
      const help = await runHere({}, [name, '--help']);
      expect([name, help.code, help.out]).toEqual([name, 0, expect.stringMatching(/Examples?:\n {2}.*portaria-ops/)]);
    }
  });
});

describe('parked', () => {
  const conversationId = randomUUID();
  const stream = `conversation-acme.${conversationId}`;
  const parked = async (): Promise<readonly Line['result'][]> =>
    (await runHere(ops, ['parked', 'list', 'outbound', '--json'])).last().result.items as readonly Line['result'][];

  beforeAll(async () => {
    expect((await runHere(ops, ['parked', 'list'])).out).toBe('nothing is parked\n');
    // Nothing of ours writes such a fact: it names no tenant.
    const id = uuidv7();
    const metadata = { tenant: '', commandId: id, schemaVersion: '1', $correlationId: id, $causationId: id };
    const fact = { id, type: 'MessageCancelled', schemaVersion: 1, data: {}, metadata: metadata as never };
    await door.gatehouse.stores.store.append(stream, 'no_stream', [fact]);
    while ((await parked()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('is listed and shown, with where it stands and what to do', async () => {
    const { code, out } = await runHere(ops, ['parked', 'list']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^READ MODEL +SEQUENCE/)]);
    expect(out).toMatch(new RegExp(`^outbound +[0-9a-f]{32} .*${conversationId}`, 'm'));
    const [{ sequence, firstEventId }] = (await parked()) as [{ sequence: string; firstEventId: string }];
    const shown = await runHere(ops, ['parked', 'show', 'outbound', sequence]);
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining(firstEventId)]);
    expect(shown.out).toContain(`portaria-ops parked retry outbound ${sequence}`);
    const none = await runHere(ops, ['parked', 'show', 'outbound', 'f'.repeat(32)]);
    expect([none.code, none.err]).toEqual([3, expect.stringMatching(/Nothing of outbound is parked under f+: /)]);
    expect((await runHere(ops, ['parked', 'list', 'nothing-of-this-name'])).code).toBe(3);
  });

  it('ends a rebuild that was not told to park', async () => {
    const failed = await runHere(ops, ['rebuild', 'outbound', '--watch', '--json']);
    expect([failed.code, failed.err]).toEqual([
      3,
      expect.stringMatching(/failed \(.+\): what was live before is still live/),
    ]);
    expect(failed.last()).toMatchObject({ ok: false, error: { code: 'failed' }, result: { phase: 'failed' } });
    const { code, last } = await runHere(ops, ['rebuild', 'outbound', '--park', '--watch', '--json']);
    expect([code, last().result.phase]).toEqual([0, 'done']);
  });

  it('stays parked when it is retried and fails again, and is discarded with a reason only', async () => {
    const retried = await runHere(ops, ['parked', 'retry', 'outbound', 'all', '--json']);
    expect([retried.code, retried.last().error]).toEqual([
      3,
      {
        code: 'still-parked',
        message: expect.stringMatching(/0 events of outbound are folded, 1 stay parked.*nothing is lost/),
      },
    ]);
    const [{ sequence }] = (await parked()) as [{ sequence: string }];
    expect(await runHere(ops, ['parked', 'discard', 'outbound', sequence])).toMatchObject({ code: 2 });
    const { code, out } = await runHere(ops, [
      'parked',
      'discard',
      'outbound',
      sequence,
      '--reason',
      'written by hand',
    ]);
    expect([code, out]).toEqual([0, expect.stringMatching(/of outbound are folded, none is left\n$/)]);
    expect(await parked()).toEqual([]);
    expect((await door.facts()).at(-1)).toMatchObject({
      type: 'ParkedEventDiscarded',
      data: expect.objectContaining({ reason: 'written by hand' }),
    });
  });
});
