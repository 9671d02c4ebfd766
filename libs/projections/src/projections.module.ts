import { Module } from '@nestjs/common';
import { ProjectionGauges } from './gauges.js';
import { ParkedController } from './parked.controller.js';
import { OpsController } from './ops.controller.js';

@Module({ controllers: [OpsController, ParkedController], providers: [ProjectionGauges] })
export class ProjectionsModule {}
