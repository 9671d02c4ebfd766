import { parse, v5, validate } from 'uuid';

/** Fixed for ever: another namespace would give every repeated request other ids than at first. */
const NAMESPACE = parse('6f0c6a0e-2d3b-5a8e-9a41-0c7d1f5e8b27');

/**
 * The id that the server makes for one thing of a command: UUIDv5 over tenant, command id, stream and the thing's name in the command,
 * so that a repeat makes the same (source: spec/domain.md, "Streams").
 */
export const deriveId = (tenant: string, commandId: string, stream: string, name: string): string =>
  // As bytes: of a text the library makes them one by one.
  v5(Buffer.from(JSON.stringify([tenant, commandId, stream, name])), NAMESPACE);

export const isUuid = (value: string): boolean => validate(value);
