import { checkedLines, type Checked, type Closing, type Fault } from '#audit/chain.adapter';

/** What is found in an export. `faults` is empty if it is as it was written; only the first hundred are kept. */
export type Verified = {
  readonly facts: number;
  readonly head: string;
  readonly closing: Closing | null;
  readonly faults: readonly Fault[];
};

const KEPT = 100;

/** Reads an export to its end. */
export const verification = async (bytes: AsyncIterable<Buffer>): Promise<Verified> => {
  const faults: Fault[] = [];
  let facts = 0;
  let closing: Closing | null = null;
  for await (const checked of checkedLines(bytes)) {
    if (checked.kind === 'fact') facts += 1;
    else ({ closing } = checked);
    if (checked.fault !== null && faults.length < KEPT) faults.push({ line: checked.line, what: checked.fault });
  }
  return { facts, head: closing?.head ?? '', closing, faults };
};

/** The first line at which two whole exports are not of the same facts, `null` if there is none. */
export const comparison = async (one: AsyncIterable<Buffer>, other: AsyncIterable<Buffer>): Promise<number | null> => {
  const others = checkedLines(other);
  for await (const checked of checkedLines(one)) {
    const { value, done } = await others.next();
    if (done === true || seal(checked) !== seal(value)) return checked.line;
  }
  return null;
};

/** Positions and the digest over them may differ: the log may have moved. */
const seal = (checked: Checked): string =>
  checked.kind === 'fact' ? checked.hash : `closing ${checked.closing?.head ?? ''}`;
