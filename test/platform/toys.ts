import { Body, Controller, Delete, Get, Module, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SignJWT } from 'jose';
import type { Position } from '#kernel';
import {
  Allow,
  Answers,
  check,
  commandMetadata,
  consistencyOf,
  CurrentCaller,
  createHttpApp,
  Flag,
  ListOf,
  ListQuery,
  Ndjson,
  OneOf,
  parseJson,
  problem,
  Public,
  QueryFlag,
  readConfiguration,
  rejectionToProblem,
  runOptions,
  sendCommand,
  sendQuery,
  Shown,
  StaffDirectory,
  TenantSecrets,
  Text,
  Time,
  UuidParam,
  Uuid,
  type Identity,
  type StaffRecord,
} from '#platform';

// An application of toys behind the whole platform, and a client for it: what the routes of every room can rely on.

export const SECRET = 'a secret of at least thirty-two bytes';
const KEY = Buffer.alloc(32, 7).toString('base64');
export const ID = '0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11';
export const TOKEN = { logId: 'log', position: '7' as Position };

class Part {
  @OneOf(['phone', 'email']) kind!: string;
  @Text(10) value!: string;
}
class Toy {
  @Text(20) name!: string;
  @Flag({ optional: true }) confirm?: boolean;
  @ListOf(Part, 3, { optional: true }) parts?: Part[];
  @Time({ optional: true, nullable: true }) until?: string | null;
  @Uuid({ optional: true, list: 2 }) ids?: string[];
}
class ToyQuery extends ListQuery {
  @QueryFlag() blocked?: boolean;
}
class ToyAnswer {
  @Shown('string') name!: string;
}

@Controller('v1/toys')
class ToyController {
  @Post()
  @Allow('agent', 'supervisor', 'admin')
  @Answers(201, ToyAnswer)
  async make(@Body() body: Toy, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const metadata = await commandMetadata(request);
    return sendCommand(reply, {
      status: 201,
      revision: 3,
      token: TOKEN,
      body: { body, metadata, ...runOptions(request) },
    });
  }

  @Get()
  @Allow('agent', 'integration')
  @Answers(200, ToyAnswer)
  list(@Query() query: ToyQuery, @Res({ passthrough: true }) reply: FastifyReply) {
    return sendQuery(reply, {
      token: TOKEN,
      body: { limit: query.limit, blocked: query.blocked, ...consistencyOf(query) },
    });
  }

  @Get('who')
  @Allow('agent', 'supervisor', 'admin', 'integration', 'auditor', 'ops')
  @Answers(200, ToyAnswer)
  who(@CurrentCaller() identity: Identity) {
    return identity;
  }

  @Post('lines')
  @Allow('integration')
  @Ndjson()
  @Answers(200, 'application/x-ndjson')
  lines(@Body() lines: readonly string[], @Res({ passthrough: true }) reply: FastifyReply) {
    return sendQuery(reply, { body: lines.map((line) => check(Part, parseJson(line)).kind) });
  }

  @Get('forgotten')
  forgotten() {
    return 'secret';
  }

  @Get('refused')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  refused() {
    throw rejectionToProblem({ rejected: 'consent-missing', detail: { reasons: ['consent-unset'], status: 1 } });
  }

  @Get('broken')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  broken() {
    throw new Error('+55 11 99999-0000 is in this text');
  }

  @Get('busy')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  busy() {
    throw Object.assign(new Error('too many writers'), { name: 'Busy' });
  }

  @Get('open')
  @Public()
  @Answers(200, ToyAnswer)
  open() {
    return { name: 'open' };
  }

  @Delete(':id')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  remove(@Param('id', UuidParam) id: string) {
    if (id !== ID) throw problem('not-found');
    return { id };
  }
}

class Staff extends StaffDirectory {
  override find(_tenant: string, id: string): Promise<StaffRecord | null> {
    const of = (role: StaffRecord['role'], active = true): StaffRecord => ({ role, access: 'assigned_only', active });
    const records: Record<string, StaffRecord> = {
      ana: of('agent'),
      sam: of('supervisor'),
      gone: of('admin', false),
    };
    return Promise.resolve(records[id] ?? null);
  }
}

@Module({
  controllers: [ToyController],
  providers: [
    { provide: StaffDirectory, useClass: Staff },
    { provide: TenantSecrets, useValue: { secretOf: () => Promise.resolve(Buffer.alloc(32, 1)) } },
  ],
})
export class ToyModule {}

export const settings = {
  NODE_ENV: 'test',
  AUTH_JWT_SECRET: SECRET,
  KEY_ENCRYPTION_KEY: KEY,
  LOG_LEVEL: 'silent',
  LOG_FORMAT: 'json',
};

export const token = (claims: Record<string, unknown> = {}, secret = SECRET): Promise<string> =>
  new SignJWT({ sub: 'ana', tenant: 'acme', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));

let app: NestFastifyApplication;
let base: string;
let agent: string;

/** Starts the toys on a free port; `call` and `post` talk to them, as the agent `ana` unless another bearer is given. */
export const startToys = async (): Promise<void> => {
  app = await createHttpApp(ToyModule, { configuration: readConfiguration(settings) });
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
  agent = await token();
};
export const stopToys = (): Promise<void> => app.close();
export const address = (): URL => new URL(base);

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

export const call = async (path: string, init: RequestInit & { bearer?: string | null } = {}): Promise<Answer> => {
  const { bearer = agent, headers, ...rest } = init;
  const response = await fetch(`${base}${path}`, {
    ...rest,
    headers: {
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      ...(headers as Record<string, string>),
    },
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: (json ? JSON.parse(text) : { text }) as Record<string, unknown>,
  };
};
export const post = (body: unknown, headers: Record<string, string> = {}, bearer?: string | null): Promise<Answer> =>
  call('/v1/toys', {
    method: 'POST',
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
    ...(bearer === undefined ? {} : { bearer }),
  });
export const refusal = ({ status, body }: Answer): readonly unknown[] => [status, body['code']];
