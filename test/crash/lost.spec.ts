import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { lostReadModels } from './lost.suite.js';

lostReadModels('a file', () => ({
  environment: {},
  lose: async (folder) => {
    for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, `read.db${ending}`), { force: true });
  },
  close: () => Promise.resolve(),
}));
