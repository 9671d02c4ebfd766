import { Controller, Get, Module, Req, Res, type OnApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Answers, createHttpApp, Public, readConfiguration, runMain, StaffDirectory, TenantSecrets } from '#platform';

// Started as a process of its own by draining.spec.ts.

@Controller()
class SlowController {
  @Get('slow')
  @Public()
  @Answers(200, 'text/plain')
  async slow(): Promise<string> {
    process.stdout.write('slow began\n');
    await new Promise((resolve) => setTimeout(resolve, 700));
    return 'whole';
  }

  @Get('stream')
  @Public()
  @Answers(200, 'text/event-stream')
  stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write(': open\n\n');
    request.server.platform.closing.addEventListener('abort', () => reply.raw.end('event: closing\n\n'));
  }

  /** A stream that does not listen to the signal. */
  @Get('stubborn')
  @Public()
  @Answers(200, 'text/event-stream')
  stubborn(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write(': open\n\n');
  }
}

class Store implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    process.stdout.write('store closed\n');
  }
}

@Module({
  controllers: [SlowController],
  providers: [
    Store,
    { provide: StaffDirectory, useValue: { find: () => Promise.resolve(null) } },
    { provide: TenantSecrets, useValue: {} },
  ],
})
class SlowModule {}

await runMain(async () => {
  const app = await createHttpApp(SlowModule, { configuration: readConfiguration(), signals: true });
  await app.listen(0, '127.0.0.1');
  process.stdout.write(`listening ${await app.getUrl()}\n`);
});
