import { createHash, type Hash } from 'node:crypto';
import type { StoredEvent } from '#event-store';
import { canonicalJson } from '#platform/canonical-json';

// An export as lines: each holds a fact and a hash over it and the hash before, the last one what all of them come to.
// Personal values stand as they are stored, sealed, so that an erasure changes nothing here; positions are the store's own and are
// outside of the chain, so that a move to another store changes nothing either.

/** What is chained of a fact. */
type Link = {
  readonly eventId: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly recordedAt: string;
  readonly metadata: unknown;
  readonly data: unknown;
};
export type ExportLine = { readonly position: string } & Link & { readonly hash: string };
/** The last line. `sha256` is over the bytes of all lines before it. */
export type Closing = { readonly head: string; readonly count: number; readonly sha256: string };

/** Stands before the first fact. */
const BEGINNING = '0'.repeat(64);

/** SHA-256 over the hash before, a line break, and the fact as canonical JSON (RFC 8785). Hex. */
const chained = (before: string, { eventId, type, stream, revision, recordedAt, metadata, data }: Link): string =>
  createHash('sha256')
    .update(`${before}\n`)
    .update(canonicalJson({ eventId, type, stream, revision, recordedAt, metadata, data }))
    .digest('hex');

/** The one way in which a line is written: any other bytes are not of an export. */
const written = ({ position, eventId, type, stream, revision, recordedAt, metadata, data, hash }: ExportLine): string =>
  `${JSON.stringify({ position, eventId, type, stream, revision, recordedAt, metadata, data, hash })}\n`;

const closed = ({ head, count, sha256 }: Closing): string => `${JSON.stringify({ head, count, sha256 })}\n`;

/** Writes an export, a fact after the other in the order of the log. */
export class ChainWriter {
  #head = BEGINNING;
  #count = 0;
  readonly #digest: Hash = createHash('sha256');

  /** The line of the next fact, with its line break. */
  line({ id, type, stream, revision, recordedAt, metadata, data, position }: StoredEvent): string {
    const link = { eventId: id, type, stream, revision, recordedAt, metadata, data };
    this.#head = chained(this.#head, link);
    this.#count += 1;
    const text = written({ position, ...link, hash: this.#head });
    this.#digest.update(text);
    return text;
  }

  /** What the lines so far come to. */
  closing(): Closing {
    return { head: this.#head, count: this.#count, sha256: this.#digest.copy().digest('hex') };
  }

  static lastLine(closing: Closing): string {
    return closed(closing);
  }
}

/** Something that is not as it was exported: in which line of the file, counted from 1, and what. */
export type Fault = { readonly line: number; readonly what: string };
export type Checked =
  | { readonly kind: 'fact'; readonly line: number; readonly hash: string; readonly fault: string | null }
  | {
      readonly kind: 'closing';
      readonly line: number;
      readonly closing: Closing | null;
      readonly fault: string | null;
    };

/**
 * Every line of an export with what is wrong with it; needs no server and keeps one line in memory. A fault is told where it shows
 * first: a line that was changed at itself, a line that was taken out at the one that followed it. The last is always of kind `closing`.
 */
export const checkedLines = async function* (bytes: AsyncIterable<Buffer>): AsyncGenerator<Checked, void, undefined> {
  const digest = createHash('sha256');
  let before = { hash: BEGINNING, position: '' };
  let at = 0;
  let count = 0;
  let held: Buffer | null = null;
  for await (const line of linesOf(bytes)) {
    if (held !== null) {
      at += 1;
      count += 1;
      digest.update(held);
      const fact = factOf(held);
      yield { kind: 'fact', line: at, hash: fact?.hash ?? '', fault: faultOf(held, fact, before) };
      // What a line says of itself is taken for the next one, so that each fault is told once.
      if (fact !== null) before = fact;
    }
    held = line;
  }
  const line = at + 1;
  const closing = held === null ? null : closingOf(held);
  yield {
    kind: 'closing',
    line,
    closing,
    fault: closingFault(held, closing, { head: before.hash, count, sha256: digest.digest('hex') }),
  };
};

const faultOf = (
  line: Buffer,
  fact: ExportLine | null,
  before: { readonly hash: string; readonly position: string },
): string | null => {
  if (fact === null) return 'is not the line of a fact';
  if (chained(before.hash, fact) !== fact.hash)
    return 'does not continue the chain: it was changed, or a line was taken out, put in or moved right before it';
  if (!line.equals(Buffer.from(written(fact)))) return 'is not written as an export writes it: its bytes were changed';
  if (fact.position <= before.position)
    return 'does not stand behind the one before in the order of the log: its position was changed';
  return null;
};

const closingFault = (line: Buffer | null, said: Closing | null, found: Closing): string | null => {
  if (line === null || said === null)
    return 'is not the closing line of an export: the file is cut off, or its end was changed';
  if (!line.equals(Buffer.from(closed(said)))) return 'is not written as an export writes it: its bytes were changed';
  if (said.count !== found.count)
    return `says ${String(said.count)} facts, and the file has ${String(found.count)}: lines are missing or too many`;
  if (said.head !== found.head) return 'says another head than the chain has: it, or the fact before it, was changed';
  if (said.sha256 !== found.sha256)
    return 'says another SHA-256 than the lines before it have: it, or a position in them, was changed';
  return null;
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parsed = (line: Buffer): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
};

const factOf = (line: Buffer): ExportLine | null => {
  const value = parsed(line);
  if (value === null || typeof value['revision'] !== 'number') return null;
  const texts = ['position', 'eventId', 'type', 'stream', 'recordedAt', 'hash'];
  return texts.every((name) => typeof value[name] === 'string') ? (value as unknown as ExportLine) : null;
};

const closingOf = (line: Buffer): Closing | null => {
  const value = parsed(line);
  const fits =
    typeof value?.['head'] === 'string' && typeof value['count'] === 'number' && typeof value['sha256'] === 'string';
  return fits ? (value as unknown as Closing) : null;
};

/** No fact comes near: what is longer has lost its line breaks. */
const LONGEST = 64 * 1024 * 1024;

/** Each line with its line break; the last one may lack it. */
const linesOf = async function* (bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end + 1)]);
      parts = [];
      held = 0;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    parts.push(chunk.subarray(from));
    held += chunk.length - from;
    if (held > LONGEST) {
      yield Buffer.concat(parts);
      parts = [];
      held = 0;
    }
  }
  if (parts.length > 0) yield Buffer.concat(parts);
};
