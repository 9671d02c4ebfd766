import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import { answerOf } from '#client';
import { misused, unable, unverified } from '../failure.js';
import { auditorsServerOf } from '../server.js';
import { number, type Act, type Voice } from '../terminal.js';
import { comparison, verification, type Verified } from '../verification.js';

type Range = { readonly from?: string; readonly to?: string };
type History = { readonly format: 'json' | 'csv' | 'ndjson' };

const CONTACT = ['<contactId>', 'as GET /v1/contacts shows it'] as const;
const FROM = ['--from <time>', 'inclusive, RFC 3339 with a zone'] as const;
const TO = ['--to <time>', 'exclusive, RFC 3339 with a zone'] as const;

export const auditCommand = (program: Command, act: Act): void => {
  const audit = program
    .command('audit')
    .description(
      'what can be proved: blocks and their history, facts one by one, an export that shows whether it was changed',
    )
    .addHelpText(
      'after',
      `
block-history, replay and export ask the server; PORTARIA_TOKEN is then one of a supervisor, an administrator or an auditor.
verify needs no server.

Examples:
  portaria-ops audit block-history 0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11 --format csv
  portaria-ops audit export march.ndjson --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z
  portaria-ops audit verify march.ndjson`,
    );
  audit
    .command('block-history')
    .description('who blocked a contact, when, why, who undid it, and what it hid')
    .argument(...CONTACT)
    .option('--format <format>', 'json, csv or ndjson', 'json')
    .addHelpText(
      'after',
      '\nExample:\n  portaria-ops audit block-history 0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11 --format ndjson',
    )
    .action(
      act(async (voice, id: string, { format }: History) => {
        const query = { format: voice.json ? ('json' as const) : format };
        const call = auditorsServerOf(voice.terminal).GET('/v1/audit/contacts/{id}/block-history', {
          params: { path: { id }, query },
          parseAs: voice.json ? 'json' : 'stream',
        });
        await given(voice, (await answerOf(call)).body);
      }),
    );
  audit
    .command('replay')
    .description("a contact's facts one by one, each with the contact behind it")
    .argument(...CONTACT)
    .option(...FROM)
    .option(...TO)
    .addHelpText(
      'after',
      '\nExample:\n  portaria-ops audit replay 0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11 --from 2026-03-01T00:00:00Z',
    )
    .action(
      act(async (voice, id: string, range: Range) => {
        const call = auditorsServerOf(voice.terminal).GET('/v1/audit/contacts/{id}/replay', {
          params: { path: { id }, query: { ...range, format: 'ndjson' } },
          parseAs: 'stream',
        });
        await given(voice, (await answerOf(call)).body);
      }),
    );
  audit
    .command('export')
    .description("writes the tenant's facts to a file, chained by SHA-256; the server records that it was taken")
    .argument('<file>', 'must not exist yet')
    .option(...FROM)
    .option(...TO)
    .addHelpText(
      'after',
      `
Names, addresses and texts are in the file as they are stored: sealed. The file is verified before it gets its name.

Example:
  portaria-ops audit export march.ndjson --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z`,
    )
    .action(
      act(async (voice, file: string, range: Range) => {
        if (existsSync(file)) throw misused(`${file} exists already: choose another name, nothing was written`);
        const call = auditorsServerOf(voice.terminal).GET('/v1/audit/export', {
          params: { query: range },
          parseAs: 'stream',
        });
        const { body } = await answerOf(call);
        const unfinished = `${file}.unfinished`;
        try {
          await pipeline(streamOf(body), createWriteStream(unfinished)).catch((error: unknown) => {
            throw unable(`the export was cut off, nothing was kept: take it again (${String(error)})`);
          });
          const found = await verification(createReadStream(unfinished));
          if (found.faults.length > 0)
            throw unverified(`the export did not arrive whole, nothing was kept: ${said(found)}`);
          await rename(unfinished, file);
          voice.answer({ file, ...found.closing }, `${file} holds ${number(found.facts)} facts, head ${found.head}`);
        } finally {
          await rm(unfinished, { force: true });
        }
      }),
    );
  audit
    .command('verify')
    .description(
      'says whether an export is as it was written: any line changed, taken out, put in or moved is found; needs no server',
    )
    .argument('<file>')
    .option('--against <file>', 'another export of the same range, earlier or later: both must hold the same facts')
    .option('--head <sha256>', 'the head that the fact AuditExported holds')
    .addHelpText(
      'after',
      `
Ends with 0 if all is as it was exported, and with 4 if not; the lines are named.
Who can write the file can write a whole new one that is right in itself: compare its head with the one in the log (--head), or with
an export that somebody else keeps (--against). An erasure or a move to another store changes neither.

Examples:
  portaria-ops audit verify march.ndjson
  portaria-ops audit verify march.ndjson --against march-of-last-year.ndjson`,
    )
    .action(
      act(async (voice, file: string, { against, head }: { readonly against?: string; readonly head?: string }) => {
        for (const one of [file, ...(against === undefined ? [] : [against])])
          if (!existsSync(one)) throw misused(`${one} does not exist`);
        const found = await verification(createReadStream(file));
        if (found.faults.length > 0)
          throw unverified(`${file} is not as it was exported: ${said(found)}`, { file, ...found });
        if (head !== undefined && head.toLowerCase() !== found.head)
          throw unverified(
            `${file} is whole, but its head is ${found.head}: it is not the export that the log recorded`,
            { file, ...found },
          );
        if (against !== undefined) await compared(file, against);
        voice.answer(
          { file, ...found },
          `${file} is as it was exported: ${number(found.facts)} facts, head ${found.head}${against === undefined ? '' : `, the same as in ${against}`}`,
        );
      }),
    );
};

const compared = async (file: string, against: string): Promise<void> => {
  const other = await verification(createReadStream(against));
  if (other.faults.length > 0)
    throw unverified(`${against} is not as it was exported: ${said(other)}`, { file: against, ...other });
  const line = await comparison(createReadStream(file), createReadStream(against));
  if (line !== null)
    throw unverified(
      `${file} and ${against} do not hold the same facts: they part at line ${String(line)}. Were they exported with the same --from and --to?`,
      { file, against, line },
    );
};

const SHOWN = 5;
const said = ({ faults }: Verified): string => {
  const lines = faults.slice(0, SHOWN).map(({ line, what }) => `line ${String(line)} ${what}`);
  return `${lines.join('; ')}${faults.length > SHOWN ? `; and ${number(faults.length - SHOWN)} more` : ''}`;
};

/** What the server streams goes to the terminal as it comes; with --json it is one answer, or one for each line. */
const given = async (voice: Voice, body: unknown): Promise<void> => {
  if (!(body instanceof globalThis.ReadableStream)) {
    voice.answer(body as object, '');
    return;
  }
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of streamOf(body)) {
    const text = decoder.decode(bytes as Uint8Array, { stream: true });
    if (!voice.json) {
      voice.terminal.out.write(text);
      continue;
    }
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) voice.answer(JSON.parse(line) as object, '');
  }
};

const streamOf = (body: unknown): Readable => Readable.fromWeb(body as ReadableStream);
