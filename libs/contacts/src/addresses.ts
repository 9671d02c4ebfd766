import { domainToASCII } from './idn.js';
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/** What an address is. */
export const KINDS = [
  'phone',
  'whatsapp',
  'viber',
  'sms',
  'email',
  'webchat',
  'facebook',
  'instagram',
  'telegram',
] as const;
export type Kind = (typeof KINDS)[number];

/** What a conversation runs over: the kinds without `phone`. */
export const CHANNELS = ['whatsapp', 'viber', 'sms', 'email', 'webchat', 'facebook', 'instagram', 'telegram'] as const;
export type Channel = (typeof CHANNELS)[number];

const PHONE_KINDS: readonly string[] = ['phone', 'whatsapp', 'viber', 'sms'];
const PHONE_CHANNELS: readonly Channel[] = ['whatsapp', 'viber', 'sms'];

/** The tenant's settings that refuse a second contact with the same address. */
export type DuplicateRules = { readonly preventPhone: boolean; readonly preventEmail: boolean };

/** May no second contact have an address of this kind? [K10] */
export const isPrevented = (kind: Kind, { preventPhone, preventEmail }: DuplicateRules): boolean =>
  kind === 'email' ? preventEmail : preventPhone && PHONE_KINDS.includes(kind);

/** What inbound keeps to: it attaches, and never fails for a duplicate. */
export const NOTHING_PREVENTED: DuplicateRules = { preventPhone: false, preventEmail: false };

/** The channels on which an identity of this kind is an address. */
export const channelsOf = (kind: Kind): readonly Channel[] =>
  PHONE_KINDS.includes(kind) ? PHONE_CHANNELS : CHANNELS.filter((channel) => channel === kind);

/** The kinds in which an inbound message of a channel may name its sender: its own, and `phone` where phones are its addresses. */
export const mayComeFrom = (channel: Channel, kind: Kind): boolean =>
  kind === channel || (kind === 'phone' && PHONE_CHANNELS.includes(channel));

/** Weak: a browser's cookie or a typed e-mail says nothing of the person until it is verified. */
export const isWeak = (kind: Kind, verified: boolean): boolean => !verified && (kind === 'webchat' || kind === 'email');

/** `value` in its canonical spelling; `key` is the same for all spellings and, for phones, for all phone kinds. */
export type Address = { readonly key: string; readonly value: string };

const MAX_LENGTH = 320;

/**
 * The canonical address, or `null` if the value is none of its kind. `region` (ISO 3166) reads phones without a country code;
 * for `whatsapp` and `viber` digits alone are international. Source: spec/domain.md, "Keys".
 */
export const canonicalAddress = (kind: Kind, value: string, region: string): Address | null => {
  const trimmed = value.trim();
  if (trimmed === '' || value.length > MAX_LENGTH) return null;
  if (PHONE_KINDS.includes(kind)) {
    const phone = canonicalPhone(kind, trimmed, region);
    return phone === null ? null : { key: `phone:${phone}`, value: phone };
  }
  if (kind === 'email') {
    const email = canonicalEmail(trimmed);
    return email === null ? null : { key: `email:${email}`, value: email };
  }
  return { key: `${kind}:${value}`, value };
};

/**
 * Every spelling under which an address is met elsewhere, the canonical one first: phones with and without the plus, Brazilian mobile
 * numbers of both lengths too. Whoever looks up an address as a provider gives it needs no rule of their own.
 */
export const spellingsOf = (kind: Kind, canonical: string): readonly string[] => {
  if (!PHONE_KINDS.includes(kind)) return [canonical];
  const [, area, rest] = /^\+55(\d{2})9([6-9]\d{7})$/.exec(canonical) ?? [];
  const all = area === undefined || rest === undefined ? [canonical] : [canonical, `+55${area}${rest}`];
  return all.flatMap((phone) => [phone, phone.slice(1)]);
};

const canonicalPhone = (kind: Kind, value: string, region: string): string | null => {
  const international = (kind === 'whatsapp' || kind === 'viber') && /^\d+$/.test(value);
  const parsed = parsePhoneNumberFromString(international ? `+${value}` : value, {
    defaultCountry: region as CountryCode,
    extract: false,
  });
  if (parsed === undefined || parsed.ext !== undefined) return null;
  const national = parsed.nationalNumber;
  // Mobile numbers of before 2016 lack the ninth digit; both forms are one address.
  if (parsed.countryCallingCode === '55' && /^\d{2}[6-9]\d{7}$/.test(national)) {
    const longer = parsePhoneNumberFromString(`+55${national.slice(0, 2)}9${national.slice(2)}`);
    return longer?.isValid() === true ? longer.number : null;
  }
  return parsed.isValid() ? parsed.number : null;
};

const canonicalEmail = (value: string): string | null => {
  const at = value.lastIndexOf('@');
  const local = value.slice(0, at).toLowerCase();
  const domain = domainToASCII(value.slice(at + 1).toLowerCase());
  if (at <= 0 || domain === null || /[\s@,;<>()[\]\\"]/.test(local)) return null;
  return `${local}@${domain}`;
};
