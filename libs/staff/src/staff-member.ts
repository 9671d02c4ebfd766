// A person who works here: invited, with a role and an access; what they may see and do follows from it at once.
import {
  Command,
  decider,
  defineEvents,
  reject,
  unheard,
  type ConversationAccess,
  type Event,
  type Rejection,
} from '#kernel';

export type StaffRole = 'agent' | 'supervisor' | 'admin';

export type StaffEvent =
  | Event<
      'StaffMemberInvited',
      {
        staffId: string;
        name: string | null;
        role: StaffRole;
        conversationAccess: ConversationAccess;
        invitedBy: string;
      }
    >
  | Event<'StaffAccessChanged', { staffId: string; old: ConversationAccess; new: ConversationAccess; by: string }>
  | Event<'StaffRoleChanged', { staffId: string; old: StaffRole; new: StaffRole; by: string }>
  | Event<'StaffAvailabilityChanged', { staffId: string; available: boolean; by: string }>
  | Event<'StaffMemberDeactivated', { staffId: string; by: string }>;

export type StaffMember =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'active' | 'deactivated';
      readonly staffId: string;
      readonly role: StaffRole;
      readonly access: ConversationAccess;
      readonly available: boolean;
    };

const evolve = (state: StaffMember, event: StaffEvent): StaffMember => {
  if (event.type === 'StaffMemberInvited') {
    const { staffId, role, conversationAccess } = event.data;
    return { status: 'active', staffId, role, access: conversationAccess, available: true };
  }
  if (state.status === 'unknown')
    return Object.hasOwn(staffEvents, event.type) ? state : unheard(state, event as never);
  switch (event.type) {
    case 'StaffAccessChanged':
      return { ...state, access: event.data.new };
    case 'StaffRoleChanged':
      return { ...state, role: event.data.new };
    case 'StaffAvailabilityChanged':
      return { ...state, available: event.data.available };
    case 'StaffMemberDeactivated':
      return { ...state, status: 'deactivated' };
    default:
      return unheard(state, event);
  }
};

export class InviteStaffMember extends Command<{
  readonly staffId: string;
  readonly name: string;
  readonly role: StaffRole;
  readonly conversationAccess: ConversationAccess;
}> {
  readonly type = 'InviteStaffMember';
}
export class ChangeStaffAccess extends Command<{
  readonly staffId: string;
  readonly conversationAccess: ConversationAccess;
}> {
  readonly type = 'ChangeStaffAccess';
}
export class ChangeStaffRole extends Command<{ readonly staffId: string; readonly role: StaffRole }> {
  readonly type = 'ChangeStaffRole';
}
export class SetStaffAvailability extends Command<{ readonly staffId: string; readonly available: boolean }> {
  readonly type = 'SetStaffAvailability';
}
export class DeactivateStaffMember extends Command<{ readonly staffId: string }> {
  readonly type = 'DeactivateStaffMember';
}

const commands = [
  InviteStaffMember,
  ChangeStaffAccess,
  ChangeStaffRole,
  SetStaffAvailability,
  DeactivateStaffMember,
] as const;
export type StaffCommand = InstanceType<(typeof commands)[number]>;
export type StaffRejection = 'not-found' | 'staff-exists' | 'staff-inactive';

const decide = (command: StaffCommand, member: StaffMember): readonly StaffEvent[] | Rejection<StaffRejection> => {
  const by = command.metadata.caller.id;
  if (command.type === 'InviteStaffMember') {
    const { staffId, name, role, conversationAccess } = command.data;
    return member.status === 'unknown'
      ? [{ type: 'StaffMemberInvited', data: { staffId, name, role, conversationAccess, invitedBy: by } }]
      : reject('staff-exists');
  }
  if (member.status === 'unknown') return reject('not-found');
  const { staffId } = member;
  if (command.type === 'DeactivateStaffMember') {
    return member.status === 'active' ? [{ type: 'StaffMemberDeactivated', data: { staffId, by } }] : [];
  }
  if (member.status === 'deactivated') return reject('staff-inactive');
  switch (command.type) {
    case 'ChangeStaffAccess':
      return member.access === command.data.conversationAccess
        ? []
        : [
            {
              type: 'StaffAccessChanged',
              data: { staffId, old: member.access, new: command.data.conversationAccess, by },
            },
          ];
    case 'ChangeStaffRole':
      return member.role === command.data.role
        ? []
        : [{ type: 'StaffRoleChanged', data: { staffId, old: member.role, new: command.data.role, by } }];
    case 'SetStaffAvailability':
      return member.available === command.data.available
        ? []
        : [{ type: 'StaffAvailabilityChanged', data: { staffId, available: command.data.available, by } }];
  }
};

/** May a conversation be assigned to this record? [I7] */
export const mayBeAssigned = (member: StaffMember, targets: 'activeMembers' | 'availableOnly'): boolean =>
  member.status === 'active' && (targets === 'activeMembers' || member.available);

export const staffDecider = decider({
  category: 'staff',
  commands,
  idOf: (command) => command.data.staffId,
  initial: { status: 'unknown' },
  evolve,
  decide,
  sealedFor: (member) => (member.status === 'unknown' ? '' : `staff:${member.staffId}`),
});

export const staffEvents = defineEvents<StaffEvent>()({
  StaffMemberInvited: { version: 1, personal: ['name'] },
  StaffAccessChanged: { version: 1 },
  StaffRoleChanged: { version: 1 },
  StaffAvailabilityChanged: { version: 1 },
  StaffMemberDeactivated: { version: 1 },
});
