import { describe, expect, it } from '@jest/globals';
import { at } from '#kernel/given';
import { hiddenBy, messageTime } from './cover.js';

const covered = (from: string, to: string | null, blockId = 'b1') => ({ from, to, blockId });
const hiding = (covers: ReturnType<typeof covered>[], sentAt: string | null, receivedAt: string) =>
  hiddenBy(covers, sentAt, receivedAt)?.blockId ?? null;

describe('the time of a message', () => {
  it('is when the customer sent it, else when it arrived, and never after that', () => {
    expect(messageTime(at('09:59'), at('10:00'))).toBe(at('09:59'));
    expect(messageTime(null, at('10:00'))).toBe(at('10:00'));
    expect(messageTime(at('10:30'), at('10:00'))).toBe(at('10:00'));
  });
});

describe('a message', () => {
  const morning = [covered(at('10:00'), at('11:00'))];

  it('sent while blocked is hidden, whenever it arrives [H14 I4]', () => {
    expect(hiding(morning, at('10:05'), at('10:05:01'))).toBe('b1');
    expect(hiding(morning, at('10:59:59.999'), at('12:00'))).toBe('b1');
    expect(hiding([covered(at('10:00'), null)], at('10:05'), at('10:05', 3))).toBe('b1');
  });
  it('is hidden from the first instant of the block, and displayed at exactly its end [H14 I4]', () => {
    expect(hiding(morning, at('10:00'), at('10:00'))).toBe('b1');
    expect(hiding(morning, at('11:00'), at('11:00'))).toBeNull();
    expect(hiding(morning, null, at('11:00'))).toBeNull();
    expect(hiding(morning, null, at('10:59:59.999'))).toBe('b1');
  });
  it('sent before the block and delivered during it is displayed [H14]', () => {
    expect(hiding(morning, at('09:59:59'), at('10:00:03'))).toBeNull();
  });
  it('that claims to be sent later than it arrived counts as sent when it arrived', () => {
    expect(hiding(morning, at('12:00'), at('10:30'))).toBe('b1');
    expect(hiding(morning, at('10:30'), at('09:00'))).toBeNull();
  });
  it('that claims to be older than a day is taken for a day old too: a wrong clock brings nothing past a block', () => {
    const yesterday = [covered(at('08:00', -1), at('12:00', -1))];
    expect(hiding(yesterday, at('08:00', -30), at('10:00'))).toBe('b1');
    expect(hiding(yesterday, at('07:00', -1), at('08:00'))).toBe('b1');
    expect(hiding(yesterday, at('07:00', -1), at('07:59:59.999'))).toBeNull();
    expect(hiding(yesterday, at('07:00', -1), at('12:00'))).toBeNull();
    expect(hiding([covered(at('08:00', -1), null)], at('08:00', -30), at('10:00'))).toBe('b1');
  });
  it('that really is older than a day stays hidden by the block of its day', () => {
    expect(hiding([covered(at('08:00', -5), at('12:00', -5))], at('09:00', -5), at('10:00'))).toBe('b1');
  });
  it('is hidden by the episode that covers its own time before the one that covers the clamped one', () => {
    expect(
      hiding(
        [covered(at('09:00', -1), at('23:00', -1), 'clamped'), covered(at('08:00', -5), at('12:00', -5), 'own')],
        at('09:00', -5),
        at('10:00'),
      ),
    ).toBe('own');
  });
  it('of somebody who was never blocked is displayed', () => {
    expect(hiding([], at('10:00'), at('10:00'))).toBeNull();
  });
});
