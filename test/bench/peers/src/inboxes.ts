import { rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import pg from 'pg';
import type { InboxRow } from './facts.js';
import { Inbox, INDEXES, TABLE } from './nest-events.js';

/** One connection, prepared statements, one behind the other. */
export class PostgresInbox extends Inbox {
  override readonly name = 'postgres';
  private readonly names = new Map<string, string>();
  private last: Promise<unknown> = Promise.resolve();
  private constructor(private readonly client: pg.Client) {
    super();
  }

  static async open(url: string): Promise<PostgresInbox> {
    const client = new pg.Client(url);
    await client.connect();
    return new PostgresInbox(client);
  }

  override async clear(): Promise<void> {
    await this.client.query('drop table if exists inbox');
    for (const sql of [TABLE, ...INDEXES]) await this.client.query(sql);
  }

  override write(sql: string, values: readonly (string | null)[]): Promise<unknown> {
    const name = this.names.get(sql) ?? `s${this.names.size.toString()}`;
    this.names.set(sql, name);
    this.last = this.last.then(() => this.client.query({ name, text: sql, values: [...values] }));
    return this.last;
  }

  override settled(): Promise<unknown> {
    return this.last;
  }

  override async rows(): Promise<readonly InboxRow[]> {
    return (await this.client.query<InboxRow>('select * from inbox')).rows;
  }

  override async close(): Promise<void> {
    await this.client.end();
  }
}

/** A file with a write-ahead log; it is brought to the disk at checkpoints, as read models that can be built anew need no more. */
export class SqliteInbox extends Inbox {
  override readonly name = 'sqlite';
  private readonly db: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  constructor(private readonly path: string) {
    super();
    this.remove();
    this.db = new DatabaseSync(path);
    this.db.exec('pragma journal_mode = wal; pragma synchronous = normal');
  }

  override async clear(): Promise<void> {
    this.statements.clear();
    this.db.exec(['drop table if exists inbox', TABLE, ...INDEXES].join(';'));
  }

  override async write(sql: string, values: readonly (string | null)[]): Promise<unknown> {
    const statement = this.statements.get(sql) ?? this.db.prepare(sql.replace(/\$(\d)/g, '?$1'));
    this.statements.set(sql, statement);
    return statement.run(...values);
  }

  override async settled(): Promise<void> {
    // Written when `write` has returned.
  }

  override async rows(): Promise<readonly InboxRow[]> {
    return this.db.prepare('select * from inbox').all() as unknown as InboxRow[];
  }

  override async close(): Promise<void> {
    this.db.close();
    this.remove();
  }

  private remove(): void {
    for (const end of ['', '-wal', '-shm']) rmSync(this.path + end, { force: true });
  }
}
