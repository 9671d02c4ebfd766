// npm run generate:events: docs/events.md, from the registry, the sources and the golden facts.
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { PAGE, pageOf } from './page.js';
import { readStored } from './stored.js';

writeFileSync(PAGE, await format(pageOf(readStored()), { parser: 'markdown', printWidth: 120 }));
process.stdout.write(`${PAGE} is written\n`);
