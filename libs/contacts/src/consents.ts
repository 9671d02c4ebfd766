// What a contact agreed to, per channel. An explicit word beats the default that the contact began with, both ways [K11].

/** The channels that need a consent; all others are never gated. */
export const CONSENT_CHANNELS = ['whatsapp', 'viber', 'sms', 'email'] as const;
export type ConsentChannel = (typeof CONSENT_CHANNELS)[number];

/** Where a consent can come from; `org_default` is copied at registration, `merge` is computed. */
export type GrantSource = 'org_default' | 'manual' | 'customer' | 'import' | 'merge';
export type RevocationSource = 'manual' | 'customer' | 'opt_out_keyword' | 'merge';

export type Consent = {
  readonly state: 'granted' | 'revoked';
  readonly source: GrantSource | RevocationSource;
  readonly at: string;
  readonly wordingVersion: string | null;
  /** Is there evidence on record? */
  readonly evidenced: boolean;
};
/** A channel without an entry is unset. */
export type Consents = Readonly<Partial<Record<ConsentChannel, Consent>>>;

export type ConsentState = 'granted' | 'revoked' | 'unset';

export const needsConsent = (channel: string): channel is ConsentChannel =>
  (CONSENT_CHANNELS as readonly string[]).includes(channel);

/** The state on a channel; `null` where none is needed. */
export const consentOn = (consents: Consents, channel: string): ConsentState | null =>
  needsConsent(channel) ? (consents[channel]?.state ?? 'unset') : null;

/** The tenant's settings that give new contacts their first consents. */
export type ConsentDefaults = { readonly defaultPhone: boolean; readonly defaultEmail: boolean };

/** The channels on which a contact that is new now consents from the start, whatever addresses it has [K2 K6]. */
export const defaultChannels = ({ defaultPhone, defaultEmail }: ConsentDefaults): readonly ConsentChannel[] =>
  CONSENT_CHANNELS.filter((channel) => (channel === 'email' ? defaultEmail : defaultPhone));
