import fc from 'fast-check';
import {
  ChangeStaffAccess,
  ChangeStaffRole,
  DeactivateStaffMember,
  InviteStaffMember,
  SetStaffAvailability,
  type StaffCommand,
} from '#staff/staff-member';
import { metadata, one } from './common.js';

const staffId = 'ana';
const role = one('agent', 'supervisor', 'admin');
const conversationAccess = one('all', 'assigned_only', 'assigned_and_unassigned');

export const staffCommands: fc.Arbitrary<StaffCommand> = fc
  .record({ role, conversationAccess, available: fc.boolean(), asked: metadata })
  .chain(({ role, conversationAccess, available, asked }) =>
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constant(new InviteStaffMember({ staffId, name: 'Ana', role, conversationAccess }, asked)),
      },
      { weight: 3, arbitrary: fc.constant(new ChangeStaffAccess({ staffId, conversationAccess }, asked)) },
      { weight: 3, arbitrary: fc.constant(new ChangeStaffRole({ staffId, role }, asked)) },
      { weight: 3, arbitrary: fc.constant(new SetStaffAvailability({ staffId, available }, asked)) },
      { weight: 1, arbitrary: fc.constant(new DeactivateStaffMember({ staffId }, asked)) },
    ),
  );
