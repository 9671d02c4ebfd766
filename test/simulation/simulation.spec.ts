// The simulation replaces clocks and dice of the whole program: it runs in one of its own.
import { execFile } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const TIMEOUT = 240_000;

/** What it said, and with which code it ended. */
const simulated = (...given: readonly string[]): Promise<{ readonly code: number; readonly said: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['--enable-source-maps', 'dist/test/simulation/main.js', ...given], (error, said) => {
      resolve({ code: error === null ? 0 : Number(error.code), said });
    });
  });
const traceOf = (said: string): string | undefined => /trace ([0-9a-f]{16})/.exec(said)?.[1];

describe('an installation that is simulated', () => {
  it(
    'owes nothing, loses nothing and keeps every invariant in each calm, whatever the storm was [I0 I18]',
    async () => {
      const { code, said } = await simulated('--seed', '1', '--seeds', '9', '--steps', '5000');
      expect({ code, said: said.split('\n').filter((line) => !line.includes(' failed')) }).toEqual({
        code: 0,
        said: [''],
      });
    },
    TIMEOUT,
  );

  it(
    'does the same for the same seed, and something else for another',
    async () => {
      const [first, again, other] = [
        await simulated('--seed', '7', '--steps', '2000'),
        await simulated('--seed', '7', '--steps', '2000'),
        await simulated('--seed', '8', '--steps', '2000'),
      ].map(({ said }) => traceOf(said));
      expect(first).toBeDefined();
      expect(again).toBe(first);
      expect(other).not.toBe(first);
    },
    TIMEOUT,
  );

  it.each([
    ['answers the repeat of a message that a block overtook as ignored, and hides it', '89'],
    ['covers by either block of two that are one a cookie that came during the other', '396'],
    ['gives an archived wallet back whom a merge took out that is undone', '170'],
  ])(
    '%s',
    async (_what, seed) => {
      const { code, said } = await simulated('--seed', seed, '--steps', '5000');
      expect(said).toContain(' 0 failed');
      expect(code).toBe(0);
    },
    TIMEOUT,
  );
});
