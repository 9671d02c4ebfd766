import { connect, ownSchema, quoted, type Client } from '#postgres';
import type { Position } from '#kernel';

/** Where the writer says that the live checkpoint of a schema moved. Channels are the database's, hence the schema's name. */
export const checkpointChannel = (schema: string): string => `portaria:${schema}`;

const AGAIN_MS = 1_000;

/** Tells of the live checkpoint's moves in other processes, from now until `close`; a cut connection is made anew. What is missed meanwhile is found by polling. */
export const followMoves = (url: string, moved: (position: Position) => void): { close(): Promise<void> } => {
  let client: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let opening: Promise<void> = Promise.resolve();

  const open = async (): Promise<void> => {
    const made = await connect(url, { name: 'listener', statementMs: 10_000 }, () => {
      if (client === made) lost();
    });
    client = made;
    made.on('notification', ({ payload }) => {
      if (payload !== undefined) moved(payload as Position);
    });
    await made.query(`listen ${quoted(checkpointChannel((await ownSchema(made)).name))}`);
  };
  const lost = (): void => {
    const gone = client;
    client = null;
    gone?.end().catch(() => undefined);
    if (closed) return;
    timer = setTimeout(start, AGAIN_MS);
  };
  const start = (): void => {
    opening = open().catch(lost);
  };
  start();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await opening;
      const last = client;
      client = null;
      await last?.end().catch(() => undefined);
    },
  };
};
