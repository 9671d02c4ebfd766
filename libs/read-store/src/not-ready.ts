import { ReadStoreUnusable, type ReadSource } from './port.js';

/** `notReady` of a source, by asking it. */
export const notReadyBy = async (source: Pick<ReadSource, 'snapshot'>): Promise<string | null> => {
  try {
    await source.snapshot((_db, system) => system.touch());
    return null;
  } catch (error) {
    return error instanceof ReadStoreUnusable ? error.message : 'the read store cannot be read';
  }
};
