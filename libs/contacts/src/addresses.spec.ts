import { describe, expect, it } from '@jest/globals';
import {
  canonicalAddress,
  channelsOf,
  CHANNELS,
  isWeak,
  KINDS,
  mayComeFrom,
  type Kind,
  isPrevented,
} from './addresses.js';

const keyOf = (kind: Kind, value: string, region = 'BR'): string | null =>
  canonicalAddress(kind, value, region)?.key ?? null;

describe('a phone', () => {
  it.each([
    '+55 88 99999-0000',
    '+55 88 9999-0000',
    '(88) 99999-0000',
    '(88) 9999-0000',
    '088 99999-0000',
    ' +5588999990000 ',
    '0 15 88 99999-0000',
  ])('is one address in every spelling, with or without the ninth digit: %s', (value) => {
    expect(canonicalAddress('phone', value, 'BR')).toEqual({ key: 'phone:+5588999990000', value: '+5588999990000' });
  });

  it('shares its key with whatsapp, viber and sms', () => {
    const keys = (['phone', 'whatsapp', 'viber', 'sms'] as const).map((kind) => keyOf(kind, '+55 88 99999-0000'));
    expect(new Set(keys)).toEqual(new Set(['phone:+5588999990000']));
  });

  it('made of digits alone is international on whatsapp and viber, national elsewhere', () => {
    expect(keyOf('whatsapp', '558899990000')).toBe('phone:+5588999990000');
    expect(keyOf('viber', '12025550123')).toBe('phone:+12025550123');
    expect(keyOf('sms', '88999990000')).toBe('phone:+5588999990000');
    expect(keyOf('whatsapp', '88999990000')).toBeNull();
  });

  it('without a country code is read in the region', () => {
    expect(keyOf('phone', '202 555 0123', 'US')).toBe('phone:+12025550123');
    expect(keyOf('phone', '202 555 0123', 'BR')).toBeNull();
    expect(keyOf('phone', '+1 202 555 0123', 'BR')).toBe('phone:+12025550123');
  });

  it('keeps ten digits where the third is a landline’s', () => {
    expect(keyOf('phone', '(88) 3333-4444')).toBe('phone:+558833334444');
    expect(keyOf('phone', '(88) 5333-4444')).toBe('phone:+558853334444');
  });

  it.each([
    '',
    '   ',
    '9999-0000',
    '+55 88 59999-0000',
    'ana@example.com',
    'call 88 99999-0000',
    '+55 88 99999-0000 x2',
    '1-800-FLOWERS',
    '+',
  ])('is not read out of what is none: %p', (value) => {
    expect(canonicalAddress('phone', value, 'BR')).toBeNull();
  });
});

describe('an e-mail', () => {
  it('is trimmed, lower-cased, and its domain written in ASCII', () => {
    expect(canonicalAddress('email', '  Ana.Lima@Exämple.COM ', 'BR')).toEqual({
      key: 'email:ana.lima@xn--exmple-cua.com',
      value: 'ana.lima@xn--exmple-cua.com',
    });
    expect(keyOf('email', 'ana@xn--exmple-cua.com')).toBe(keyOf('email', 'ANA@exämple.com'));
  });

  it.each([
    'ana',
    '@example.com',
    'ana@',
    'ana@localhost',
    'ana lima@example.com',
    'a@b@example.com',
    '<ana@example.com>',
    'ana@10.0.0.1',
    'ana@ex%61mple.com',
    'ana@example.com/x',
  ])('is not read out of what is none: %p', (value) => {
    expect(canonicalAddress('email', value, 'BR')).toBeNull();
  });
});

describe('an address of another kind', () => {
  it('is its kind and its value as given', () => {
    expect(canonicalAddress('telegram', '@Ana', 'BR')).toEqual({ key: 'telegram:@Ana', value: '@Ana' });
    expect(canonicalAddress('webchat', ' a ', 'BR')).toEqual({ key: 'webchat: a ', value: ' a ' });
    expect(keyOf('facebook', '5588999990000')).not.toBe(keyOf('instagram', '5588999990000'));
  });

  it('is neither empty nor longer than 320 characters', () => {
    expect(keyOf('telegram', '  ')).toBeNull();
    expect(keyOf('telegram', 'x'.repeat(320))).not.toBeNull();
    expect(keyOf('telegram', 'x'.repeat(321))).toBeNull();
  });
});

describe('kinds and channels', () => {
  it('know every kind but phone as a channel', () => {
    expect(KINDS.filter((kind) => kind !== 'phone')).toEqual([...CHANNELS]);
  });

  it('make any phone kind an address of whatsapp, viber and sms, and every other kind one of itself alone', () => {
    for (const kind of ['phone', 'whatsapp', 'viber', 'sms'] as const)
      expect(channelsOf(kind)).toEqual(['whatsapp', 'viber', 'sms']);
    for (const kind of ['email', 'webchat', 'facebook', 'instagram', 'telegram'] as const)
      expect(channelsOf(kind)).toEqual([kind]);
  });

  it('let a message come from its own kind, and from a phone where phones are addresses', () => {
    expect(mayComeFrom('whatsapp', 'whatsapp')).toBe(true);
    expect(mayComeFrom('sms', 'phone')).toBe(true);
    expect(mayComeFrom('whatsapp', 'sms')).toBe(false);
    expect(mayComeFrom('email', 'phone')).toBe(false);
    expect(mayComeFrom('email', 'email')).toBe(true);
  });

  it('call only an unverified webchat or e-mail weak [H18 H19]', () => {
    const weak = KINDS.filter((kind) => isWeak(kind, false));
    expect(weak).toEqual(['email', 'webchat']);
    expect(KINDS.some((kind) => isWeak(kind, true))).toBe(false);
  });
});

it('prevention speaks of phones and e-mails, never of other addresses [K10]', () => {
  const phones = { preventPhone: true, preventEmail: false };
  const emails = { preventPhone: false, preventEmail: true };
  for (const kind of ['phone', 'whatsapp', 'viber', 'sms'] as const) {
    expect(isPrevented(kind, phones)).toBe(true);
    expect(isPrevented(kind, emails)).toBe(false);
  }
  expect(isPrevented('email', emails)).toBe(true);
  expect(isPrevented('email', phones)).toBe(false);
  for (const kind of ['webchat', 'facebook', 'instagram', 'telegram'] as const) {
    expect(isPrevented(kind, { preventPhone: true, preventEmail: true })).toBe(false);
  }
});
