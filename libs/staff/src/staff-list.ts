// The list of staff members. Names are sealed, with a key per staff member; the query opens them.
import { integer, json, projection, text, type Recorded } from '#kernel';
import type { StaffEvent } from './staff-member.js';

export const staffList = projection<StaffEvent>()({
  name: 'staff',
  version: 1,
  table: {
    key: ['staff_id'],
    columns: { name: json<unknown>(), role: text, conversation_access: text, available: integer, active: integer },
  },
  keyOf: ({ data }: Recorded<StaffEvent>) => ({ staff_id: data.staffId }),
  on: {
    StaffMemberInvited: (_row, { data }) => ({
      name: data.name,
      role: data.role,
      conversation_access: data.conversationAccess,
      available: 1,
      active: 1,
    }),
    StaffAccessChanged: (row, { data }) => row && { ...row, conversation_access: data.new },
    StaffRoleChanged: (row, { data }) => row && { ...row, role: data.new },
    StaffAvailabilityChanged: (row, { data }) => row && { ...row, available: data.available ? 1 : 0 },
    StaffMemberDeactivated: (row) => row && { ...row, active: 0 },
  },
});
