// The image's last stage, played in a folder: what is built, and what is installed without development dependencies.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Started = {
  /** Where it listens. */
  readonly port: string;
  readonly metrics: () => Promise<string>;
  /** Sends SIGTERM. Returns the exit code and the signal that ended it. */
  readonly stop: () => Promise<readonly [number | null, string | null]>;
};

export type CleanFolder = {
  /** Runs a file of the image and waits for its end. */
  readonly run: (
    file: string,
    environment?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number; readonly error: string }>;
  /** Starts a process and waits until it listens. */
  readonly start: (file: string, environment?: Readonly<Record<string, string>>) => Promise<Started>;
  /** Files that are newer than the image. */
  readonly changed: () => string;
  readonly remove: () => void;
};

/** The processes run in production, with `DATA_DIR` outside of the image, which nobody may write. */
export const cleanFolder = (): CleanFolder => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-image-'));
  const app = join(folder, 'app');
  mkdirSync(app);
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'dist', 'docker/healthcheck.js'])
    cpSync(file, join(app, file.replace('docker/', '')), { recursive: true });
  const installed = spawnSync('npm', ['ci', '--omit=dev', '--prefer-offline'], {
    cwd: app,
    // With this machine's own npm configuration; NODE_OPTIONS are this test runner's.
    env: { ...process.env, NODE_OPTIONS: '' },
    encoding: 'utf8',
  });
  if (installed.status !== 0) throw new Error(`npm ci ended with ${String(installed.status)}: ${installed.stderr}`);
  spawnSync('chmod', ['-R', 'a-w', app]);
  const env = {
    PATH: `${join(process.cwd(), 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    NODE_ENV: 'production',
    PORT: '0',
    DATA_DIR: join(folder, 'data'),
    LOG_FORMAT: 'json',
    AUTH_JWT_SECRET: 'a secret of at least thirty-two bytes',
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  const children = new Set<ReturnType<typeof spawn>>();
  return {
    run: (file, environment = {}) =>
      new Promise((resolve) => {
        const child = execFile('node', [file], { cwd: app, env: { ...env, ...environment } }, (_error, _out, error) => {
          resolve({ code: child.exitCode ?? -1, error });
        });
      }),
    start: async (file, environment = {}) => {
      const child = spawn('node', ['--enable-source-maps', file], {
        cwd: app,
        env: { ...env, ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.add(child);
      const port = await new Promise<string>((resolve, reject) => {
        let text = '';
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          const found = /"address":"http:\/\/[^"]*:(\d+)"/.exec(text)?.[1];
          if (found !== undefined) resolve(found);
        });
        child.once('exit', (code) => {
          reject(new Error(`it ended with ${String(code)}: ${text}`));
        });
      });
      return {
        port,
        metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
        stop: () => {
          const ended = new Promise<readonly [number | null, string | null]>((resolve) =>
            child.once('exit', (code, signal) => {
              resolve([code, signal]);
            }),
          );
          child.kill('SIGTERM');
          return ended;
        },
      };
    },
    changed: () =>
      spawnSync('find', ['.', '-newer', 'package.json', '-type', 'f'], {
        cwd: app,
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      }).stdout,
    remove: () => {
      for (const child of children) child.kill('SIGKILL');
      spawnSync('chmod', ['-R', 'u+w', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
