import { EventStoreDBClient } from '@eventstore/db-client';
import type { ConnectionSettings } from './connection-settings.js';
import { tamed } from './batch-stream.js';
import { within } from './within.js';

/** Calls end at once when they are cancelled; a close must not hang where one does not. */
const endMs = 2_000;

/**
 * The deadline of an append that has none but ours and the server's own. The client sends a time of day, which the server compares
 * with its clock: any other would refuse every append of a machine whose clock is that much behind.
 */
export const noDeadline = Number.MAX_SAFE_INTEGER;
const never = new Date('9999-12-31T23:59:59Z');

type Channel = Awaited<ReturnType<ServerClient['getChannel']>>;

/**
 * The client, with what it leaves open: no unhandled rejection from its reconnecting, a batch call that cannot end the process, and an end after which nothing that still waits inside it can be sent.
 */
export class ServerClient extends EventStoreDBClient {
  private ended = false;
  private channel: Channel | null = null;

  constructor(settings: ConnectionSettings) {
    super(...clientArguments(settings));
    const getChannel = this.getChannel;
    this.getChannel = async () => {
      if (this.ended) throw new Error('the connection was ended');
      const channel = await getChannel();
      this.channel = channel;
      if (this.hasEnded()) {
        channel.close();
        throw new Error('the connection was ended');
      }
      return channel;
    };
    const streamCreator = this.GRPCStreamCreator;
    this.GRPCStreamCreator = (Client, debugName, creator, cache) =>
      streamCreator(
        Client,
        debugName,
        async (client) => {
          const call = await creator(client);
          return debugName === 'appendToStream' ? tamed(call) : call;
        },
        cache,
      );
    const handleError = this.handleError;
    this.handleError = (client, error) => handleError(client, error).catch(() => undefined);
  }

  /** As the server names it (`23.10.8`), `unknown` if it cannot say. */
  async serverVersion(): Promise<string> {
    return (await this.capabilities).serverVersion;
  }

  /** Breaks off every stream, waits until each has told its listeners, and closes the connection (`dispose` alone leaves it open). */
  async end(): Promise<void> {
    this.ended = true;
    await within(endMs, this.dispose(), () => new Error('a call does not end')).catch(() => undefined);
    this.channel?.close();
  }

  protected override createDeadline(deadline?: number): Date {
    return deadline === noDeadline ? never : super.createDeadline(deadline);
  }

  private hasEnded(): boolean {
    return this.ended;
  }
}

const clientArguments = (
  settings: ConnectionSettings,
): [
  ConstructorParameters<typeof EventStoreDBClient>[0],
  ConstructorParameters<typeof EventStoreDBClient>[1],
  ConstructorParameters<typeof EventStoreDBClient>[2],
] => {
  const { hosts, discover, tls, ca, userCertificate, credentials, connectionName, numbers } = settings;
  const [first, ...others] = hosts;
  const where = discover
    ? { discover: first }
    : others.length > 0
      ? { endpoints: [...hosts], nodePreference: 'leader' as const }
      : { endpoint: first };
  return [
    // The three forms differ only in where the server stands; the union is the client's own way to say so.
    { ...where, ...numbers, ...(connectionName === null ? {} : { connectionName }) } as ConstructorParameters<
      typeof EventStoreDBClient
    >[0],
    {
      insecure: !tls,
      ...(ca === null ? {} : { rootCertificate: ca }),
      ...(userCertificate === null
        ? {}
        : { userCertFile: userCertificate.certificate, userKeyFile: userCertificate.key }),
    },
    credentials ?? undefined,
  ];
};
