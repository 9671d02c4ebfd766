import type { BlockHistory } from './block-histories.adapter.js';
import type { Episode } from './block-history.js';
import { csvOf } from './csv.adapter.js';

export type HistoryFormat = 'json' | 'csv' | 'ndjson';

/** The history as one JSON object, episode after episode. */
export const asJson = async function* (history: BlockHistory): AsyncGenerator<string, void, undefined> {
  const { contactId, revision, streams } = history;
  yield `${JSON.stringify({ contactId, revision, streams }).slice(0, -1)},"episodes":[`;
  let between = '';
  for await (const episode of history.episodes) {
    yield `${between}${JSON.stringify(episode)}`;
    between = ',';
  }
  yield ']}';
};

/** An episode a line. */
export const asLines = async function* ({
  contactId,
  episodes,
}: BlockHistory): AsyncGenerator<string, void, undefined> {
  for await (const episode of episodes) yield `${JSON.stringify({ contactId, ...episode })}\n`;
};

const COLUMNS = [
  'contactId',
  'blockId',
  'kind',
  'scope',
  'reasonCode',
  'reasonText',
  'blockedBy',
  'blockedAt',
  'expiresAt',
  'originConversationId',
  'noticeMessageId',
  'changes',
  'endedAt',
  'endedBy',
  'endedHow',
  'requestedBy',
  'unblockReason',
  'durationMs',
  'ignored',
  'concludedConversationIds',
  'facts',
] as const;

/** An episode a row; what is a list or an object stands in its cell as JSON. */
export const asCsv = ({ contactId, episodes }: BlockHistory): AsyncIterable<string> => {
  const rows = async function* (): AsyncGenerator<readonly (string | number | null)[], void, undefined> {
    for await (const episode of episodes)
      yield COLUMNS.map((name) => (name === 'contactId' ? contactId : cell(episode, name)));
  };
  return csvOf(COLUMNS, rows());
};

const cell = (episode: Episode, name: keyof Episode): string | number | null => {
  const value = episode[name];
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
};
