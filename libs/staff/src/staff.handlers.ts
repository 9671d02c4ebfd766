import { runOptionsOf, type CommandRunner, type Outcome } from '#event-store';
import { staffDecider, type StaffCommand } from './staff-member.js';

/** Runs the commands of staff members: they need nothing but their stream. */
export class StaffCommands {
  constructor(private readonly runner: CommandRunner) {}

  async execute(command: StaffCommand): Promise<Outcome<typeof staffDecider>> {
    const { metadata } = command;
    return this.runner.execute(staffDecider, command.data.staffId, command, metadata, runOptionsOf(metadata));
  }
}
