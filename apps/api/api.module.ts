import { Module, type DynamicModule } from '@nestjs/common';
import { AuditModule } from '#audit/audit.module';
import { BlockFilterModule } from '#block-filter/block-filter.module';
import { ContactsModule } from '#contacts/contacts.module';
import { ConversationsModule } from '#conversations/conversations.module';
import { InboxModule } from '#inbox/inbox.module';
import { ProjectionsModule } from '#projections/projections.module';
import { SettingsModule } from '#settings/settings.module';
import { StaffModule } from '#staff/staff.module';
import { WalletsModule } from '#wallets/wallets.module';
import type { Gatehouse } from './gatehouse.js';
import { GatehouseModule } from './gatehouse.module.js';

@Module({})
export class ApiModule {
  /** The application over an opened gatehouse; closing it closes the gatehouse. */
  static over(gatehouse: Gatehouse): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        GatehouseModule.over(gatehouse),
        ContactsModule,
        ConversationsModule,
        StaffModule,
        SettingsModule,
        WalletsModule,
        InboxModule,
        BlockFilterModule,
        AuditModule,
        ProjectionsModule,
      ],
    };
  }
}
