// The command line, in this process and as a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { run } from '#apps/ops/program';

const MAIN = join(import.meta.dirname, '../../bundle/ops.js');

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test says what it expects of an answer
type Json = any;
/** A line of --json. */
export type Line = {
  readonly command: string;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly result: Json;
  readonly error: { readonly code: string; readonly message: string };
};
export type Ran = {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The lines of `out` with --json. */
  readonly lines: () => readonly Line[];
  /** The last of them. */
  readonly last: () => Line;
};
export type Variables = Readonly<Record<string, string>>;

const read = (out: string): Pick<Ran, 'lines' | 'last'> => {
  const lines = (): readonly Line[] =>
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  return { lines, last: () => lines().at(-1)! };
};

/** Runs it here. `stop` is called with each text of the answer and says whether Ctrl-C is pressed then. */
export const runHere = async (
  variables: Variables,
  words: readonly string[],
  stop: (out: string) => boolean = () => false,
  isTTY = false,
): Promise<Ran> => {
  const controller = new AbortController();
  const said = { out: '', err: '' };
  const out = {
    isTTY,
    write: (text: string) => {
      said.out += text;
      if (stop(said.out)) controller.abort();
    },
  };
  const err = { write: (text: string) => (said.err += text) };
  const code = await run(words, { out, err, variables, untilStopped: () => controller.signal });
  return { code, ...said, ...read(said.out) };
};

/** Runs it as a process of its own, without a terminal. */
export const runChild = async (variables: Variables, words: readonly string[]): Promise<Ran> => {
  const child = spawn(process.execPath, [MAIN, ...words], { env: { PATH: process.env['PATH'], ...variables } });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, ...said, ...read(said.out) };
};
