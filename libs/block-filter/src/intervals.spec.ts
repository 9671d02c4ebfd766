// What a gateway in its own memory knows while contacts are merged and separated: it never loses sight of an address that is covered.
import { describe, expect, it } from '@jest/globals';
import {
  AbsorbContact,
  BlockContact,
  CompleteMerge,
  contactDecider,
  coverageOf,
  presentContact,
  RestoreContact,
  SeparateContacts,
  UNKNOWN_RULES,
  type AbsorbedContact,
  type Channel,
  type Contact,
  type ContactCommand,
  type ContactEvent,
} from '#contacts';
import { fold, intervalAt, isRejection } from '#kernel';
import { asked, at, callers } from '#kernel/given';
import { linesOf, type Covered, type IntervalLine } from './intervals.js';

const PHONES = { ada: '+5511987650001', eva: '+5511987650002' } as const;
type Name = keyof typeof PHONES;
const about = { mine: true, mergeId: 'm1' };
const by = (time: string) => asked(callers.admin, at(time));

/** Two contacts, the lines that were told of each whenever a fact of it came, and a gateway that heard all of them. */
const world = () => {
  const contacts = new Map<string, Contact>();
  const heard = new Map<string, IntervalLine>();
  const covered = (contactId: string): Covered | undefined => {
    const contact = contacts.get(contactId);
    if (contact === undefined || contact.status === 'unknown') return undefined;
    const identities = contact.identities
      .filter((one) => one.detachedAt === null)
      .map(({ identityId, kind, value, verified }) => ({ identityId, kind, value, verified }));
    return { contact, identities };
  };
  const put = (into: Map<string, IntervalLine>, lines: readonly IntervalLine[]): void => {
    for (const line of lines) {
      const key = [line.identityId, line.blockId, line.from, ...line.channels].join(' ');
      if (line.addresses.length === 0) into.delete(key);
      else into.set(key, line);
    }
  };
  const lines = (contactId: string): readonly IntervalLine[] => {
    const one = covered(contactId);
    const other = covered(contactId === 'ada' ? 'eva' : 'ada');
    return one === undefined ? [] : linesOf(one, new Map(other && [[other.contact.contactId, other]]));
  };
  const tell = (contactId: string, facts: readonly ContactEvent[]): void => {
    const state = contacts.get(contactId) ?? contactDecider.initial;
    contacts.set(contactId, fold(contactDecider.evolve, state, facts));
    put(heard, lines(contactId));
  };
  const does = (command: ContactCommand): void => {
    const { contactId } = command.data;
    const decided = contactDecider.decide(command, contacts.get(contactId) ?? contactDecider.initial);
    if (isRejection(decided)) throw new Error(decided.rejected);
    tell(contactId, decided);
  };
  for (const contactId of ['ada', 'eva'] as const) {
    tell(contactId, [
      {
        type: 'ContactRegistered',
        data: {
          contactId,
          displayName: contactId,
          source: 'manual',
          identities: [{ identityId: `${contactId}-1`, kind: 'whatsapp', value: PHONES[contactId], verified: true }],
          registeredAt: at('09:00'),
        },
      },
    ]);
  }
  const hides = (all: ReadonlyMap<string, IntervalLine>, name: Name, time: string): boolean =>
    [...all.values()].some(
      (line) =>
        line.addresses.includes(PHONES[name]) &&
        line.channels.includes('whatsapp') &&
        intervalAt([{ ...line }], at(time)) !== null,
    );
  const snapshot = (): ReadonlyMap<string, IntervalLine> => {
    const all = new Map<string, IntervalLine>();
    for (const contactId of contacts.keys())
      put(
        all,
        lines(contactId).filter(({ addresses }) => addresses.length > 0),
      );
    return all;
  };
  const absorbed = () => contacts.get('eva') as AbsorbedContact;
  return {
    block: (contactId: Name, time: string, channels?: readonly Channel[]) => {
      const rules = { ...UNKNOWN_RULES, reason: 'optional' as const };
      const scope = channels === undefined ? {} : { scope: { channels } };
      does(
        new BlockContact(
          { contactId, mine: true, blockId: `of ${contactId}`, confirm: true, rules, ...scope },
          by(time),
        ),
      );
    },
    freeze: () => {
      does(new AbsorbContact({ ...about, contactId: 'eva', intoId: 'ada' }, by('10:00')));
    },
    merge: () => {
      const data = { ...about, contactId: 'ada', absorbed: absorbed(), walletOutcome: [], mergedBy: 'sol' };
      does(new CompleteMerge(data, by('10:05')));
    },
    separate: () => {
      does(new SeparateContacts({ ...about, contactId: 'ada', absorbed: absorbed(), undoneBy: 'sol' }, by('11:00')));
    },
    restore: () => {
      const ada = contacts.get('ada');
      const restored = ada?.status === 'active' ? ada.merges[0]?.restored : null;
      if (restored === undefined || restored === null) throw new Error('nothing was given back');
      does(new RestoreContact({ ...about, contactId: 'eva', fromId: 'ada', restored, undoneBy: 'sol' }, by('11:05')));
    },
    /** By the lines heard, by a snapshot of now, and by the write side. */
    verdicts: (name: Name, time: string) => {
      const present = presentContact(contacts, name, at('12:00'));
      return {
        heard: hides(heard, name, time),
        snapshot: hides(snapshot(), name, time),
        intake: intervalAt(coverageOf(present, `${name}-1`, 'whatsapp'), at(time)) !== null,
      };
    },
  };
};

const same = (hidden: boolean) => ({ heard: hidden, snapshot: hidden, intake: hidden });
const TIMES = ['09:15', '09:31', '09:46', '09:59', '10:00', '10:04', '10:05', '10:30'];

describe('what gateways are told of a merge', () => {
  it.each([
    ['nobody is blocked', [], []],
    ['the survivor is blocked', ['ada'], []],
    ['the absorbed is blocked', ['eva'], []],
    ['both are blocked', ['ada', 'eva'], []],
    ['both are blocked, the survivor elsewhere', ['ada', 'eva'], ['ada']],
    ['both are blocked, the absorbed elsewhere', ['ada', 'eva'], ['eva']],
  ] as const)('is what intake does, whichever step was the last: %s [I14 R3]', (_, blocked, elsewhere) => {
    const all = world();
    for (const [n, name] of blocked.entries())
      all.block(name, n === 0 ? '09:30' : '09:45', (elsewhere as readonly Name[]).includes(name) ? ['sms'] : undefined);
    const expectSame = (step: string): void => {
      for (const name of ['ada', 'eva'] as const) {
        for (const time of [...TIMES, '11:00', '11:30']) {
          const { intake, ...told } = all.verdicts(name, time);
          expect({ step, name, time, ...told }).toEqual({ step, name, time, heard: intake, snapshot: intake });
        }
      }
    };
    expectSame('blocked');
    all.freeze();
    expectSame('frozen');
    all.merge();
    expectSame('merged');
    all.separate();
    expectSame('separated');
    all.restore();
    expectSame('restored');
  });

  it('covers whoever was covered at every step, the other side from the freezing on [I14]', () => {
    const all = world();
    all.block('eva', '09:30');
    for (const step of [all.freeze, all.merge]) {
      step();
      expect(all.verdicts('eva', '10:30')).toEqual(same(true));
      expect(all.verdicts('ada', '09:59')).toEqual(same(false));
    }
    expect(all.verdicts('ada', '10:01')).toEqual(same(true));
    all.separate();
    expect(all.verdicts('eva', '11:30')).toEqual(same(true));
    all.restore();
    expect(all.verdicts('eva', '11:30')).toEqual(same(true));
    expect(all.verdicts('ada', '11:30')).toEqual(same(false));
  });
});
