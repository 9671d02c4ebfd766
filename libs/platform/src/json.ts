import { isUtf8 } from 'node:buffer';
import { problem, type Problem } from './problem.js';

/** Deeper values are refused: nothing of ours is deeper than ten. */
export const MAX_DEPTH = 32;
/** Entries of one list, and lines of one NDJSON body (source: spec/http-api.md, "Habits"). */
export const MAX_ENTRIES = 10_000;

/**
 * Bytes to a JSON value: UTF-8 or nothing, no deeper than 32, no list above 10,000 entries, no U+0000 or lone surrogate,
 * no key that could reach a prototype, no number that JavaScript reads as infinite. Throws Problem 400. Empty bytes are `undefined`.
 */
export const parseBytes = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined;
  return parseJson(textOf(bytes));
};

/** The same for text that is known to be well-formed Unicode (a line of an NDJSON body). */
export const parseJson = (text: string): unknown => {
  if (isTooDeep(text)) throw refused(`is deeper than ${String(MAX_DEPTH)}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('is not well-formed JSON');
  }
  // JSON forbids raw control characters and the bytes were UTF-8, so that only an escape can bring U+0000 or a lone surrogate.
  inspect(value, text.includes('\\u'));
  return value;
};

/** The lines of an NDJSON body as they came; a closing line break makes no line. Throws Problem 400. */
export const parseLines = (bytes: Buffer): readonly string[] => {
  const lines = textOf(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > MAX_ENTRIES) throw refused(`has more than ${String(MAX_ENTRIES)} lines`);
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
};

/** Whether text may be stored: no U+0000 (PostgreSQL cannot hold it), no half of a surrogate pair (UTF-8 cannot). */
export const isStorableText = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

const textOf = (bytes: Buffer): string => {
  if (!isUtf8(bytes)) throw refused('is not UTF-8');
  return bytes.toString('utf8');
};

/** Before parsing: 500,000 brackets in 1 MB keep JSON.parse busy for 0.6 s, this scan needs 2 ms. Malformed text may pass. */
const isTooDeep = (text: string): boolean => {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = endOfText(text, at);
    } else if (unit === OPEN_LIST || unit === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) return true;
    } else if (unit === CLOSE_LIST || unit === CLOSE_OBJECT) {
      depth--;
    }
  }
  return false;
};

/** The place of the quote that closes the one at `from`: the next with an even number of backslashes before it. */
const endOfText = (text: string, from: number): number => {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const inspect = (value: unknown, escapes: boolean): void => {
  if (typeof value === 'string') {
    if (escapes && !isStorableText(value)) throw refused('has text with U+0000 or a lone surrogate');
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refused('has a number that is too large');
  } else if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) {
      if (value.length > MAX_ENTRIES) throw refused(`has a list of more than ${String(MAX_ENTRIES)} entries`);
      for (const entry of value) inspect(entry, escapes);
    } else {
      for (const [key, entry] of Object.entries(value)) {
        if (key === '__proto__' || key === 'constructor') throw refused('has a forbidden field name');
        if (escapes && !isStorableText(key)) throw refused('has a field name with U+0000 or a lone surrogate');
        inspect(entry, escapes);
      }
    }
  }
};

const refused = (message: string): Problem =>
  problem('invalid-request', `the body ${message}`, { errors: [{ path: '', message }] });
