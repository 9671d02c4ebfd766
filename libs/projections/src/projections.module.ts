import { Module } from '@nestjs/common';
import { GaugesModule } from './gauges.module.js';
import { OpsController } from './ops.controller.js';
import { ParkedController } from './parked.controller.js';

@Module({ imports: [GaugesModule], controllers: [OpsController, ParkedController] })
export class ProjectionsModule {}
