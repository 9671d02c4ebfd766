import { Body, Controller, Get, Param, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StateOf } from '#kernel';
import {
  Allow,
  Answers,
  Anything,
  CurrentCaller,
  Desk,
  JSON_VALUE,
  ListQuery,
  pageOfAll,
  sendQuery,
  Shown,
  Summary,
  Tag,
  type Identity,
} from '#platform';
import { ChangeSetting, SETTINGS, type settingsDecider, type SettingKey, type Settings } from './settings.js';

class SettingBody {
  @Anything() value!: unknown;
}
class SettingAnswer {
  @Shown('string') key!: string;
  @Shown(JSON_VALUE) value!: unknown;
  @Shown(JSON_VALUE) default!: unknown;
  @Shown(JSON_VALUE, { list: 300 }) allowed!: readonly unknown[];
  @Shown('string') description!: string;
}
class SettingsAnswer {
  @Shown(() => SettingAnswer, { list: 100 }) items!: SettingAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}

/** The tenant's settings as they are now; provided by the app. */
export abstract class SettingsReader {
  abstract settings(tenant: string): Promise<Settings>;
}

const answer = (key: SettingKey, settings: Settings): SettingAnswer => ({
  key,
  value: settings[key],
  default: SETTINGS[key].default,
  allowed: SETTINGS[key].allowed,
  description: SETTINGS[key].description,
});

@Tag('Settings')
@Controller('v1/settings')
export class SettingsController {
  constructor(
    private readonly desk: Desk,
    private readonly reader: SettingsReader,
  ) {}

  @Get()
  @Allow('admin', 'auditor')
  @Summary('Lists all settings with their allowed values; read from the stream')
  @Answers(200, SettingsAnswer)
  async list(
    @Query() query: ListQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SettingsAnswer> {
    // A stream is always current; what is no token is refused all the same.
    await this.desk.consistency(query);
    const settings = await this.reader.settings(tenant);
    const items = (Object.keys(SETTINGS) as SettingKey[]).map((key) => answer(key, settings));
    return sendQuery(reply, {
      body: pageOfAll(items, ({ key }) => key, 'settings', query),
      token: await this.desk.token(null),
    });
  }

  @Put(':key')
  @Allow('admin')
  @Summary('Changes a setting from now on; the past is not decided again')
  @Answers(200, SettingAnswer)
  async change(
    @Param('key') key: string,
    @Body() { value }: SettingBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SettingAnswer> {
    const command = new ChangeSetting({ key, value }, await this.desk.metadata(request));
    return this.desk.command(reply, command, ({ state }: { state: StateOf<typeof settingsDecider> }) =>
      answer(key as SettingKey, state),
    );
  }
}
