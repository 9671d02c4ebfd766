import { Module, type DynamicModule } from '@nestjs/common';
import { GaugesModule } from '#projections/gauges.module';
import { GatehouseModule } from '../api/gatehouse.module.js';
import type { Gatehouse } from '../api/gatehouse.js';

/** Health and metrics over an opened gatehouse; no routes of the product. */
@Module({})
export class ProjectorModule {
  static over(gatehouse: Gatehouse): DynamicModule {
    return { module: ProjectorModule, imports: [GatehouseModule.over(gatehouse), GaugesModule] };
  }
}
