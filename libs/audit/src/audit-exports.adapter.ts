import type { CommandRunner, EventReader, StoredEvent } from '#event-store';
import { parseStream, type CommandMetadata, type Position } from '#kernel';
import { accessDecider, RecordExport } from './access.js';
import { ChainWriter, type Closing } from './chain.adapter.js';

/** By recorded time: from inclusive, to exclusive. */
export type ExportRange = { readonly from: string | null; readonly to: string | null };

/** A tenant's facts as chained lines. */
export class AuditExports {
  constructor(
    private readonly store: Pick<EventReader, 'readAll' | 'head'>,
    private readonly runner: CommandRunner,
  ) {}

  /**
   * Reads the range once to know what it comes to, records that as `AuditExported`, and only then gives the lines: whoever takes an
   * export and hangs up has left the trace of a whole one. Neither reading keeps more than a page.
   */
  async begin(range: ExportRange, metadata: CommandMetadata): Promise<AsyncIterable<string>> {
    const { tenant, commandId } = metadata;
    const until = (await this.store.head())?.position ?? null;
    const first = new ChainWriter();
    for await (const fact of this.facts(tenant, range, until)) first.line(fact);
    const closing = first.closing();
    const record = new RecordExport({ exportId: commandId, ...range, ...closing }, metadata);
    await this.runner.execute(accessDecider, '', record, metadata);
    return this.lines(tenant, range, until, closing);
  }

  private async *lines(
    tenant: string,
    range: ExportRange,
    until: Position | null,
    recorded: Closing,
  ): AsyncGenerator<string, void, undefined> {
    const writer = new ChainWriter();
    for await (const fact of this.facts(tenant, range, until)) yield writer.line(fact);
    if (writer.closing().sha256 !== recorded.sha256) throw new Error('the log changed between two readings');
    yield ChainWriter.lastLine(recorded);
  }

  private async *facts(
    tenant: string,
    { from, to }: ExportRange,
    until: Position | null,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    if (until === null) return;
    for await (const page of this.store.readAll({ after: null, until, pageSize: PAGE })) {
      for (const fact of page) {
        // Recorded times never go back in a log.
        if (to !== null && fact.recordedAt >= to) return;
        if ((from === null || fact.recordedAt >= from) && parseStream(fact.stream)?.tenant === tenant) yield fact;
      }
      // So that others are served between two pages.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const PAGE = 500;
