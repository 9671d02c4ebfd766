// npm run generate:client: the client's types, from the document that a server of this code serves.
import { writeFileSync } from 'node:fs';
import { SCHEMA, schemaOf, servedDocument } from './schema.js';

writeFileSync(SCHEMA, await schemaOf(await servedDocument()));
process.stdout.write(`${SCHEMA} is written\n`);
