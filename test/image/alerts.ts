// The alert rules, and what of them the processes do not measure.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
};

export const rules: readonly Rule[] = (
  parse(readFileSync('docker/alerts.yaml', 'utf8')) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);

/** Each metric of ours that an expression names, as it is exposed: a histogram by its own name. */
export const measured = (expr: string): readonly string[] =>
  [...expr.matchAll(/\bportaria_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));

/** `name{label="value"`: what an expression picks out by a label of ours. */
const picked = (expr: string): readonly (readonly [string, string])[] =>
  [...expr.matchAll(/\b(portaria_\w+)\{([^}]*)\}/g)].flatMap(([, name = '', matchers = '']) =>
    [...matchers.matchAll(/(\w+)="([^"]*)"/g)]
      .filter(([, label]) => label !== 'job' && label !== 'instance')
      .map(([matcher]) => [name, matcher] as const),
  );

/** What the rules need and the output of `/metrics` does not have. */
export const missing = (metrics: string, wanted: readonly Rule[] = rules): readonly string[] => {
  const types = new Set([...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
  const lines = metrics.split('\n');
  return wanted.flatMap(({ alert, expr }) => [
    ...measured(expr)
      .filter((name) => !types.has(name))
      .map((name) => `${alert}: ${name}`),
    ...picked(expr)
      .filter(([name, matcher]) => !lines.some((line) => line.startsWith(`${name}{`) && line.includes(matcher)))
      .map(([name, matcher]) => `${alert}: ${name}{${matcher}}`),
  ]);
};
