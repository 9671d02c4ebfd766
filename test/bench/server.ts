import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../traffic/client.js';
import { developmentSecret, tokenOf } from '../traffic/tokens.js';

export type ServerOptions = {
  readonly dataDir: string;
  /** The api if absent. */
  readonly app?: 'api' | 'projector';
  /** Where V8's profiles are written when the server ends; none if absent. */
  readonly profiles?: string | undefined;
  /** 0 = any. */
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>> | undefined;
};

/** The built server as a process of its own. Its log goes to a file, as it would in production. */
export class Server {
  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
    private readonly secret: string,
  ) {}

  static async start(options: ServerOptions): Promise<Server> {
    const { dataDir, app = 'api' } = options;
    mkdirSync(dataDir, { recursive: true });
    const log = join(dataDir, app === 'api' ? 'server.log' : `${app}.log`);
    const child = launch(options, log);
    for (;;) {
      const address = /"address":"([^"]+)"/.exec(readFileSync(log, 'utf8'))?.[1];
      if (address !== undefined) return new Server(child, address, developmentSecret(dataDir) ?? '');
      if (child.exitCode !== null) throw new Error(`the ${app} did not start:\n${readFileSync(log, 'utf8')}`);
      await pause(20);
    }
  }

  /** Milliseconds from the start of the process to its first answer. */
  static async startUp(dataDir: string): Promise<number> {
    const port = await freePort();
    mkdirSync(dataDir, { recursive: true });
    const began = performance.now();
    const child = launch({ dataDir, port }, join(dataDir, 'server.log'));
    try {
      for (;;) {
        const answered = await fetch(`http://127.0.0.1:${port}/health/live`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (answered) return performance.now() - began;
        if (child.exitCode !== null) throw new Error('the server did not start');
        await pause(2);
      }
    } finally {
      await ended(child);
    }
  }

  bearer(subject: string, role?: string): Promise<string> {
    return tokenOf(this.secret, subject, role);
  }

  async as(subject: string, role?: string): Promise<Client> {
    return new Client(this.address, await this.bearer(subject, role));
  }

  /** MiB of memory that the process holds now, and the most it held since `forgetPeak`. */
  memory(): { readonly rss: number; readonly peak: number } {
    const status = readFileSync(`/proc/${String(this.child.pid)}/status`, 'utf8');
    const mebibytes = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? NaN) / 1024;
    return { rss: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
  }

  /** Files and sockets that the process holds open. */
  handles(): number {
    return readdirSync(`/proc/${String(this.child.pid)}/fd`).length;
  }

  /** Milliseconds that the thread of HTTP, and all threads together, have computed: what a crowded machine does not change much. */
  cpu(): { readonly main: number; readonly all: number } {
    const process = `/proc/${String(this.child.pid)}`;
    const ticks = (path: string): number => {
      const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    // A tick is 10 ms on every Linux that Node runs on.
    return { main: 10 * ticks(`${process}/task/${String(this.child.pid)}/stat`), all: 10 * ticks(`${process}/stat`) };
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${String(this.child.pid)}/clear_refs`, '5');
  }

  async stop(): Promise<void> {
    await ended(this.child);
  }

  async kill(): Promise<void> {
    await ended(this.child, 'SIGKILL');
  }
}

const launch = (
  { dataDir, app = 'api', profiles, port = 0, environment = {} }: ServerOptions,
  log: string,
): ChildProcess => {
  const out = openSync(log, 'w');
  const flags = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  return spawn(process.execPath, [...flags, `dist/bundle/${app}.js`], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: dataDir,
      LOG_FORMAT: 'json',
      ...environment,
    },
    stdio: ['ignore', out, out],
  });
};

const ended = async (child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await end;
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
