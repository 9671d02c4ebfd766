// What watches the process gets an answer also where a store does not give one.
import { describe, expect, it } from '@jest/globals';
import type { ModuleRef } from '@nestjs/core';
import { Metrics, type Platform, type Problem, type ReadinessProbe } from '#platform';
import { HealthController } from './health.controller.js';

const gone = (): Promise<never> => Promise.reject(new Error('the store is gone'));

describe('a measurement', () => {
  it('that cannot be read is left out, the others are given', async () => {
    const metrics = new Metrics();
    metrics.gauge('portaria_lost', 'fails', 'what', gone);
    metrics.gauge('portaria_kept', 'works', 'what', () => ({ it: 1 }));
    const text = await metrics.registry.metrics();
    expect(text).toContain('portaria_kept{what="it"} 1');
    expect(text).not.toContain('portaria_lost{');
  });

  it('that was given once is not given again when it cannot be read', async () => {
    const metrics = new Metrics();
    let works = true;
    metrics.gauge('portaria_some', 'works once', 'what', () => (works ? { it: 1 } : gone()));
    expect(await metrics.registry.metrics()).toContain('portaria_some{what="it"} 1');
    works = false;
    expect(await metrics.registry.metrics()).not.toContain('portaria_some{');
  });
});

describe('readiness', () => {
  const asked = async (probes: readonly ReadinessProbe[]): Promise<unknown> => {
    const platform = { closing: new AbortController().signal } as Platform;
    const modules = { get: () => ({ probes }) } as unknown as ModuleRef;
    return new HealthController(platform, modules).ready().catch((error: unknown) => (error as Problem).toBody('c'));
  };

  it('names what cannot be asked beside what is not ready', async () => {
    const probes = [
      { name: 'event-store', notReady: () => 'it is away' },
      { name: 'read-models', notReady: gone },
      { name: 'read-store', notReady: () => null },
    ];
    expect(await asked(probes)).toMatchObject({
      status: 503,
      notReady: { 'event-store': 'it is away', 'read-models': 'cannot be told at present' },
    });
    expect(await asked(probes.slice(2))).toEqual({ status: 'ok' });
  });
});
