// npm run generate:read-models: docs/read-models.md, from the registry.
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { projections } from '#apps/registry';
import { PAGE, pageOf } from './page.js';

writeFileSync(PAGE, await format(pageOf(projections), { parser: 'markdown', printWidth: 120 }));
process.stdout.write(`${PAGE} is written\n`);
