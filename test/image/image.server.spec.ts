// The projector of the image, over a log and a PostgreSQL of its own.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeEventStoreDb } from '../fakes/eventstoredb/index.js';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { missing } from './alerts.js';
import { cleanFolder, type CleanFolder } from './clean-folder.js';

const suite = postgresUrl === '' ? describe.skip : describe;

suite('the last stage of the image as a projector', () => {
  let image: CleanFolder;
  let server: FakeEventStoreDb;
  let world: ReturnType<typeof postgresWorld>;
  beforeAll(async () => {
    image = cleanFolder();
    server = await FakeEventStoreDb.start();
    world = postgresWorld();
  }, 300_000);
  afterAll(async () => {
    image.remove();
    await server.stop();
    await world.drop();
  });

  it('starts, is healthy, measures what the alert rules ask for, and ends with 0 on SIGTERM', async () => {
    const projector = await image.start('dist/bundle/projector.js', {
      EVENT_STORE: 'eventstoredb',
      EVENTSTORE_URL: server.connectionString,
      READ_STORE: 'postgres',
      POSTGRES_URL: world.url,
    });
    const health = () => image.run('healthcheck.js', { PORT: projector.port });
    // It listens before the first read models are built.
    for (const until = performance.now() + 30_000; performance.now() < until && (await health()).code !== 0;)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await health()).toEqual({ code: 0, error: '' });
    expect(missing(await projector.metrics())).toEqual([]);
    expect(await projector.stop()).toEqual([0, null]);
  }, 90_000);
});
