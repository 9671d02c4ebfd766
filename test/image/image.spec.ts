import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DockerfileParser, type Dockerfile } from 'dockerfile-ast';
import { parse } from 'yaml';
import { VARIABLES } from '#platform/environment';
import { measured, missing, rules } from './alerts.js';
import { cleanFolder, type CleanFolder } from './clean-folder.js';

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
    expect(last('CMD')).toBe('["node", "--enable-source-maps", "dist/bundle/api.js"]');
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
  readonly image: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly deploy: { readonly replicas?: number };
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};
const composed = (file: string): Compose => parse(readFileSync(`docker/${file}`, 'utf8'), { merge: true }) as Compose;

const made = mkdtempSync(join(tmpdir(), 'portaria-secrets-'));
const secrets = join(made, 'secrets');
const makeSecrets = () => spawnSync('sh', ['docker/secrets.sh', secrets], { encoding: 'utf8' });
beforeAll(() => {
  const { status, stderr } = makeSecrets();
  expect([status, stderr]).toEqual([0, '']);
});
afterAll(() => {
  rmSync(made, { recursive: true, force: true });
});

describe.each(['compose.yaml', 'compose.servers.yaml'])('docker/%s', (file) => {
  const compose = composed(file);
  const services = Object.entries(compose.services);

  it.each(services)('runs %s read-only, without rights, within limits, and lets it end', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
      stop_grace_period: expect.stringMatching(/^\d+s$/),
      deploy: { resources: { limits: { cpus: expect.any(String), memory: expect.any(String) } } },
    });
    // Ours brings its own check and user; Prometheus' runs as nobody.
    if (service.image !== 'portaria') expect(service.healthcheck?.test[0]).toBe('CMD');
    if (/eventstore|postgres/.test(service.image)) expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it.each(services)('keeps the secrets of %s in files that the script makes', (_name, service) => {
    for (const name of service.secrets ?? []) {
      expect(Object.keys(compose.secrets)).toContain(name);
      expect(existsSync(join(secrets, name))).toBe(true);
    }
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      if (!/SECRET|KEY|URL|PASSWORD/.test(name)) continue;
      expect([name, value]).toEqual([expect.stringMatching(/_FILE$/), expect.stringMatching(/^\/run\/secrets\//)]);
      expect(service.secrets).toContain(value.replace('/run/secrets/', ''));
    }
  });

  it.each(services)('mounts into %s what there is', (_name, service) => {
    for (const [source = ''] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
      if (source.startsWith('./secrets/')) expect(readdirSync(secrets)).toContain(source.slice('./secrets/'.length));
      else if (source.startsWith('./')) expect(existsSync(join('docker', source))).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(compose.services[other]?.healthcheck).toBeDefined();
  });

  it('names variables and programs of ours that exist', () => {
    for (const { image, environment = {}, command = [] } of Object.values(compose.services)) {
      if (image !== 'portaria') continue;
      const names = Object.keys(environment).map((name) => name.replace(/_FILE$/, ''));
      expect(names.filter((name) => !(VARIABLES as readonly string[]).includes(name))).toEqual([]);
      for (const word of command.filter((one) => one.startsWith('dist/'))) expect(existsSync(word)).toBe(true);
    }
  });
});

describe('the compose file with servers', () => {
  const { api, projector } = composed('compose.servers.yaml').services;

  it('has two apis without a projector, and two projectors', () => {
    expect(api).toMatchObject({ environment: { PROJECTOR: 'off' }, deploy: { replicas: 2 } });
    expect(projector).toMatchObject({
      command: ['node', '--enable-source-maps', 'dist/bundle/projector.js'],
      deploy: { replicas: 2 },
    });
    expect(projector?.environment).not.toHaveProperty('PROJECTOR');
  });
});

describe('docker/secrets.sh', () => {
  const contentOf = (): readonly string[] =>
    readdirSync(secrets)
      .filter((name) => !name.endsWith('.srl'))
      .map((name) => `${name} ${readFileSync(join(secrets, name), 'utf8')}`);

  it('keeps what is there', () => {
    const before = contentOf();
    expect(before.length).toBeGreaterThan(8);
    expect(makeSecrets().status).toBe(0);
    expect(contentOf()).toEqual(before);
  });

  it('closes the folder, and makes a certificate that its authority vouches for by the name of the service', () => {
    expect(statSync(secrets).mode & 0o777).toBe(0o700);
    const { stdout } = spawnSync(
      'openssl',
      ['verify', '-verify_hostname', 'eventstoredb', '-CAfile', 'eventstore_ca.crt', 'eventstore_node.crt'],
      { cwd: secrets, encoding: 'utf8' },
    );
    expect(stdout).toBe('eventstore_node.crt: OK\n');
  });
});

describe('the alert rules', () => {
  it('say what is, how bad it is, and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { labels, annotations } of rules) {
      expect(labels.severity).toMatch(/^(page|ticket)$/);
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description).toMatch(/\.$/);
    }
  });

  it('name at least one metric each: of ours, or whether Prometheus was answered', () => {
    for (const { alert, expr } of rules)
      expect([alert, measured(expr).length > 0 || expr.startsWith('up{')]).toEqual([alert, true]);
  });

  it('would be found out if they named what nobody measures', () => {
    const rule = {
      ...rules[0],
      alert: 'A',
      expr: 'portaria_nothing > 0 and portaria_http_total{what="x"} > 0',
    } as never;
    const metrics = '# TYPE portaria_http_total gauge\nportaria_http_total{what="y"} 1\n';
    expect(missing(metrics, [rule])).toEqual(['A: portaria_nothing', 'A: portaria_http_total{what="x"}']);
  });
});

describe('Prometheus', () => {
  it('asks the services by their names and loads the rules', () => {
    const compose = composed('compose.servers.yaml');
    const { rule_files, scrape_configs } = parse(readFileSync('docker/prometheus.yaml', 'utf8')) as {
      rule_files: string[];
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[] }[] }[];
    };
    expect(compose.services['prometheus']?.volumes).toContain(
      `./${rule_files[0] ?? ''}:/etc/prometheus/alerts.yaml:ro`,
    );
    const names = scrape_configs.flatMap(({ dns_sd_configs }) => dns_sd_configs.flatMap((one) => one.names));
    expect(names.filter((name) => !(name in compose.services))).toEqual([]);
    const jobs = rules.flatMap(({ expr }) => [...expr.matchAll(/job="([^"]*)"/g)].map(([, job]) => job));
    expect(jobs.filter((job) => !scrape_configs.some(({ job_name }) => job_name === job))).toEqual([]);
  });
});

describe('the last stage of the image', () => {
  let image: CleanFolder;
  beforeAll(() => {
    image = cleanFolder();
  }, 300_000);
  afterAll(() => {
    image.remove();
  });

  it('starts on a read-only tree, is healthy, measures what the alert rules ask for, and ends with 0 on SIGTERM', async () => {
    const before = image.changed();
    const api = await image.start('dist/bundle/api.js');
    expect(await image.run('healthcheck.js', { PORT: api.port })).toEqual({ code: 0, error: '' });
    expect(missing(await api.metrics())).toEqual([]);
    expect(await api.stop()).toEqual([0, null]);
    expect((await image.run('healthcheck.js', { PORT: api.port })).code).toBe(1);
    expect(image.changed()).toBe(before);
  }, 60_000);

  it('has the projector, which refuses embedded stores in one sentence', async () => {
    expect(await image.run('dist/bundle/projector.js')).toEqual({
      code: 1,
      error: expect.stringContaining('a projector process needs EVENT_STORE=eventstoredb'),
    });
  });
});
