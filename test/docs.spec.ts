import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SECRETS, VARIABLES } from '#platform/environment';
import { storedTypes } from '#apps/registry';

const read = (path: string): string => readFileSync(path, 'utf8');
const withoutCode = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '');

const pages = globSync('**/*.md', { exclude: (path) => /^(dist|data)|(^|\/)node_modules/.test(path) });

describe('the documents', () => {
  it('link to files that exist', () => {
    const broken = pages.flatMap((page) =>
      [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target.split('#')[0] ?? '')
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(dirname(page), target)))
        .map((target) => `${page} → ${target}`),
    );
    expect(pages.length).toBeGreaterThan(20);
    expect(broken).toEqual([]);
  });

  it.each(['apps', ...globSync('libs/*')])('say in at most 25 lines what %s is for', (room) => {
    const lines = read(join(room, 'README.md')).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(25);
  });

  it.each(globSync('docs/adr/*.md'))('tell a decision in four parts: %s', (page) => {
    const headings = [...read(page).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Context', 'Options', 'Decision', 'Consequences']);
    expect(read(page)).toMatch(/^Date: \d{4}-\d\d-\d\d\./m);
  });

  it('name the variables that are read, all and no others', () => {
    const documented = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` *\|/gm)].map(([, name]) => name);
    expect(documented.sort()).toEqual([...VARIABLES, ...SECRETS.map((name) => `${name}_FILE`)].sort());
  });

  it('name every stored type among the changes', () => {
    const named = [...read('CHANGELOG.md').matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, name]) => name);
    expect(storedTypes.flatMap((types) => Object.keys(types)).filter((type) => !named.includes(type))).toEqual([]);
  });
});
