import { Module } from '@nestjs/common';
import { handlersFor } from '#platform';
import { SettingsController } from './settings.controller.js';
import { SettingsCommands } from './settings.handlers.js';
import { settingsDecider } from './settings.js';

@Module({
  controllers: [SettingsController],
  providers: [...handlersFor(settingsDecider, SettingsCommands)],
})
export class SettingsModule {}
