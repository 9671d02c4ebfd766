import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { QuarantineController } from './quarantine.controller.js';

@Module({ controllers: [AuditController, QuarantineController] })
export class AuditModule {}
