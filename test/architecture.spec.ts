import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { mistakesOf } from './architecture/rules.js';

const sources = globSync(['apps/**/*.ts', 'libs/**/*.ts']).map((path) => ({ path, text: readFileSync(path, 'utf8') }));

describe('the architecture', () => {
  it('is kept by every file', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap(mistakesOf)).toEqual([]);
  });
});

const route = (decorators: string): string => `class A { ${decorators} go() {} }`;

describe('the rules can fail', () => {
  it.each([
    ['the kernel imports nothing', 'libs/kernel/src/a.ts', `import 'rxjs';`],
    ['nor node', 'libs/kernel/src/a.ts', `import 'node:fs';`],
    ['a page knows no other context', 'libs/contacts/src/contact.ts', `import { x } from '#wallets';`],
    ['not even by a path', 'libs/contacts/src/contact.ts', `import { x } from '../../wallets/src/wallet.js';`],
    ['nor by a type', 'libs/contacts/src/contact.ts', `import type { X } from '#wallets';`],
    ['nor later', 'libs/contacts/src/contact.ts', `const x = await import('#wallets');`],
    ['nor by exporting it', 'libs/contacts/src/index.ts', `export * from '#wallets';`],
    ['a page knows no platform', 'libs/contacts/src/contact.ts', `import { x } from '#platform';`],
    ['a page knows no store', 'libs/contacts/src/contact.ts', `import { x } from '#event-store';`],
    ['a page knows no Nest', 'libs/contacts/src/contact.ts', `import { x } from '@nestjs/common';`],
    ['a page knows no node', 'libs/contacts/src/contact.ts', `import { x } from 'node:crypto';`],
    ['a page knows only pure libraries', 'libs/contacts/src/contact.ts', `import { x } from 'kysely';`],
    ['a page knows no controller', 'libs/contacts/src/contact.ts', `import { x } from './contacts.controller.js';`],
    [
      'a controller knows no other context',
      'libs/contacts/src/contacts.controller.ts',
      `import { x } from '#wallets';`,
    ],
    ['a downstream room uses doors only', 'libs/inbox/src/row.ts', `import { x } from '#contacts/contact';`],
    ['and no downstream room behind it', 'libs/inbox/src/row.ts', `import { x } from '#policies';`],
    [
      'its pure files use no edge of a context',
      'libs/inbox/src/row.ts',
      `import { x } from '#contacts/contacts.query';`,
    ],
    [
      'its edges use no pure file of a context',
      'libs/inbox/src/row.query.ts',
      `import { x } from '#contacts/contact';`,
    ],
    ['an engine knows no platform', 'libs/projections/src/engine.ts', `import { x } from '#platform';`],
    ['the platform knows no context', 'libs/platform/src/a.ts', `import { x } from '#contacts';`],
    ['the platform knows no store', 'libs/platform/src/a.ts', `import { x } from '#event-store';`],
    ['the client knows no room', 'libs/client/src/a.ts', `import { x } from '#kernel';`],
    ['the store knows no projection', 'libs/event-store/src/a.ts', `import { x } from '#projections';`],
    ['nobody imports an app', 'libs/platform/src/a.ts', `import { x } from '#apps/api/main';`],
    ['one adapter knows the server', 'libs/event-store/src/runner.ts', `import { x } from '@eventstore/db-client';`],
    ['not even an app', 'apps/api/main.ts', `import { x } from '@eventstore/db-client';`],
    ['of either kind', 'libs/read-store/src/read-models.ts', `import pg from 'pg';`],
    ['the environment is read once', 'apps/api/main.ts', `const port = process.env['PORT'];`],
    ['also under another name', 'apps/api/main.ts', `import { env } from 'node:process';`],
    ['a page has no clock', 'libs/contacts/src/contact.ts', `const now = Date.now();`],
    ['of no kind', 'libs/contacts/src/contact.ts', `const now = new Date();`],
    ['nor Luxon’s', 'libs/contacts/src/contact.ts', `const now = DateTime.now();`],
    ['a page has no dice', 'libs/contacts/src/contact.ts', `const x = Math.random();`],
    ['nor ids', 'libs/contacts/src/contact.ts', `const x = crypto.randomUUID();`],
    ['nor random UUIDs', 'libs/contacts/src/contact.ts', `import { v4 } from 'uuid';`],
    ['a route names its roles', 'libs/contacts/src/a.controller.ts', route('@Get() @Answers(200, A)')],
    ['a route describes its answer', 'libs/contacts/src/a.controller.ts', route(`@Get() @Allow('agent')`)],
  ])('%s', (_rule, path, text) => {
    expect(mistakesOf({ path, text })).toHaveLength(1);
  });

  it.each([
    [
      'libs/contacts/src/contact.ts',
      `import { v5 } from 'uuid'; import { x } from '#kernel'; import './other.js'; const t = new Date(0);`,
    ],
    [
      'libs/contacts/src/contacts.controller.ts',
      `import '#platform'; import '#event-store'; import './contact.js'; import '@nestjs/common';`,
    ],
    ['libs/inbox/src/row.ts', `import { x } from '#contacts';`],
    ['libs/inbox/src/row.query.ts', `import { x } from '#block-filter/coverage.query'; import '#contacts/a.adapter';`],
    ['libs/projections/src/ops.controller.ts', `import { x } from '#platform';`],
    ['libs/projections/src/loop.ts', `import '#event-store'; import '#read-store'; import 'node:fs';`],
    ['libs/contacts/src/contact.spec.ts', `import '#wallets'; const now = Date.now(); // a test may`],
    ['libs/contacts/src/a.controller.ts', route(`@Get() @Public() @Answers(200, A)`)],
    ['apps/api/main.ts', `import '#contacts/contacts.module'; // process.env in a comment`],
  ])('but not for what is right: %s', (path, text) => {
    expect(mistakesOf({ path, text })).toEqual([]);
  });
});
