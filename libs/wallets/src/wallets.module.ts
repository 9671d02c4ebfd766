import { Module } from '@nestjs/common';
import { handlersFor } from '#platform';
import { WalletContactsController } from './wallet-contacts.controller.js';
import { WalletCommands } from './wallet-commands.handlers.js';
import { walletDecider } from './wallet.js';
import { WalletsController } from './wallets.controller.js';
import { GetWalletHandler, ListWalletsHandler } from './wallets.query.js';

@Module({
  controllers: [WalletContactsController, WalletsController],
  providers: [...handlersFor(walletDecider, WalletCommands), ListWalletsHandler, GetWalletHandler],
})
export class WalletsModule {}
