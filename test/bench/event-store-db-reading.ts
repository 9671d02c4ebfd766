import { Worker } from 'node:worker_threads';
import { type LogPlace, viewLog } from '#apps/event-store';
import type { Position } from '#kernel';

export type Reading = { readonly place: LogPlace; readonly after: Position | null };
export type Spent = { readonly events: number; readonly seconds: number; readonly cpuMicroseconds: number };
export const silent = { info: () => undefined, warn: () => undefined };

/** Reads on the thread that asks. */
export const readHere = async ({ place, after }: Reading): Promise<Spent> => {
  const log = await viewLog(place, silent);
  const spent = spending();
  let events = 0;
  for await (const page of log.readAll({ after })) events += page.length;
  const result = spent(events);
  await log.close();
  return result;
};

/** Reads in a thread of its own, which posts the pages; counts what this thread spends on them. */
export const readBeside = (reading: Reading): Promise<Spent> =>
  new Promise((resolve, reject) => {
    let [spent, events] = [spending(), 0];
    const worker = new Worker(new URL('log-reader.worker.js', import.meta.url), { workerData: reading });
    worker.on('error', reject).on('online', () => {
      spent = spending();
    });
    worker.on('message', (page: { readonly length: number } | null) => {
      if (page === null) resolve(spent(events));
      else events += page.length;
    });
  });

const spending = (): ((events: number) => Spent) => {
  const [began, cpu] = [performance.now(), process.threadCpuUsage()];
  return (events) => {
    const { user, system } = process.threadCpuUsage(cpu);
    return { events, seconds: (performance.now() - began) / 1000, cpuMicroseconds: user + system };
  };
};
