import { describe, expect, it } from '@jest/globals';
import { fold } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import {
  ChangeStaffAccess,
  ChangeStaffRole,
  DeactivateStaffMember,
  InviteStaffMember,
  mayBeAssigned,
  SetStaffAvailability,
  staffDecider,
  type StaffEvent,
} from './staff-member.js';

const staffId = 'ana';
const by = callers.admin.id;
const metadata = asked(callers.admin, at('10:00'));
const invite = (data: Partial<InviteStaffMember['data']> = {}) =>
  new InviteStaffMember({ staffId, name: 'Ana Lima', role: 'agent', conversationAccess: 'all', ...data }, metadata);
const access = (conversationAccess: 'all' | 'assigned_only' | 'assigned_and_unassigned') =>
  new ChangeStaffAccess({ staffId, conversationAccess }, metadata);
const role = (to: 'agent' | 'supervisor' | 'admin') => new ChangeStaffRole({ staffId, role: to }, metadata);
const available = (is: boolean) => new SetStaffAvailability({ staffId, available: is }, metadata);
const deactivate = () => new DeactivateStaffMember({ staffId }, metadata);

const invited = (data: Partial<Extract<StaffEvent, { type: 'StaffMemberInvited' }>['data']> = {}): StaffEvent => ({
  type: 'StaffMemberInvited',
  data: { staffId, name: 'Ana Lima', role: 'agent', conversationAccess: 'all', invitedBy: by, ...data },
});
const deactivated: StaffEvent = { type: 'StaffMemberDeactivated', data: { staffId, by } };
const away: StaffEvent = { type: 'StaffAvailabilityChanged', data: { staffId, available: false, by } };
const after = (...facts: StaffEvent[]) => fold(staffDecider.evolve, staffDecider.initial, facts);

describe('inviting a staff member', () => {
  it.each(['all', 'assigned_only', 'assigned_and_unassigned'] as const)(
    'sets what they may see: %s [B13]',
    (conversationAccess) => {
      given(staffDecider).when(invite({ conversationAccess })).then(invited({ conversationAccess }));
      expect(after(invited({ conversationAccess }))).toMatchObject({
        status: 'active',
        access: conversationAccess,
        available: true,
      });
    },
  );
  it('is refused where the record exists, deactivated or not', () => {
    given(staffDecider, invited()).when(invite()).thenRejected('staff-exists');
    given(staffDecider, invited(), deactivated).when(invite()).thenRejected('staff-exists');
  });
});

describe('a staff member', () => {
  it('gets another access, and keeps the one that it has quietly [B13]', () => {
    given(staffDecider, invited())
      .when(access('assigned_only'))
      .then({ type: 'StaffAccessChanged', data: { staffId, old: 'all', new: 'assigned_only', by } });
    given(staffDecider, invited()).when(access('all')).thenNothing();
  });
  it('gets another role, and keeps the one that it has quietly', () => {
    given(staffDecider, invited())
      .when(role('supervisor'))
      .then({ type: 'StaffRoleChanged', data: { staffId, old: 'agent', new: 'supervisor', by } });
    given(staffDecider, invited()).when(role('agent')).thenNothing();
  });
  it('goes away and comes back, each said once', () => {
    given(staffDecider, invited()).when(available(false)).then(away);
    given(staffDecider, invited(), away).when(available(false)).thenNothing();
    given(staffDecider, invited(), away).when(available(true)).thenTypes('StaffAvailabilityChanged');
    given(staffDecider, invited()).when(available(true)).thenNothing();
  });
  it('is deactivated once, and then nothing about it changes', () => {
    given(staffDecider, invited()).when(deactivate()).then(deactivated);
    given(staffDecider, invited(), deactivated).when(deactivate()).thenNothing();
    for (const command of [access('assigned_only'), role('admin'), available(false)]) {
      given(staffDecider, invited(), deactivated).when(command).thenRejected('staff-inactive');
    }
  });
  it('is not known before it is invited', () => {
    for (const command of [access('all'), role('agent'), available(true), deactivate()]) {
      given(staffDecider).when(command).thenRejected('not-found');
    }
  });
});

describe('who may be assigned', () => {
  it.each(['agent', 'supervisor', 'admin'] as const)('is an active %s [B9 I7]', (is) => {
    expect(mayBeAssigned(after(invited({ role: is })), 'activeMembers')).toBe(true);
    expect(mayBeAssigned(after(invited({ role: is }), deactivated), 'activeMembers')).toBe(false);
    expect(mayBeAssigned(after(), 'activeMembers')).toBe(false);
  });
  it('is only who is available, where the tenant wants that', () => {
    expect(mayBeAssigned(after(invited(), away), 'activeMembers')).toBe(true);
    expect(mayBeAssigned(after(invited(), away), 'availableOnly')).toBe(false);
    expect(mayBeAssigned(after(invited()), 'availableOnly')).toBe(true);
    expect(mayBeAssigned(after(invited(), deactivated), 'availableOnly')).toBe(false);
  });
});
