import { describe, expect, it } from '@jest/globals';
import type { Caller, Position } from '#kernel';
import { liveChangesOf, toldOf, type Touched } from './live-changes.js';

const agent = (access: Caller['access'], id = 'lia'): Caller => ({ id, kind: 'staff', role: 'agent', access });
const auditor: Caller = { id: 'aud', kind: 'staff', role: 'auditor', access: 'all' };
const touched = (more: Partial<Touched> = {}): Touched => ({
  conversationId: 'c1',
  position: '1' as Position,
  assigneeId: null,
  before: [],
  readers: null,
  ...more,
});
const fact = (category: string, subject: string, type = 'Any', data: Record<string, unknown> = {}) => ({
  category,
  subject,
  stored: { type, data },
});

describe('what a fact changes in the lists', () => {
  it('is a conversation, with whose it was where it changed hands [B10 B14]', () => {
    expect(liveChangesOf(fact('conversation', 'c1'))).toEqual([{ of: 'conversation', conversationId: 'c1' }]);
    expect(
      ['lia', null].flatMap((previousAssigneeId) =>
        liveChangesOf(fact('conversation', 'c1', 'ConversationAssigned', { previousAssigneeId })),
      ),
    ).toEqual([
      { of: 'conversation', conversationId: 'c1', before: 'lia' },
      { of: 'conversation', conversationId: 'c1', before: null },
    ]);
  });

  it('is a reader\u2019s own count, the rows of a contact, the sight of a staff member', () => {
    expect([fact('readmarker', 'ana.c1'), fact('contact', 'k1'), fact('staff', 'lia')].flatMap(liveChangesOf)).toEqual([
      { of: 'marker', readerId: 'ana', conversationId: 'c1' },
      { of: 'contact', contactId: 'k1', spreads: false },
      { of: 'staff', staffId: 'lia' },
    ]);
  });

  it('is the rows of others with the same address where a cover may begin or end, and no name of theirs [R4 R9]', () => {
    const spreads = (type: string) =>
      liveChangesOf(fact('contact', 'k1', type)).map((one) => 'spreads' in one && one.spreads);
    for (const type of ['ContactBlocked', 'ContactBlockChanged', 'ContactUnblocked', 'ContactBlockExpired'])
      expect([type, spreads(type)]).toEqual([type, [true]]);
    for (const type of ['ContactDetailsChanged', 'ContactTagged', 'ConsentGranted'])
      expect([type, spreads(type)]).toEqual([type, [false]]);
  });

  it('is nothing for what a blocked customer sends [R7 H12]', () => {
    expect(liveChangesOf(fact('ignored', 'k1', 'BlockedMessageIgnored'))).toEqual([]);
  });
});

describe('who is told', () => {
  it('that it changed: whoever sees it now [B13 B14]', () => {
    const mine = touched({ assigneeId: 'lia' });
    expect(
      [agent('assigned_only'), agent('assigned_only', 'bia'), agent('all', 'ana'), auditor].map((who) =>
        toldOf(who, mine),
      ),
    ).toEqual(['changed', null, 'changed', 'changed']);
  });

  it('that it is gone: whoever saw it and does no more [B10 B14]', () => {
    const taken = touched({ assigneeId: 'bia', before: [null, 'lia'] });
    const callers = [agent('assigned_only'), agent('assigned_and_unassigned', 'caio'), agent('assigned_only', 'eva')];
    expect(callers.map((who) => toldOf(who, taken))).toEqual(['gone', 'gone', null]);
    expect(toldOf(agent('assigned_only', 'bia'), taken)).toBe('changed');
  });

  it('of a marker: its reader alone', () => {
    const read = touched({ readers: ['ana'] });
    expect([agent('all', 'ana'), agent('all', 'bia'), auditor].map((who) => toldOf(who, read))).toEqual([
      'changed',
      null,
      null,
    ]);
  });
});
