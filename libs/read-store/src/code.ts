import { hash } from 'node:crypto';
import type { Projection } from '#kernel';

/** Names what a process follows: equal for equal sets of projections and versions. */
export const codeOf = (projections: readonly Pick<Projection, 'name' | 'version'>[]): string =>
  hash(
    'sha256',
    projections
      .map(({ name, version }) => `${name} ${String(version)}`)
      .sort()
      .join('\n'),
  ).slice(0, 16);

/** The seat, and the group, of what another code's holder of the live seat does not follow. */
export const sideSeat = (code: string): string => `side:${code}`;
