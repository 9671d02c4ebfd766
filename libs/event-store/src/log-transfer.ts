import { createHash } from 'node:crypto';
import { ensureLogStarted, logStream } from './log-identity.js';
import {
  WrongExpectedRevision,
  type EventReader,
  type EventStore,
  type EventToStore,
  type StoredEvent,
} from './port.js';

// A log as lines of JSON: how an installation moves between stores. Ids, metadata, revisions and recorded times are kept;
// the log's own identity is not, since what read models have seen of one log says nothing of another.

const FORMAT = 'portaria-log';

type Header = { readonly format: typeof FORMAT; readonly version: 1 };
type EventLine = Omit<StoredEvent, 'position'>;
/** The last line: how many facts there are, and the SHA-256 over their lines, each with its line break. */
export type Closing = { readonly count: number; readonly sha256: string };

/** The file is not a whole export: the message is one sentence that says where it is wrong. */
export class NotAnExport extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotAnExport';
  }
}

/** The target holds facts that are not of this export; nothing of them was changed. */
export class TargetTaken extends Error {
  constructor(stream: string) {
    super(`${stream} holds other facts in the target: import into an empty store, or the one where this import began`);
    this.name = 'TargetTaken';
  }
}

const lineOf = ({ id, type, schemaVersion, stream, revision, data, metadata, recordedAt }: StoredEvent): string =>
  `${JSON.stringify({ id, type, schemaVersion, stream, revision, recordedAt, metadata, data } satisfies EventLine)}\n`;

/** The whole log as lines, each with its line break: a header, one line a fact in log order, the closing line. `told` hears of progress. */
export const exportLog = async function* (
  log: Pick<EventReader, 'readAll'>,
  told: (count: number) => void = () => undefined,
): AsyncGenerator<string, Closing> {
  yield `${JSON.stringify({ format: FORMAT, version: 1 } satisfies Header)}\n`;
  const hash = createHash('sha256');
  let count = 0;
  for await (const page of log.readAll({ after: null })) {
    const lines = page.filter((event) => event.stream !== logStream).map(lineOf);
    const text = lines.join('');
    hash.update(text);
    count += lines.length;
    if (text !== '') yield text;
    told(count);
  }
  const closing = { count, sha256: hash.digest('hex') };
  yield `${JSON.stringify(closing)}\n`;
  return closing;
};

/** Reads an export to its end without storing anything. Throws NotAnExport. */
export const verifyExport = async (lines: AsyncIterable<string>): Promise<Closing> => {
  const hash = createHash('sha256');
  let count = 0;
  let closing: Closing | null = null;
  let at = 0;
  for await (const line of lines) {
    at += 1;
    const value = parsed(line, at);
    if (at === 1) {
      if (value['format'] !== FORMAT || value['version'] !== 1)
        throw new NotAnExport('the file does not begin like an export of a log');
    } else if (closing !== null) {
      throw new NotAnExport(`line ${String(at)} stands behind the closing line`);
    } else if (typeof value['sha256'] === 'string') {
      closing = { count: Number(value['count']), sha256: value['sha256'] };
    } else {
      hash.update(`${line}\n`);
      count += 1;
    }
  }
  if (closing === null) throw new NotAnExport('the file has no closing line: it is cut off, export it again');
  if (closing.count !== count)
    throw new NotAnExport(`the file has ${String(count)} facts, its closing line says ${String(closing.count)}`);
  if (closing.sha256 !== hash.digest('hex'))
    throw new NotAnExport('the facts are not those that were exported: the checksum differs');
  return closing;
};

/**
 * Appends the facts of a verified export in their order. Begun again after an interruption it goes on where it stopped: a fact that
 * stands already is recognised by its id. Throws TargetTaken. Gives the log an identity of its own at the end.
 */
export const importLog = async (
  lines: AsyncIterable<string>,
  target: EventStore,
  told: (count: number) => void = () => undefined,
): Promise<void> => {
  let count = 0;
  let run: EventLine[] = [];
  const store = async (): Promise<void> => {
    const [first] = run;
    if (first === undefined) return;
    await appendRun(target, first, run);
    count += run.length;
    run = [];
    told(count);
  };
  let at = 0;
  for await (const line of lines) {
    at += 1;
    const value = parsed(line, at);
    if (at === 1 || 'sha256' in value) continue;
    const event = value as unknown as EventLine;
    // Neighbours of one stream go in one append, which keeps the order of the whole log.
    if (run.length >= 200 || (run[0] !== undefined && run[0].stream !== event.stream)) await store();
    run.push(event);
  }
  await store();
  await ensureLogStarted(target);
};

const appendRun = async (target: EventStore, first: EventLine, run: readonly EventLine[]): Promise<void> => {
  const events = run.map(({ id, type, schemaVersion, data, metadata, recordedAt }): EventToStore => ({
    id,
    type,
    schemaVersion,
    data,
    metadata,
    recordedAt,
  }));
  const expected = first.revision === 0 ? 'no_stream' : { revision: first.revision - 1 };
  try {
    await target.append(first.stream, expected, events);
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    // A run that was cut by an interruption stands in part: fact by fact, each is recognised or appended.
    if (run.length === 1) throw new TargetTaken(first.stream);
    for (const event of run) await appendRun(target, event, [event]);
  }
};

const parsed = (line: string, at: number): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new NotAnExport(`line ${String(at)} is not JSON: the file is damaged`);
};
