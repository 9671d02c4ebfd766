// Puts each program and its libraries into few files: 2,200 modules take a second to find and to read, these a third of that.
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const built = fileURLToPath(new URL('..', import.meta.url));
const bundle = `${built}bundle`;
const fresh = `${built}bundle.${String(process.pid)}`;
/** A program that runs may still ask for a part that it has not loaded yet. */
const KEPT_MS = 3_600_000;

/** Beside each other: whoever starts a worker looks for it in its own folder. */
const PROGRAMS = {
  api: 'apps/api/main.js',
  projector: 'apps/projector/main.js',
  ops: 'apps/ops/main.js',
  'projector.worker': 'apps/api/projector.worker.js',
  'scan.worker': 'libs/read-store/src/sqlite/scan.worker.js',
  'wal-checkpoint.worker': 'libs/read-store/src/sqlite/wal-checkpoint.worker.js',
};

/** Loaded where they are used, by a path that they find out themselves; and what Nest and Fastify ask for and do without. */
const LEFT_OUT = [
  'pino',
  'pino-pretty',
  '@eventstore/db-client',
  'pg',
  'pg-copy-streams',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  'class-transformer/storage',
];

/**
 * A decorated class is written as `let A = class A`, of which the bundler renames the second, which is the name that the class has and
 * that OpenAPI shows. Without it the class takes the name of the first.
 */
const keepClassNames: Plugin = {
  name: 'class names',
  setup: (bundler) => {
    bundler.onLoad({ filter: /[/\\]dist[/\\](apps|libs)[/\\].*\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/^let (\w+) = class \1\b/gm, 'let $1 = class'),
    }));
  },
};

await build({
  entryPoints: Object.fromEntries(Object.entries(PROGRAMS).map(([name, path]) => [name, `${built}${path}`])),
  outdir: fresh,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  sourcesContent: false,
  external: LEFT_OUT.flatMap((name) => [name, `${name}/*`]),
  // Libraries of the other kind of module ask for Node's own by `require`.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  plugins: [keepClassNames],
  logLevel: 'warning',
});

// File by file, those that are started last: who starts a program meanwhile finds the old one or the new one.
await mkdir(bundle, { recursive: true });
const programs = new Set(Object.keys(PROGRAMS).map((name) => `${name}.js`));
const files = await readdir(fresh);
for (const file of [...files.filter((name) => !programs.has(name)), ...programs])
  await rename(`${fresh}/${file}`, `${bundle}/${file}`);
await rm(fresh, { recursive: true });
for (const file of await readdir(bundle)) {
  if (!files.includes(file) && (await stat(`${bundle}/${file}`)).mtimeMs < Date.now() - KEPT_MS)
    await rm(`${bundle}/${file}`, { force: true });
}
