import type { Event } from './event.js';

/** Pure, JSON to JSON: from the version of its key to the next. Sealed values may be moved, never opened. */
export type Upcaster = (data: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

export type EventDefinition = {
  /** The newest version, from 1. */
  readonly version: number;
  /** Paths of personal values: `displayName`, `identities[].value`. */
  readonly personal?: readonly string[];
  /** From version n to n + 1, one for each n below `version`. */
  readonly upcast?: Readonly<Record<number, Upcaster>>;
};

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** The stored types of a room, total over its union: `defineEvents<ContactEvent>()({ … })`. */
export const defineEvents =
  <E extends Event>() =>
  (definitions: Readonly<Record<E['type'], EventDefinition>>): EventDefinitions =>
    definitions;
