import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crashMatrix } from './matrix.suite.js';

crashMatrix('SQLite', 1, () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-matrix-'));
  return {
    read: { kind: 'sqlite', path: join(folder, 'read.db') },
    close: async () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
