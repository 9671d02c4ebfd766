import { Module } from '@nestjs/common';
import { handlersFor } from '#platform';
import { StaffController } from './staff.controller.js';
import { StaffCommands } from './staff.handlers.js';
import { staffDecider } from './staff-member.js';
import { ListStaffHandler } from './staff.query.js';

@Module({
  controllers: [StaffController],
  providers: [...handlersFor(staffDecider, StaffCommands), ListStaffHandler],
})
export class StaffModule {}
