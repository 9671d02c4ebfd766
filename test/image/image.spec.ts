import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DockerfileParser, type Dockerfile } from 'dockerfile-ast';
import { parse } from 'yaml';

// There may be no Docker engine where the tests run: the files are parsed, and the image's last stage is played in a clean folder.

const dockerfile: Dockerfile = DockerfileParser.parse(readFileSync('docker/Dockerfile', 'utf8'));
const last = (keyword: string): string =>
  dockerfile
    .getInstructions()
    .filter((instruction) => instruction.getKeyword() === keyword)
    .at(-1)
    ?.getArgumentsContent() ?? '';

describe('the image', () => {
  it('runs as a user without rights, with a health check, and gets its own SIGTERM', () => {
    expect(last('USER')).toBe('node');
    expect(last('HEALTHCHECK')).toContain('healthcheck.js');
    expect(last('STOPSIGNAL')).toBe('SIGTERM');
    expect(last('CMD')).toBe('["node", "--enable-source-maps", "dist/apps/api/main.js"]');
  });

  it('is built by npm scripts, and its last stage has no development dependencies', () => {
    const runs = dockerfile
      .getInstructions()
      .filter((instruction) => instruction.getKeyword() === 'RUN')
      .map((instruction) => instruction.getArgumentsContent());
    expect(runs.slice(0, 3)).toEqual(['npm ci', 'npm run build', 'npm ci --omit=dev']);
    expect(dockerfile.getInstructions().filter((one) => one.getKeyword() === 'FROM')).toHaveLength(3);
  });

  it('copies only what its ignore file lets through', () => {
    const allowed = readFileSync('docker/Dockerfile.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = dockerfile
      .getInstructions()
      .filter((one) => one.getKeyword() === 'COPY' && !one.getTextContent().includes('--from='))
      .flatMap((one) => (one.getArgumentsContent() ?? '').split(/\s+/).slice(0, -1));
    expect(copied.filter((path) => !allowed.includes(path))).toEqual([]);
  });
});

type Service = {
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
};

describe('the compose file', () => {
  const compose = parse(readFileSync('docker/compose.yaml', 'utf8')) as {
    readonly services: Readonly<Record<string, Service>>;
    readonly secrets: Readonly<Record<string, unknown>>;
  };

  it('runs the api read-only and without rights, its secrets in files', () => {
    const { api } = compose.services;
    expect(api).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(api?.secrets.filter((name) => !(name in compose.secrets))).toEqual([]);
    for (const [name, value] of Object.entries(api?.environment ?? {})) {
      if (/SECRET|KEY|URL/.test(name))
        expect([name, value]).toEqual([expect.stringMatching(/_FILE$/), expect.stringMatching(/^\/run\/secrets\//)]);
    }
  });
});

describe('the last stage of the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-image-'));
  const app = join(folder, 'app');
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
  let server: ChildProcess | undefined;

  beforeAll(() => {
    mkdirSync(app, { recursive: true });
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'dist', 'docker/healthcheck.js']) {
      cpSync(file, join(app, file.replace('docker/', '')), { recursive: true });
    }
    const installed = spawnSync('npm', ['ci', '--omit=dev', '--prefer-offline'], {
      cwd: app,
      // With this machine's own npm configuration; NODE_OPTIONS are this test runner's.
      env: { ...process.env, NODE_OPTIONS: '' },
      encoding: 'utf8',
    });
    expect([installed.status, installed.stderr]).toEqual([0, expect.anything()]);
    spawnSync('chmod', ['-R', 'a-w', app]);
  }, 300_000);

  afterAll(() => {
    server?.kill('SIGKILL');
    spawnSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts on a read-only tree, is healthy, and ends with 0 on SIGTERM', async () => {
    const before = spawnSync('find', ['.', '-newer', 'package.json', '-type', 'f'], {
      cwd: app,
      encoding: 'utf8',
    }).stdout;
    const child = spawn('node', ['--enable-source-maps', 'dist/apps/api/main.js'], {
      cwd: app,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = child;
    const port = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const found = /"address":"http:\/\/[^"]*:(\d+)"/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) => {
        reject(new Error(`the server ended with ${String(code)}: ${text}`));
      });
    });
    const health = spawnSync('node', ['healthcheck.js'], { cwd: app, env: { ...env, PORT: port }, encoding: 'utf8' });
    expect([health.status, health.stderr]).toEqual([0, '']);
    const ended = new Promise((resolve) =>
      child.once('exit', (code, signal) => {
        resolve([code, signal]);
      }),
    );
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(spawnSync('node', ['healthcheck.js'], { cwd: app, env: { ...env, PORT: port } }).status).toBe(1);
    expect(
      spawnSync('find', ['.', '-newer', 'package.json', '-type', 'f'], { cwd: app, encoding: 'utf8' }).stdout,
    ).toBe(before);
  }, 60_000);
});
