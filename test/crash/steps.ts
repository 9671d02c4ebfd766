import type { GenerationRow, RebuildRow, RowWrites } from '#read-store';

/** What a write transaction of the engine is for. `follow`: the live group reads on. `boot`: a process takes over what it finds. */
export const STEPS = [
  'prepare',
  'optimize',
  'replay',
  'catchup',
  'join',
  'verify',
  'golive',
  'retire',
  'drop',
  'boot',
  'follow',
] as const;
export type Step = (typeof STEPS)[number];

const OF_PHASE: Readonly<Partial<Record<RebuildRow['phase'], Step>>> = {
  optimize: 'optimize',
  replay: 'replay',
  catchup: 'catchup',
  verify: 'join',
  ready: 'verify',
  done: 'golive',
};

/** The writes as they are, and what they turn out to be. */
export const watched = (tx: RowWrites): { readonly writes: RowWrites; readonly step: () => Step } => {
  const called = new Set<string>();
  let ofRebuild: Step | null = null;
  let retired = false;
  const noting = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (of, name, receiver) => {
        called.add(String(name));
        return Reflect.get(of, name, receiver) as unknown;
      },
    });
  const system = noting({
    ...tx.system,
    setRebuild: (id: string, change: Partial<RebuildRow>) => {
      if (change.phase !== undefined) ofRebuild = OF_PHASE[change.phase] ?? null;
      return tx.system.setRebuild(id, change);
    },
    setGeneration: (row: GenerationRow, change: Partial<GenerationRow>) => {
      if (change.state === 'dropping') retired = true;
      return tx.system.setGeneration(row, change);
    },
  } as RowWrites['system']);
  const step = (): Step => {
    if (called.has('createTable')) return 'prepare';
    if (called.has('createIndexes')) return 'optimize';
    if (ofRebuild !== null) return ofRebuild;
    if (called.has('empty')) return 'drop';
    if (retired) return 'retire';
    return called.has('advance') ? 'follow' : 'boot';
  };
  return { writes: noting({ ...tx, system }), step };
};
