import { describe, expect, it } from '@jest/globals';
import { asked, at, callers, given } from '#kernel/given';
import {
  ChangeSetting,
  defaultSettings,
  SETTINGS,
  settingsDecider,
  type SettingsEvent,
  type SettingValue,
} from './settings.js';

const change = (key: string, value: unknown) => new ChangeSetting({ key, value }, asked(callers.admin, at('10:00')));
const changed = (key: string, oldValue: SettingValue, newValue: SettingValue): SettingsEvent => ({
  type: 'OrgSettingChanged',
  data: { key, oldValue, newValue, by: callers.admin.id },
});

describe('settings', () => {
  it('have the documented defaults where a tenant never said anything [H5]', () => {
    expect(settingsDecider.initial).toEqual({
      'block.inboundMode': 'ignore',
      'block.quarantineDays': 90,
      'block.unblockBy': 'admin',
      'block.blockBy': 'anyAgent',
      'block.requireConfirm': true,
      'block.notice': 'optional',
      'block.closeOpen': true,
      'block.defaultScope': 'allChannels',
      'block.reason': 'optional',
      'block.allowExpiry': false,
      'assignment.onReply': 'never',
      'assignment.replyBy': 'anyWithAccess',
      'assignment.targets': 'activeMembers',
      'automation.pauseOn': 'assigneeOrAnyIfUnassigned',
      'conclude.release': 'onConclude',
      'conclude.by': 'anyWithAccess',
      'wallet.perContact': 'many',
      'wallet.onCode': 'addContact',
      'wallet.outOfHours': 'unassigned',
      'hours.default': null,
      'consent.defaultPhone': false,
      'consent.defaultEmail': false,
      'consent.gates': 'notifications',
      'duplicates.preventPhone': false,
      'duplicates.preventEmail': false,
      'region.default': 'BR',
    });
    expect(defaultSettings).toEqual(settingsDecider.initial);
  });

  const choices = Object.entries(SETTINGS).map(([key, definition]) => [key, definition] as const);
  it.each(choices)(
    '%s takes each allowed value and records the old one beside it',
    (key, { allowed, default: standard }) => {
      for (const value of (allowed as readonly SettingValue[]).filter((one) => one !== standard)) {
        given(settingsDecider)
          .when(change(key, value))
          .then(changed(key, standard, value));
        given(settingsDecider, changed(key, standard, value))
          .when(change(key, standard))
          .then(changed(key, value, standard));
      }
    },
  );
  it.each(choices)('%s stays quiet about the value that it has [I17]', (key, { default: standard }) => {
    given(settingsDecider).when(change(key, standard)).thenNothing();
  });
  it.each(choices)('%s refuses what is not allowed and says what is', (key, { allowed }) => {
    const wrong = ['nonsense', 'true', 0, null, {}, [], undefined];
    for (const value of wrong.filter((one) => !(allowed as readonly unknown[]).includes(one))) {
      given(settingsDecider).when(change(key, value)).thenRejected('setting-value-refused', { allowed });
    }
  });
  it.each(['block.unknown', '', 'toString', '__proto__', 'constructor'])('refuse an unknown key: %p', (key) => {
    given(settingsDecider).when(change(key, true)).thenRejected('setting-unknown');
  });
  it('keep a value of a key that this code does not know yet or any more, and change nothing else', () => {
    const state = settingsDecider.evolve(settingsDecider.initial, changed('wallet.unheardOf', 'many', 'one'));
    expect(state).toEqual({ ...defaultSettings, 'wallet.unheardOf': 'one' });
  });
  it('take any hours as the default ones, in one form, and no others [W3]', () => {
    const hours = { timeZone: 'Europe/Lisbon', weekly: { fri: [['22:00', '02:00']] } };
    const stored = { ...hours, closed: [] } as unknown as SettingValue;
    given(settingsDecider)
      .when(change('hours.default', hours))
      .then(changed('hours.default', null, stored));
    given(settingsDecider, changed('hours.default', null, stored))
      .when(change('hours.default', hours))
      .thenNothing();
    given(settingsDecider)
      .when(change('hours.default', { ...hours, timeZone: 'Nowhere/Land' }))
      .thenRejected('setting-value-refused');
  });
  it('keep quarantined content for any whole number of days from 1 to 3650', () => {
    given(settingsDecider)
      .when(change('block.quarantineDays', 45))
      .then(changed('block.quarantineDays', 90, 45));
    for (const days of [1, 3650])
      given(settingsDecider)
        .when(change('block.quarantineDays', days))
        .then(changed('block.quarantineDays', 90, days));
    for (const days of [0, -1, 1.5, 3651, '90'])
      given(settingsDecider).when(change('block.quarantineDays', days)).thenRejected('setting-value-refused');
  });
  it('offer a sentence for each question', () => {
    expect(Object.values(SETTINGS).every(({ description }) => /^[A-Z].+[.?]$/.test(description))).toBe(true);
  });
});
