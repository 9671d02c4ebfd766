// What stands against a send that the company begins. All of it is told, in one order; the weightiest names the refusal [K12 I12].
import { reject, type Rejection } from '#kernel';

/** `null`: the channel needs none. */
export type Consent = 'granted' | 'revoked' | 'unset' | null;

export type Reason = 'no-address' | 'consent-unset' | 'consent-revoked' | 'blocked';

/** Every reason that applies, always in the same order. */
export const reasonsAgainst = (place: {
  readonly hasAddress: boolean;
  readonly consent: Consent;
  readonly blocked: boolean;
}): readonly Reason[] => [
  ...(place.hasAddress ? [] : (['no-address'] as const)),
  ...(place.consent === null || place.consent === 'granted' ? [] : [`consent-${place.consent}` as const]),
  ...(place.blocked ? (['blocked'] as const) : []),
];

export type GateRejection = 'contact-blocked' | 'no-address' | 'consent-missing';

/** The refusal of a send with these reasons, with all of them; `null` if there are none. */
export const refusalFor = (reasons: readonly Reason[]): Rejection<GateRejection> | null => {
  if (reasons.includes('blocked')) return reject('contact-blocked', { reasons });
  if (reasons.includes('no-address')) return reject('no-address', { reasons });
  return reasons.length === 0 ? null : reject('consent-missing', { reasons });
};
