// A tenant's answers to the questions on which good products disagree. An empty stream is valid: every key has a default [H5].
// A key appears here with its first consumer, never before. Source: spec/settings.md.
import { Command, decider, defineEvents, hoursOf, reject, only, type Event, type Hours, type Rejection } from '#kernel';
import { getCountries } from 'libphonenumber-js/max';

export type SettingValue = string | boolean | number | null | Hours;

type Definition<V extends SettingValue> = {
  readonly default: V;
  readonly allowed: readonly V[];
  readonly description: string;
  /** Where the values cannot be listed and `allowed` shows their form: the value in its normal form, `undefined` if it is none. */
  readonly read?: (value: unknown) => V | undefined;
};

const choice = <const V extends readonly SettingValue[]>(allowed: V, description: string): Definition<V[number]> => ({
  default: allowed[0] as V[number],
  allowed,
  description,
});

/** The form of hours, as somebody who sets them sees it. */
const WEEKDAYS_NINE_TO_SIX: Hours = {
  timeZone: 'America/Sao_Paulo',
  weekly: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [['09:00', '18:00']] as const])),
  closed: ['2026-12-25'],
};

/** The first value is the default. */
export const SETTINGS = {
  'block.inboundMode': choice(
    ['ignore', 'quarantine', 'receive'],
    "What becomes of a blocked customer's message: only the fact; sealed content for auditors; or kept in the conversation, marked.",
  ),
  'block.quarantineDays': {
    default: 90,
    allowed: [1, 30, 90, 365, 3650],
    description: 'After how many days is quarantined content purged? Any whole number from 1 to 3650.',
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 3650 ? value : undefined,
  } as Definition<number>,
  'block.unblockBy': choice(['admin', 'supervisor', 'anyAgent'], 'Who may unblock a contact.'),
  'block.blockBy': choice(['anyAgent', 'supervisor', 'admin'], 'Who may block a contact.'),
  'block.requireConfirm': choice([true, false], 'Is confirm: true needed to block and to unblock?'),
  'block.notice': choice(['optional', 'off'], 'May a person send a last message when they block?'),
  'block.closeOpen': choice([true, false], 'Does a block conclude open conversations?'),
  'block.defaultScope': choice(['allChannels', 'thisChannel'], 'What a block covers when nothing is said.'),
  'block.reason': choice(['optional', 'required'], 'Must a block give a reason code?'),
  'block.allowExpiry': choice([false, true], 'May a block be temporary?'),
  'assignment.onReply': choice(
    ['never', 'ifUnassigned'],
    'Does a reply assign an unassigned conversation to its author?',
  ),
  'assignment.replyBy': choice(['anyWithAccess', 'assigneeOnly'], 'Who may reply in a conversation.'),
  'assignment.targets': choice(['activeMembers', 'availableOnly'], 'To whom a conversation may be assigned.'),
  'automation.pauseOn': choice(
    ['assigneeOrAnyIfUnassigned', 'assignee', 'anyAgent'],
    'Whose message pauses the automation.',
  ),
  'conclude.release': choice(['onConclude', 'onReopen', 'keep'], 'When a concluded conversation loses its assignee.'),
  'conclude.by': choice(['anyWithAccess', 'assigneeOnly'], 'Who may conclude a conversation.'),
  'wallet.perContact': choice(['many', 'one'], 'May a contact be in many wallets, or does adding it to one move it?'),
  'wallet.onCode': choice(
    ['addContact', 'addAndAssignResponsible'],
    "What a wallet's code does: adds the contact, or also assigns the conversation to the wallet's responsible.",
  ),
  'wallet.outOfHours': choice(
    ['unassigned', 'assignAnyway'],
    'Does a code assign outside of the working hours of its wallet?',
  ),
  'hours.default': {
    default: null,
    allowed: [null, WEEKDAYS_NINE_TO_SIX],
    description:
      'Working hours of wallets that have none of their own: hours in the form shown, or null for always open.',
    read: (value) => (value === null ? null : (hoursOf(value) ?? undefined)),
  } as Definition<Hours | null>,
  'consent.defaultPhone': choice([false, true], 'Do new contacts consent to whatsapp, viber and sms by default?'),
  'consent.defaultEmail': choice([false, true], 'Do new contacts consent to e-mail by default?'),
  'consent.gates': choice(
    ['notifications', 'allOutbound'],
    'What consent is asked for: what the company begins, or everything sent.',
  ),
  'duplicates.preventPhone': choice([false, true], 'Is a second contact with the same phone refused?'),
  'duplicates.preventEmail': choice([false, true], 'Is a second contact with the same e-mail refused?'),
  'region.default': {
    default: 'BR',
    allowed: getCountries(),
    description: 'The country whose form a phone without a country code is read in (ISO 3166).',
  } as Definition<string>,
} as const;

export type SettingKey = keyof typeof SETTINGS;
export type Settings = { readonly [K in SettingKey]: (typeof SETTINGS)[K]['default'] };

export type SettingsEvent = Event<
  'OrgSettingChanged',
  { key: string; oldValue: SettingValue; newValue: SettingValue; by: string }
>;

export const defaultSettings = Object.fromEntries(
  Object.entries(SETTINGS).map(([key, definition]) => [key, definition.default]),
) as Settings;

const isKey = (key: string): key is SettingKey => Object.hasOwn(SETTINGS, key);

const evolve = (state: Settings, event: SettingsEvent): Settings => {
  only(event, 'OrgSettingChanged');
  return { ...state, [event.data.key]: event.data.newValue };
};

export class ChangeSetting extends Command<{ readonly key: string; readonly value: unknown }> {
  readonly type = 'ChangeSetting';
}

const decide = (
  { data, metadata }: ChangeSetting,
  state: Settings,
): readonly SettingsEvent[] | Rejection<'setting-unknown' | 'setting-value-refused'> => {
  const { key, value } = data;
  if (!isKey(key)) return reject('setting-unknown');
  const { allowed, read }: Definition<SettingValue> = SETTINGS[key];
  const taken = read === undefined ? allowed.find((one) => one === value) : read(value);
  if (taken === undefined) return reject('setting-value-refused', { allowed });
  return JSON.stringify(state[key]) === JSON.stringify(taken)
    ? []
    : [
        {
          type: 'OrgSettingChanged',
          data: { key, oldValue: state[key], newValue: taken, by: metadata.caller.id },
        },
      ];
};

export const settingsDecider = decider({
  category: 'settings',
  commands: [ChangeSetting],
  idOf: () => '',
  initial: defaultSettings,
  evolve,
  decide,
});

export const settingsEvents = defineEvents<SettingsEvent>()({ OrgSettingChanged: { version: 1 } });
