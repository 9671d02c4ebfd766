import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What Prometheus reads at /metrics. No tenant, no id of anybody in a label. */
export class Metrics {
  readonly registry = new Registry();

  readonly httpDuration = new Histogram({
    name: 'portaria_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  readonly commands = new Counter({
    name: 'portaria_commands_total',
    help: 'Commands by type and outcome: accepted, unchanged, repeated or the code of the refusal',
    labelNames: ['command', 'outcome'] as const,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /**
   * A value that others know: `read` is asked whenever Prometheus asks, and gives one number per label value. Where it fails, or takes too
   * long, there is none: the other measurements are wanted all the more.
   */
  gauge(name: string, help: string, label: string, read: () => Values | Promise<Values>): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      async collect() {
        this.reset();
        for (const [value, number] of Object.entries(await soon(read))) this.set({ [label]: value }, number);
      },
    });
  }
}

type Values = Readonly<Record<string, number>>;

/** Prometheus waits for ten seconds, unless it is told otherwise. */
const PATIENCE_MS = 5_000;

const soon = async (read: () => Values | Promise<Values>): Promise<Values> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Values>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, {})));
  try {
    return await Promise.race([read(), late]);
  } catch {
    return {};
  } finally {
    clearTimeout(timer);
  }
};
