import { Module } from '@nestjs/common';
import { BlockFilterController } from './block-filter.controller.js';
import { CheckBlockFilterHandler } from './filter.query.js';
import { InboundController } from './inbound.controller.js';

@Module({ controllers: [InboundController, BlockFilterController], providers: [CheckBlockFilterHandler] })
export class BlockFilterModule {}
