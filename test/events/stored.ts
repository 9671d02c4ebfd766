import { storedTypes } from '#apps/registry';
import type { EventDefinitions } from '#kernel';
import { golden } from '../golden.js';
import { readSources } from './fields.js';
import type { Stored } from './page.js';

/** What this code stores. */
export const readStored = (): Stored => ({
  definitions: Object.assign({}, ...storedTypes) as EventDefinitions,
  golden,
  sources: readSources(),
});
