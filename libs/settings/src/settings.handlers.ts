import { runOptionsOf, type CommandRunner, type Outcome } from '#event-store';
import { settingsDecider, type ChangeSetting } from './settings.js';

/** Runs the commands of settings: they need nothing but their stream. */
export class SettingsCommands {
  constructor(private readonly runner: CommandRunner) {}

  async execute(command: ChangeSetting): Promise<Outcome<typeof settingsDecider>> {
    const { metadata } = command;
    return this.runner.execute(settingsDecider, '', command, metadata, runOptionsOf(metadata));
  }
}
