import type { BodyOf } from '#client';
import type { Random } from '../traffic/random.js';
import { phoneOf } from '../traffic/phones.js';
import { NAMES, type Language } from './texts.js';

/** The staff of the demo. Ana, Sofia and Adriana are there since the server's first start in development. */
export const STAFF = [
  { staffId: 'ana', name: 'Ana Souza', role: 'agent', conversationAccess: 'all' },
  { staffId: 'bruno', name: 'Bruno Carvalho', role: 'agent', conversationAccess: 'all' },
  { staffId: 'carla', name: 'Carla Mendes', role: 'agent', conversationAccess: 'assigned_only' },
  { staffId: 'sofia', name: 'Sofia Lima', role: 'supervisor', conversationAccess: 'all' },
  { staffId: 'adriana', name: 'Adriana Reis', role: 'admin', conversationAccess: 'all' },
] as const;

export type StaffId = (typeof STAFF)[number]['staffId'];

type Channel = BodyOf<'/v1/messages/inbound', 'post'>['channel'];

/** A customer as the provider sees them. */
export type Customer = {
  readonly index: number;
  readonly name: string;
  readonly language: Language;
  readonly channel: Channel;
  readonly from: { readonly kind: Channel; readonly value: string; readonly displayName: string };
  readonly random: Random;
};

/** `run` keeps two demos on one server apart: its customers have addresses of their own. */
export const customersOf = (count: number, random: Random, run: string): readonly Customer[] => {
  const offset = random.fork(`numbers of ${run}`).below(90_000_000);
  return Array.from({ length: count }, (_, index) => {
    const language: Language = random.chance(0.7) ? 'pt' : 'en';
    const { first, last } = NAMES[language];
    const name = `${random.pick(first)} ${random.pick(last)}`;
    const channel: Channel = random.chance(0.7) ? 'whatsapp' : random.pick(['viber', 'instagram', 'email', 'webchat']);
    const handle = `${name
      .toLowerCase()
      .normalize('NFD')
      .replace(/[^a-z]/g, '')}.${run}.${index}`;
    const phone = phoneOf(language === 'pt' ? (random.chance(0.9) ? 'BR' : 'PT') : 'US', offset + index * 31);
    const value =
      channel === 'email' ? `${handle}@example.com` : channel === 'whatsapp' || channel === 'viber' ? phone : handle;
    return {
      index,
      name,
      language,
      channel,
      from: { kind: channel, value, displayName: name },
      random: random.fork(`customer ${index}`),
    };
  });
};

export const customerNamed = (name: string, random: Random, run: string): Customer => ({
  index: -1,
  name,
  language: 'pt',
  channel: 'whatsapp',
  from: {
    kind: 'whatsapp',
    value: phoneOf('BR', 90_000_000 + random.fork(`number of ${name} in ${run}`).below(9_000_000)),
    displayName: name,
  },
  random: random.fork(name),
});
