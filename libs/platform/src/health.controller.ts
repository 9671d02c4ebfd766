import { Controller, Get, Header } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { UnknownElementException } from '@nestjs/core/errors/exceptions/unknown-element.exception.js';
import { Public } from './access.js';
import { Answers, Summary, Tag } from './described.js';
import { Shown } from './fields.js';
import { Platform } from './platform.js';
import { Problem } from './problem.js';

/** Says why the process is not ready for requests, `null` if it is. No tenant data. */
export type ReadinessProbe = { readonly name: string; readonly notReady: () => string | null | Promise<string | null> };

/** Provided by the app: what has to be ready before the process is. */
export abstract class Readiness {
  abstract readonly probes: readonly ReadinessProbe[];
}

export class HealthAnswer {
  @Shown({ type: 'string', enum: ['ok'] }) status!: 'ok';
}

@Tag('Operations')
@Controller()
export class HealthController {
  constructor(
    private readonly platform: Platform,
    private readonly modules: ModuleRef,
  ) {}

  @Get('health/live')
  @Public()
  @Summary('The process answers')
  @Answers(200, HealthAnswer)
  live(): HealthAnswer {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @Public()
  @Summary('The process may be given requests')
  @Answers(200, HealthAnswer)
  async ready(): Promise<HealthAnswer> {
    const answers = await Promise.all(
      this.probes().map(async ({ name, notReady }) => [name, await asked(notReady)] as const),
    );
    const reasons = answers.filter(([, reason]) => reason !== null);
    if (this.platform.closing.aborted) reasons.push(['process', 'is shutting down']);
    if (reasons.length > 0) {
      throw new Problem('store-unavailable', 'Not ready', { notReady: Object.fromEntries(reasons) });
    }
    return { status: 'ok' };
  }

  private probes(): readonly ReadinessProbe[] {
    try {
      return this.modules.get(Readiness, { strict: false }).probes;
    } catch (error) {
      if (error instanceof UnknownElementException) return [];
      throw error;
    }
  }

  @Get('metrics')
  @Public()
  @Summary('Measurements for Prometheus')
  @Answers(200, 'text/plain')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async metrics(): Promise<string> {
    return this.platform.metrics.registry.metrics();
  }
}

/** One that cannot be told says nothing good, and keeps the others from nothing. */
const asked = async (notReady: ReadinessProbe['notReady']): Promise<string | null> => {
  try {
    return await notReady();
  } catch {
    return 'cannot be told at present';
  }
};
