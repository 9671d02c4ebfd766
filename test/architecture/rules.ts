import ts from 'typescript';
import { impurities, routeMistakes, usesProcessEnv } from './syntax.js';
import {
  CONTEXTS,
  DOWNSTREAM,
  isPure,
  isSpec,
  PURE_LIBRARIES,
  roomOf,
  TECHNICAL,
  targetOf,
  type Source,
  type Target,
} from './rooms.js';

/** What is wrong with a file, in words; empty if nothing is. */
export const mistakesOf = (source: Source): readonly string[] => [
  ...importMistakes(source),
  ...(usesProcessEnv(source) && !isSpec(source.path) && source.path !== 'libs/platform/src/configuration.ts'
    ? [`${source.path} reads process.env, which only the configuration may`]
    : []),
  ...(isPure(source.path) ? impurities(source).map((what) => `${source.path} is pure but uses ${what}`) : []),
  ...(source.path.endsWith('.controller.ts') ? routeMistakes(source).map((what) => `${source.path}: ${what}`) : []),
];

/** Clients of servers, and the only folders that know them. The fake server stands on the client's own generated messages. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  '@eventstore/db-client': ['libs/event-store/src/eventstoredb/', 'test/fakes/eventstoredb/'],
  pg: ['libs/postgres/'],
  'pg-copy-streams': ['libs/read-store/src/postgres/'],
};

const importMistakes = (source: Source): readonly string[] =>
  ts
    .preProcessFile(source.text, true, true)
    .importedFiles.map(({ fileName }) => ({ fileName, target: targetOf(source.path, fileName) }))
    .filter(({ target }) => !mayImport(source.path, target))
    .map(({ fileName }) => `${source.path} may not import ${fileName}`);

const mayImport = (path: string, target: Target): boolean => {
  const homes = target.kind === 'package' ? CLIENTS[target.name] : undefined;
  if (homes !== undefined) return homes.some((folder) => path.startsWith(folder));
  const room = roomOf(path);
  // Compositions and tests see everything, but only they see an app.
  if (room === 'apps' || room === 'test' || isSpec(path)) return true;
  if (target.kind === 'room' && ['apps', 'test'].includes(target.room)) return false;
  if (isPure(path)) return pureMayImport(room, target);
  if (CONTEXTS.includes(room) || DOWNSTREAM.includes(room)) return edgeMayImport(room, target);
  if (room === 'kernel') return target.kind === 'own';
  // A technical room's routes are answered like all others.
  const isDoor = /\.(controller|module)\.ts$/.test(path);
  return (
    target.kind !== 'room' || (TECHNICAL[room] ?? []).includes(target.room) || (isDoor && target.room === 'platform')
  );
};

const pureMayImport = (room: string, target: Target): boolean => {
  switch (target.kind) {
    case 'own':
      return isPure(target.path);
    case 'room':
      return target.room === 'kernel' || (joins(room, target) && target.door === 'index');
    case 'package':
      return PURE_LIBRARIES.includes(target.name);
    case 'node':
      return false;
  }
};

/** Controllers, queries, modules, adapters. */
const edgeMayImport = (room: string, target: Target): boolean =>
  target.kind !== 'room' || target.room in TECHNICAL || joins(room, target);

/** A context knows no other; a downstream room knows every context, and the downstream rooms before it, by their doors. */
const joins = (room: string, target: Extract<Target, { kind: 'room' }>): boolean => {
  const rank = DOWNSTREAM.indexOf(room);
  const isBelow = CONTEXTS.includes(target.room) || DOWNSTREAM.slice(0, rank).includes(target.room);
  return rank >= 0 && isBelow && target.door !== null;
};
