import { Module } from '@nestjs/common';
import { BlockFilterController } from './block-filter.controller.js';
import { FilterFeedController } from './filter-feed.controller.js';
import { CheckBlockFilterHandler } from './filter.query.js';
import { InboundController } from './inbound.controller.js';

@Module({
  controllers: [InboundController, BlockFilterController, FilterFeedController],
  providers: [CheckBlockFilterHandler],
})
export class BlockFilterModule {}
