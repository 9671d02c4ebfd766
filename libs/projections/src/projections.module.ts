import { Module } from '@nestjs/common';
import { OpsController, ProjectionGauges } from './ops.controller.js';

@Module({ controllers: [OpsController], providers: [ProjectionGauges] })
export class ProjectionsModule {}
