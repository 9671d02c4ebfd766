import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';

type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

const MOST = 25;

/** Where the time went, of every thread that a V8 profile was written of: by part and by function, idle time left out. */
export const summarise = (folder: string): void => {
  for (const path of globSync(join(folder, '*.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile;
    const self = new Map<number, number>();
    for (const [index, id] of profile.samples.entries()) {
      self.set(id, (self.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000);
    }
    const parts = new Map<string, number>();
    const functions = new Map<string, number>();
    let busy = 0;
    for (const { id, callFrame } of profile.nodes) {
      const time = self.get(id) ?? 0;
      if (callFrame.functionName === '(idle)') continue;
      busy += time;
      const part = partOf(callFrame.url, callFrame.functionName);
      parts.set(part, (parts.get(part) ?? 0) + time);
      const name = `${callFrame.functionName || '(anonymous)'}  ${placeOf(callFrame.url, callFrame.lineNumber)}`;
      functions.set(name, (functions.get(name) ?? 0) + time);
    }
    console.log(`\n${path}: ${busy.toFixed(0)} ms busy`);
    list('part', parts, busy);
    list('function, self time', functions, busy);
  }
};

const list = (head: string, times: ReadonlyMap<string, number>, busy: number): void => {
  const table = new Table({
    head: [head, 'ms', '%'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right'],
  });
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, MOST);
  table.push(...sorted.map(([name, time]) => [name, time.toFixed(0), ((100 * time) / busy).toFixed(1)]));
  console.log(table.toString());
};

const partOf = (url: string, name: string): string => {
  if (url === '')
    return name === '(garbage collector)' ? 'garbage collector' : 'native code (SQLite, crypto, JSON, sockets)';
  if (url.startsWith('node:')) return `node: ${url.slice(5).split('/').slice(0, 2).join('/')}`;
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined) return library;
  return /dist\/(?:libs\/)?([^/]+)/.exec(url)?.[1] ?? url;
};

const placeOf = (url: string, line: number): string =>
  url === '' ? '' : `${url.split('/').slice(-3).join('/')}:${line + 1}`;
