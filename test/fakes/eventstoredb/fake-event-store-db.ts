import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { type AddressInfo, connect, createServer, type Server as TcpServer, type Socket } from 'node:net';
import { FakeLog } from './fake-log.js';
import { behaves, errors, type Misbehaviour } from './misbehaviour.js';
import {
  batchAppend,
  deleteStream,
  type FakeServerParts,
  read,
  tombstoneStream,
  unaryAppend,
} from './streams-service.js';

/**
 * An EventStoreDB 23.10 for tests: the client's own gRPC definitions over a log in memory, behind a TCP front that can be cut,
 * held and shut like a network. Give two of them one log, and one of them a `leader`, and they are a cluster.
 */
export class FakeEventStoreDb {
  readonly log: FakeLog;
  readonly misbehaviour: Misbehaviour = behaves();
  readonly counts: FakeServerParts['counts'] = {
    batchAppends: 0,
    unaryAppends: 0,
    mostAtOnce: 0,
    subscriptions: 0,
    eventsSent: 0,
  };
  private readonly subscriptions: FakeServerParts['subscriptions'] = new Set();
  private readonly grpc = new Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 });
  private readonly sockets = new Set<Socket>();
  private front: TcpServer | null = null;
  private inner = 0;
  private held = false;
  private outer = 0;

  private constructor(
    log: FakeLog,
    private readonly tls: { readonly key: Buffer; readonly certificate: Buffer } | null,
  ) {
    this.log = log;
  }

  /** With `tls` it speaks nothing else. */
  static async start(log: FakeLog = new FakeLog(), tls: FakeEventStoreDb['tls'] = null): Promise<FakeEventStoreDb> {
    const fake = new FakeEventStoreDb(log, tls);
    fake.serve();
    await fake.listen();
    return fake;
  }

  get port(): number {
    return this.outer;
  }

  get connectionString(): string {
    return `esdb://127.0.0.1:${String(this.outer)}?tls=${String(this.tls !== null)}`;
  }

  /** Subscriptions that the server believes to be open. */
  get openSubscriptions(): number {
    return this.subscriptions.size;
  }

  /** The network breaks: every connection is gone at once. */
  drop = (): void => {
    for (const socket of this.sockets) {
      // Only where the client is. Within, a reset that comes before the TLS handshake leaves the server's socket open for ever;
      // and one while the ending is under way fails unseen in Node: the handle stays, and the process spins when it exits.
      if (socket.localPort === this.outer && !socket.writableEnded) socket.resetAndDestroy();
      else socket.destroy();
    }
    this.sockets.clear();
  };

  /** Nobody listens any more; what is connected is cut. */
  async shut(): Promise<void> {
    const { front } = this;
    this.front = null;
    this.drop();
    if (front !== null) await new Promise((resolve) => front.close(resolve));
  }

  /** Listens again, on the port that it had. */
  async reopen(): Promise<void> {
    await this.listen();
  }

  async restart(downMs = 50): Promise<void> {
    await this.shut();
    await new Promise((resolve) => setTimeout(resolve, downMs));
    await this.reopen();
  }

  /** Connections stay open, but nothing passes any more in either direction. */
  hold(): void {
    this.held = true;
    for (const socket of this.sockets) socket.pause();
  }

  release(): void {
    this.held = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Cuts all consumers as too slow. */
  cutConsumers(): void {
    for (const subscription of [...this.subscriptions]) subscription.cut();
  }

  /** Forgets all consumers without telling them. */
  muteConsumers(): void {
    for (const subscription of this.subscriptions) subscription.mute();
  }

  scavenge(): void {
    const placeNow = this.log.scavenge();
    for (const subscription of this.subscriptions) subscription.move(placeNow);
  }

  async stop(): Promise<void> {
    for (const subscription of [...this.subscriptions]) subscription.stop();
    await this.shut();
    this.grpc.forceShutdown();
  }

  private serve(): void {
    const { log, misbehaviour, drop, subscriptions, counts } = this;
    const parts = { log, misbehaviour, drop, subscriptions, counts };
    this.grpc.addService(streamsService.StreamsService, {
      read: read(parts),
      append: unaryAppend(parts),
      batchAppend: batchAppend(parts),
      delete: deleteStream(parts),
      tombstone: tombstoneStream(parts),
    });
    // The client asks without credentials, and anybody may know.
    const introduce: handleUnaryCall<unknown, features.SupportedMethods> = (_, callback) => {
      if (misbehaviour.introductionGoesSilent) return;
      if (misbehaviour.serverVersion === null) callback(errors.unimplemented());
      else callback(null, supportedMethods(misbehaviour.serverVersion));
    };
    this.grpc.addService(featuresService.ServerFeaturesService, { getSupportedMethods: introduce });
  }

  private async listen(): Promise<void> {
    this.inner ||= await new Promise<number>((resolve, reject) => {
      const credentials =
        this.tls === null
          ? ServerCredentials.createInsecure()
          : ServerCredentials.createSsl(null, [{ private_key: this.tls.key, cert_chain: this.tls.certificate }]);
      this.grpc.bindAsync('127.0.0.1:0', credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
    const front = createServer((socket) => {
      this.pass(socket);
    });
    await new Promise<void>((resolve) => front.listen(this.outer, '127.0.0.1', resolve));
    this.outer = (front.address() as AddressInfo).port;
    this.front = front;
  }

  private pass(outside: Socket): void {
    const inside = connect(this.inner, '127.0.0.1');
    for (const [from, to] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        // Back-pressure passes through, or a slow consumer would never be felt.
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        if (!this.held) from.resume();
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
    if (this.held) {
      outside.pause();
      inside.pause();
    }
  }
}

const supportedMethods = (version: string): features.SupportedMethods => {
  const supported = new features.SupportedMethods().setEventStoreServerVersion(version);
  for (const method of ['append', 'batchappend', 'read', 'delete', 'tombstone']) {
    supported.addMethods(
      new features.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(method),
    );
  }
  return supported;
};
