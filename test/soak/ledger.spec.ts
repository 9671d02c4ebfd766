import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '#event-store';
import { streamName } from '#kernel';
import { TENANT } from '../traffic/tokens.js';
import { Ledger } from './ledger.js';
import type { Acknowledged } from './shift.js';

const fact = (type: string, revision: number, commandId: string, data: object = {}): StoredEvent =>
  ({
    stream: streamName('conversation', TENANT, 'c1'),
    ...{ type, revision, data, metadata: { commandId } },
  }) as unknown as StoredEvent;
const said = (key: string, action: string, revision: number, body: object): Acknowledged => ({
  path: `/v1/conversations/c1/${action}`,
  ...{ key, revision, body: body as Acknowledged['body'] },
});
const verdict = (facts: readonly StoredEvent[], ...acknowledged: readonly Acknowledged[]) => {
  const ledger = new Ledger();
  ledger.add(facts);
  const { lost, doubled } = ledger.verdict(acknowledged);
  return { lost: lost.length, doubled: doubled.length };
};

const sent = fact('MessageSendRequested', 1, 'k1', { messageId: 'm1' });
const sending = said('k1', 'messages', 1, { messageId: 'm1' });
const assigned = fact('ConversationAssigned', 2, 'k2', { assignmentNo: 3 });
const assigning = said('k2', 'assign', 2, { assignmentNo: 3 });

describe('what a soak says of the commands that were acknowledged', () => {
  it('nothing, where each one has its fact once', () => {
    expect(verdict([sent, assigned], sending, assigning)).toEqual({ lost: 0, doubled: 0 });
  });

  it('is quiet about one that found its work done by somebody else, and about facts of others', () => {
    const foreign = fact('ConversationAssigned', 2, 'k9', { assignmentNo: 3 });
    expect(verdict([sent, foreign], sending, assigning)).toEqual({ lost: 0, doubled: 0 });
  });

  it('that a message is lost whose fact is not there, though another command stored one', () => {
    const other = fact('MessageSendRequested', 1, 'k9', { messageId: 'm9' });
    expect(verdict([other], sending)).toEqual({ lost: 1, doubled: 0 });
  });

  it('that what was answered is lost if nobody stored it, or if the stream ends before it', () => {
    expect(verdict([sent], sending, assigning)).toEqual({ lost: 1, doubled: 0 });
    expect(verdict([sent], sending, said('k3', 'conclude', 7, {}))).toEqual({ lost: 1, doubled: 0 });
  });

  it('that a command is doubled whose fact is there twice, under its id or under its name', () => {
    const twice = fact('MessageSendRequested', 2, 'k1', { messageId: 'm2' });
    const again = fact('ConversationAssigned', 3, 'k8', { assignmentNo: 3 });
    expect(verdict([sent, twice], sending)).toEqual({ lost: 0, doubled: 1 });
    expect(verdict([sent, assigned, again], assigning)).toEqual({ lost: 0, doubled: 1 });
    expect(
      verdict(
        [fact('ConversationConcluded', 1, 'k4'), fact('ConversationConcluded', 2, 'k4')],
        said('k4', 'conclude', 2, {}),
      ),
    ).toEqual({ lost: 0, doubled: 1 });
  });
});
