import type { EventStore } from '#event-store';
import type { Position } from '#kernel';
import {
  discardParked,
  parkedSequences,
  projectionStatuses,
  retryParked,
  rebuildStatus,
  recordOpsFact,
  type OpsCalls,
  type OpsEvent,
} from '#projections';
import type { Operator, ProjectorDesk } from '#projections/ops.controller';
import { LIVE, type ReadSource } from '#read-store';
import { projections } from '../registry.js';
import type { ProjectorPort } from './projector-thread.js';

type Parts = {
  readonly store: EventStore;
  readonly source: ReadSource;
  readonly projector: Pick<ProjectorPort, 'ask' | 'role' | 'work'>;
};

/** More than any limit lets be parked. */
const MOST = 10_000;

/** Operators' acts: done by the projector, and recorded as facts in `ops-{projection}`. */
export const projectorDesk = (
  { store, source, projector }: Parts,
  counting: { readonly ordinalOf?: (position: Position) => number | null },
): ProjectorDesk => {
  const record = (operator: Operator, projection: string, fact: OpsEvent): Promise<Position> =>
    recordOpsFact(
      store,
      projection,
      fact,
      { id: operator.id, kind: 'staff', commandId: operator.commandId },
      (stored) => stored.type === fact.type && stored.metadata.commandId === operator.commandId,
    );
  /** The facts of an act, by what was asked and answered. */
  const facts = async (
    { id }: Operator,
    name: keyof OpsCalls,
    args: readonly unknown[],
    answer: unknown,
  ): Promise<readonly (OpsEvent & { readonly data: { readonly projection: string } })[]> => {
    const at = new Date().toISOString();
    if (name === 'rebuild' || name === 'promote') {
      const rebuildId = name === 'rebuild' ? (answer as OpsCalls['rebuild']['answer']).rebuildId : String(args[0]);
      const status = await rebuildStatus(source, rebuildId);
      return (status?.projections ?? []).map((projection) =>
        name === 'rebuild'
          ? { type: 'RebuildRequested', data: { rebuildId, projection, requestedBy: id, requestedAt: at } }
          : { type: 'GenerationPromoted', data: { rebuildId, projection, promotedBy: id, promotedAt: at } },
      );
    }
    if (name === 'rollback') {
      const { generation } = answer as OpsCalls['rollback']['answer'];
      const projection = String(args[0]);
      return [{ type: 'GenerationRolledBack', data: { projection, generation, rolledBackBy: id, rolledBackAt: at } }];
    }
    return [];
  };
  const retry = (name: string, sequence: string) => projector.ask('retry', name, sequence);
  return {
    statuses: async () =>
      projectionStatuses(source, projections, { head: await store.head(), now: Date.now(), ...counting }),
    rebuild: (rebuildId) => rebuildStatus(source, rebuildId),
    role: projector.role,
    work: projector.work,
    isLive: () =>
      source.snapshot(async (_db, system) => (await system.seats()).some(({ name, held }) => name === LIVE && held)),
    act: async (operator, name, ...args) => {
      const answer = await projector.ask(name, ...args);
      let position: Position | null = null;
      for (const fact of await facts(operator, name, args, answer))
        position = await record(operator, fact.data.projection, fact);
      return { answer, position };
    },
    parked: async (name) => {
      const projection = projections.find((one) => one.name === name);
      return projection === undefined ? null : parkedSequences(source, projection, { after: null, limit: MOST });
    },
    retry: (operator, name, sequence) => {
      const at = new Date().toISOString();
      return retryParked({ events: store, retry }, name, { sequence, operator, at });
    },
    discard: async (operator, name, sequence, reason) => {
      const projection = projections.find((one) => one.name === name);
      const at = new Date().toISOString();
      if (projection === undefined) return null;
      return discardParked({ events: store, source, retry }, projection, { sequence, operator, at, reason });
    },
  };
};
