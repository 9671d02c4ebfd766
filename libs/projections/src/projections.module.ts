import { Module } from '@nestjs/common';
import { ParkedController } from './parked.controller.js';
import { OpsController, ProjectionGauges } from './ops.controller.js';

@Module({ controllers: [OpsController, ParkedController], providers: [ProjectionGauges] })
export class ProjectionsModule {}
