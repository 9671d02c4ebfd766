import { statfs } from 'node:fs/promises';
import { Injectable, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AuditExports } from '#audit/audit-exports.adapter';
import { BlockHistories } from '#audit/block-histories.adapter';
import { BlockedConversations } from '#audit/blocked-conversations.query';
import { Quarantine } from '#audit/quarantine.adapter';
import { Replays } from '#audit/replays.adapter';
import { BlockEnforcement } from '#block-filter/block-enforcement.adapter';
import { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { Intake } from '#block-filter/intake.adapter';
import { AddressBook } from '#contacts/address-book.adapter';
import { MergeCommands } from '#contacts/merge-commands.handlers';
import { ContactCommands } from '#contacts/contact-commands.handlers';
import { ConversationCommands, ReadMarkerCommands } from '#conversations/conversation-commands.handlers';
import { CODEC, EVENT_READER, Streams } from '#event-store';
import { UnblockRule } from '#inbox/contacts.query';
import { Configuration, Desk, LogIdentity, Metrics, Readiness, StaffDirectory, TenantSecrets } from '#platform';
import { ProjectorDesk } from '#projections/ops.controller';
import { READ_MODELS } from '#read-store';
import { SettingsCommands } from '#settings/settings.handlers';
import { SettingsReader } from '#settings/settings.controller';
import { StaffCommands } from '#staff/staff.handlers';
import { WalletCommands } from '#wallets/wallet-commands.handlers';
import { WalletContacts } from '#wallets/wallet-contacts.adapter';
import { WalletRouting } from '#wallets/wallet-routing.adapter';
import type { Gatehouse } from './gatehouse.js';
import type { Stores } from './stores.js';

/** What alerts look at where stores are on servers: are they reachable, and what became of calls. */
@Injectable()
class StoreGauges {
  constructor(metrics: Metrics, { dataDir, usesDataFolder }: Configuration, stores: Stores) {
    const { store: log, source } = stores;
    metrics.gauge('portaria_event_store_up', '1 while the log can be reached', 'store', () => ({
      log: log.notReady() === null ? 1 : 0,
    }));
    metrics.gauge('portaria_read_store_up', '1 while the read models can be read', 'store', async () => ({
      rows: (await source.notReady()) === null ? 1 : 0,
    }));
    metrics.gauge('portaria_event_store_calls', 'What became of calls to the server since the start', 'what', () =>
      log.counters(),
    );
    metrics.gauge(
      'portaria_disk_free_bytes',
      'Free on the disk of the data folder, where a store is there',
      'folder',
      async () => {
        if (!usesDataFolder) return {};
        const { bavail, bsize } = await statfs(dataDir);
        return { data: bavail * bsize };
      },
    );
  }
}

/** Everything that rooms get injected, from the opened stores. */
const provided = (gatehouse: Gatehouse) => {
  const { stores, write, intake, staff, projector, readiness } = gatehouse;
  const streams = new Streams(stores.store, stores.codec);
  const histories = new BlockHistories(streams, write.facts);
  return [
    { provide: READ_MODELS, useValue: stores.models },
    { provide: EVENT_READER, useValue: stores.store },
    { provide: CODEC, useValue: stores.codec },
    { provide: Streams, useValue: streams },
    { provide: BlockHistories, useValue: histories },
    { provide: BlockedConversations, useValue: new BlockedConversations(stores.models, histories) },
    { provide: Replays, useValue: new Replays(streams) },
    { provide: Quarantine, useValue: new Quarantine(streams, stores.runner) },
    { provide: AuditExports, useValue: new AuditExports(stores.store, stores.runner) },
    { provide: AddressBook, useValue: write.book },
    { provide: ConversationFactsReader, useValue: write.facts },
    { provide: BlockEnforcement, useValue: write.enforcement },
    { provide: ContactCommands, useValue: write.contacts },
    { provide: MergeCommands, useValue: write.merges },
    { provide: ConversationCommands, useValue: write.conversations },
    { provide: ReadMarkerCommands, useValue: new ReadMarkerCommands(stores.runner) },
    { provide: StaffCommands, useValue: new StaffCommands(stores.runner) },
    { provide: SettingsCommands, useValue: new SettingsCommands(stores.runner) },
    { provide: WalletCommands, useValue: write.wallets },
    { provide: WalletContacts, useValue: write.walletContacts },
    { provide: WalletRouting, useValue: write.walletRouting },
    { provide: Intake, useValue: intake },
    { provide: SettingsReader, useValue: { settings: write.settings } },
    {
      provide: UnblockRule,
      useValue: { unblockBy: async (tenant: string) => (await write.settings(tenant))['block.unblockBy'] },
    },
    { provide: StaffDirectory, useValue: staff },
    { provide: TenantSecrets, useValue: { secretOf: (tenant: string) => stores.vault.tenantSecret(tenant) } },
    {
      provide: LogIdentity,
      useValue: { logId: stores.logId, head: async () => (await stores.store.head())?.position ?? null },
    },
    { provide: ProjectorDesk, useValue: projector },
    { provide: Readiness, useValue: readiness },
    { provide: GatehouseKeeper, useValue: new GatehouseKeeper(gatehouse) },
    {
      provide: StoreGauges,
      inject: [Metrics, Configuration],
      useFactory: (metrics: Metrics, configuration: Configuration) => new StoreGauges(metrics, configuration, stores),
    },
    Desk,
  ];
};

/** Closes the gatehouse when the application closes, after its last request. */
class GatehouseKeeper implements OnApplicationShutdown {
  constructor(private readonly gatehouse: Gatehouse) {}

  onApplicationShutdown(): Promise<void> {
    return this.gatehouse.close();
  }
}

@Module({})
export class GatehouseModule {
  /** What all rooms get injected; closing the application closes the gatehouse. */
  static over(gatehouse: Gatehouse): DynamicModule {
    const providers = provided(gatehouse);
    return {
      module: GatehouseModule,
      global: true,
      imports: [CqrsModule.forRoot()],
      providers,
      exports: providers.map((one) => ('provide' in one ? one.provide : one)),
    };
  }
}
